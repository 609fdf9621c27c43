import { EvergrantError, Secret } from '../kernel/index.ts'
import type { SecretReference } from './config.ts'
import { systemCode, type ReadFile } from './load-config.ts'

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
   * Reads a secret anew, so that a rotated one is found by the next read.
   *
   * @param askedBy Path of the configuration field, for messages.
   * @throws `secret_unavailable` naming the variable or file and the field, when it is not set, not
   *   there, unreadable, empty, blank, no UTF-8 or longer than 64 KiB.
   */
  read(reference: SecretReference, askedBy: string): Promise<Secret>
}

const greatestBytes = 65_536

/**
 * Makes a reader over the given environment and files. Newlines at the end of a file, and a byte
 * order mark at its start, are not part of the secret; everything else is.
 *
 * @param ports.onHint Told of quotes or blanks around a secret, and of text that looks like a
 *   placeholder or another variable's name.
 */
export function createSecretReader(ports: {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile: ReadFile
  readonly onHint?: (hint: SecretHint) => void
}): SecretReader {
  return {
    read: async (reference, askedBy) => {
      const value =
        'env' in reference
          ? readVariable(ports.env, reference.env, askedBy)
          : await readSecretFile(ports.readFile, reference.file, askedBy)
      const place = nameOf(reference)
      if (value.trim() === '') {
        const seen = value === '' ? 'it is empty' : 'it holds only blanks'
        throw unavailable(place, askedBy, seen)
      }
      for (const oddity of oddities(value)) {
        ports.onHint?.({ askedBy, hint: `The secret in ${place} ${oddity}.` })
      }
      return new Secret(value)
    },
  }
}

function readVariable(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  askedBy: string,
): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined
  if (value === undefined) throw unavailable(nameOf({ env: name }), askedBy, 'it is not set')
  return value
}

async function readSecretFile(readFile: ReadFile, path: string, askedBy: string): Promise<string> {
  const place = nameOf({ file: path })
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    const code = systemCode(error)
    throw unavailable(place, askedBy, whatHappened[code] ?? `the system said ${code}`)
  }
  if (bytes.length > greatestBytes) {
    throw unavailable(place, askedBy, `it has ${bytes.length} bytes, more than a secret can have`)
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.replace(/[\r\n]+$/, '')
  } catch {
    throw unavailable(place, askedBy, 'it is not text in UTF-8')
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
  return 'env' in reference
    ? `the environment variable ${reference.env}`
    : `the file ${reference.file}`
}

function unavailable(place: string, askedBy: string, seen: string): EvergrantError {
  return new EvergrantError(
    'secret_unavailable',
    `expected the secret of "${askedBy}" in ${place}, but ${seen}`,
  )
}

function oddities(value: string): string[] {
  const found: string[] = []
  if (value.trim() !== value)
    found.push('has blanks around it: remove them if the provider refuses it')
  if (/^(["'`]).*\1$/s.test(value.trim())) {
    found.push('stands in quotes, and they count: remove them if the provider refuses it')
  }
  if (/[\r\n]/.test(value)) found.push('goes over several lines')
  if (/^\$\{?\w+\}?$/.test(value)) found.push('looks like the name of another variable')
  return found
}
