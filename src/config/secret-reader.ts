import { EvergrantError, Secret, systemClock, type Clock } from '../kernel/index.ts'
import type { SecretReference } from './config.ts'
import { systemCode, type ReadFile } from './load-config.ts'
import { commandName, createSecretCommands, type SecretCommands } from './secret-command.ts'

/** Something odd about a secret that may still be right; never holds the secret. */
export interface SecretHint {
  /** Path of the field that asked, such as `connections.contoso-graph.client.credentials[0].secret`. */
  readonly askedBy: string
  /** What is odd, as a sentence for people. */
  readonly hint: string
}

/** Reads secrets where they stand, at the moment they are needed; keeps nothing. */
export interface SecretReader {
  /**
   * Reads a secret anew, so that a rotated one is found by the next read. A command that runs
   * already for another reader is waited for, not run a second time.
   *
   * @param askedBy Path of the configuration field, for messages.
   * @throws `secret_unavailable` naming the variable, file or command (not its arguments) and the
   *   field, when it is not set, not there, unreadable, empty, blank, no UTF-8 or longer than 64
   *   KiB; for a command also when it fails or does not end within 10 s.
   */
  read(reference: SecretReference, askedBy: string): Promise<Secret>
}

const greatestBytes = 65_536

/** What a reader reaches secrets by. */
export interface SecretReaderPorts {
  /** Variables, and the environment of commands. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile: ReadFile
  /** Reads a secret that the store has sealed; without it there is none. */
  readonly readSealed?: (slot: string) => Promise<Secret | undefined>
  /** Time for the deadline of commands; the host’s by default. */
  readonly clock?: Clock
  /**
   * Told of quotes or blanks around a secret, and of text that looks like a placeholder or another
   * variable's name.
   */
  readonly onHint?: (hint: SecretHint) => void
}

/**
 * Makes a reader over the given environment, files, commands and store. Newlines at the end of a
 * file or of what a command prints, and a byte order mark at its start, are not part of the secret;
 * everything else is.
 */
export function createSecretReader(ports: SecretReaderPorts): SecretReader {
  const { clock = systemClock } = ports
  const commands = createSecretCommands(ports.env, clock, greatestBytes)
  return {
    read: async (reference, askedBy) => {
      const value = await readPlace(reference, askedBy, ports, commands)
      const place = nameOf(reference)
      if (value.trim() === '') {
        const seen = value === '' ? 'it is empty' : 'it holds only blanks'
        throw unavailable(reference, askedBy, 'exec' in reference ? whatItPrinted(value) : seen)
      }
      for (const oddity of oddities(value)) {
        ports.onHint?.({ askedBy, hint: `The secret in ${place} ${oddity}.` })
      }
      return new Secret(value)
    },
  }
}

const whatItPrinted = (value: string): string =>
  value === '' ? 'it printed nothing' : 'it printed only blanks'

async function readPlace(
  reference: SecretReference,
  askedBy: string,
  ports: SecretReaderPorts,
  commands: SecretCommands,
): Promise<string> {
  if ('env' in reference) return readVariable(ports.env, reference.env, askedBy)
  if ('file' in reference) return await readSecretFile(ports.readFile, reference.file, askedBy)
  if ('exec' in reference) {
    const outcome = await commands(reference.exec)
    if ('failed' in outcome) throw unavailable(reference, askedBy, outcome.failed)
    return outcome.text
  }
  const secret = await ports.readSealed?.(reference.sealed)
  if (secret === undefined) throw unavailable(reference, askedBy, 'it is not there')
  return secret.reveal()
}

function readVariable(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  askedBy: string,
): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value === undefined) throw unavailable({ env: name }, askedBy, 'it is not set')
  return value
}

async function readSecretFile(readFile: ReadFile, path: string, askedBy: string): Promise<string> {
  const reference = { file: path }
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    const code = systemCode(error)
    throw unavailable(reference, askedBy, whatHappened[code] ?? `the system said ${code}`)
  }
  if (bytes.length > greatestBytes) {
    throw unavailable(
      reference,
      askedBy,
      `it has ${bytes.length} bytes, more than a secret can have`,
    )
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.replace(/[\r\n]+$/, '')
  } catch {
    throw unavailable(reference, askedBy, 'it is not text in UTF-8')
  }
}

const whatHappened: Readonly<Record<string, string>> = {
  ENOENT: 'there is none',
  ENOTDIR: 'there is none',
  EISDIR: 'it is a folder',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
}

function nameOf(reference: SecretReference): string {
  if ('env' in reference) return `the environment variable ${reference.env}`
  if ('file' in reference) return `the file ${reference.file}`
  if ('exec' in reference) return `the output of the command ${commandName(reference.exec)}`
  return `the slot ${reference.sealed} of the store`
}

function unavailable(reference: SecretReference, askedBy: string, seen: string): EvergrantError {
  return new EvergrantError(
    'secret_unavailable',
    `expected the secret of "${askedBy}" in ${nameOf(reference)}, but ${seen}`,
    remedyFor(reference),
  )
}

function remedyFor(reference: SecretReference): { readonly remedy?: string } {
  if ('exec' in reference) {
    const how = 'it must print the secret alone, ask nothing and exit with 0'
    return { remedy: `Run ${commandName(reference.exec)} by hand as this user: ${how}.` }
  }
  if ('sealed' in reference) {
    return { remedy: 'Give the secret anew with `evergrant connections edit`.' }
  }
  return {}
}

function oddities(value: string): string[] {
  const found: string[] = []
  if (value.trim() !== value)
    found.push('has blanks around it: remove them if the provider refuses it')
  if (/^(["'`]).*\1$/s.test(value.trim())) {
    found.push('stands in quotes, and they count: remove them if the provider refuses it')
  }
  if (/[\r\n]/.test(value) && !value.startsWith('-----BEGIN')) found.push('goes over several lines')
  if (/^\$\{?\w+\}?$/.test(value)) found.push('looks like the name of another variable')
  return found
}
