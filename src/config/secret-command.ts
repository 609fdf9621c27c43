import { redact, Secret, type Clock } from '../kernel/index.ts'
import { runCommand, type CommandOutcome } from './run-command.ts'
import { looksSecret, withoutUrlSecrets } from './secret-form.ts'

/** How long a command may take to print a secret. */
const commandDeadlineMs = 10_000

/** What a command brought: text, or why there is none, to complete "but …". */
type CommandText = { readonly text: string } | { readonly failed: string }

/** Runs commands that print secrets; one that runs already is waited for instead of run again. */
export type SecretCommands = (command: readonly string[]) => Promise<CommandText>

/**
 * Makes a runner of commands. Nothing is kept once a command has ended.
 *
 * @param limit Most bytes that a secret may have.
 */
export function createSecretCommands(
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
  limit: number,
): SecretCommands {
  const running = new Map<string, Promise<CommandText>>()
  return (command) => {
    const key = JSON.stringify(command)
    const present = running.get(key)
    if (present !== undefined) return present
    const run = runCommand(command, env, clock, { deadlineMs: commandDeadlineMs, limit })
      .then((outcome) => readOutcome(outcome, command, limit))
      .finally(() => running.delete(key))
    running.set(key, run)
    return run
  }
}

/** The name of a command for people: its program, without folder and arguments. */
export function commandName([program = '']: readonly string[]): string {
  return program.split('/').at(-1) ?? program
}

function readOutcome(
  outcome: CommandOutcome,
  command: readonly string[],
  limit: number,
): CommandText {
  switch (outcome.kind) {
    case 'not_started':
      return { failed: whyNotStarted(outcome.code, command) }
    case 'timeout':
      return {
        failed: `it did not end within ${commandDeadlineMs / 1_000} seconds and was stopped`,
      }
    case 'too_long':
      return { failed: `it printed more than ${limit} bytes and was stopped` }
    case 'ended':
      break
  }
  const { exitCode, signal, stdout, stderr } = outcome
  if (exitCode !== 0) {
    const how = exitCode === undefined ? `was ended by ${signal}` : `exited with ${exitCode}`
    const words = firstWords(stderr, stdout, command)
    return { failed: words === '' ? `it ${how}` : `it ${how} and said ${JSON.stringify(words)}` }
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(stdout)
    return { text: text.replace(/[\r\n]+$/, '') }
  } catch {
    return { failed: 'what it printed is not text in UTF-8' }
  }
}

function whyNotStarted(code: string, [program = '']: readonly string[]): string {
  if (code === 'ENOENT') {
    return program.includes('/') ? 'there is no such program' : 'no folder of PATH has that program'
  }
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not run it'
  return `it could not be started: the system said ${code}`
}

/**
 * The first line of what a failed command said, at most 200 characters, without anything that may
 * be secret: what it printed as its result, its arguments, and words of a secret’s form.
 */
function firstWords(stderr: Uint8Array, stdout: Uint8Array, command: readonly string[]): string {
  const decoder = new TextDecoder()
  const line =
    decoder
      .decode(stderr)
      .split(/[\r\n]+/)
      .find((one) => one.trim() !== '') ?? ''
  const known = [...decoder.decode(stdout).split(/\s+/), ...command.slice(1)]
    .filter((word) => word.length >= 4)
    .map((word) => new Secret(word))
  const clean = redact(line, known)
    .split(' ')
    .map((word) => {
      const bare = word.replace(/^[^\w]+|[^\w]+$/g, '')
      return looksSecret(bare)
        ? '[redacted]'
        : /\/\/.*@/.test(word)
          ? withoutUrlSecrets(word)
          : word
    })
    .join(' ')
  return clean.length > 200 ? `${clean.slice(0, 199)}…` : clean
}
