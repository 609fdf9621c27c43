import { spawn } from 'node:child_process'
import { delimiter, dirname, join } from 'node:path'
import type { StepOutcome } from './run-steps.ts'

/** The checkout these tools belong to. */
export const root = join(import.meta.dirname, '..')

/** How to run a command. */
export interface CommandOptions {
  /** Defaults to the checkout. */
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** After this long the command is killed and has failed; default 10 minutes. */
  readonly deadlineMs?: number
}

/** How a command ended, with all it wrote. */
export interface CommandOutcome extends StepOutcome {
  /** Null when it was killed or could not be started. */
  readonly exitCode: number | null
}

/**
 * Runs a command without a shell or standard input, this Node.js and the checkout's own tools first
 * on its path, and resolves when it has ended. Never rejects: what cannot be started has failed.
 */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const text = (): string => Buffer.concat(chunks).toString('utf8')
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: options.env ?? toolEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.deadlineMs ?? 600_000,
      killSignal: 'SIGKILL',
    })
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', (error) => {
      resolve({ passed: false, exitCode: null, output: `${command}: ${error.message}` })
    })
    child.on('close', (exitCode, signal) => {
      const killed = signal === null ? '' : `\n${command} was ended by ${signal}`
      resolve({ passed: exitCode === 0, exitCode, output: text() + killed })
    })
  })
}

/** This process's environment with Node.js and the checkout's tools first on the path, uncoloured. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  const path = [dirname(process.execPath), join(root, 'node_modules/.bin'), process.env['PATH']]
  return { ...process.env, PATH: path.join(delimiter), NO_COLOR: '1', FORCE_COLOR: undefined }
}
