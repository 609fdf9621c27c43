import { access, constants, readFile, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  createSecretReader,
  placeholderId,
  secretReferences,
  type Config,
  type SecretReader,
  type SecretReference,
} from '../config/index.ts'
import { EvergrantError, type Clock, type RandomBytes, type Secret } from '../kernel/index.ts'
import type { Store, StoreRole } from '../store/index.ts'
import { createVault, readKey, type VaultKey } from '../vault/index.ts'
import { failedCheck, type Check } from './diagnosis.ts'
import { openConfiguredStore } from './open-store.ts'

/** Below this much free space an import is likely to fill the disk. */
const scarceBytes = 1_073_741_824
/** Below this much nothing more is worth beginning. */
const fullBytes = 67_108_864

/** Checks the version of Node.js against what this package needs. */
export function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  if (major > 24 || (major === 24 && minor >= 12)) {
    return { check: 'node', status: 'ok', found: `Node.js ${version}` }
  }
  return failedCheck(
    'node',
    new EvergrantError('node_too_old', `expected Node.js 24.12 or newer, but this is ${version}`),
  )
}

/** Names the ids that still are as `evergrant init` wrote them, by the path of their field. */
export function unfilledFields(config: Config): readonly string[] {
  const providers = Object.values(config.providers).flatMap((provider) =>
    provider.type === 'entra' && provider.tenant === placeholderId
      ? [`providers.${provider.name}.tenant`]
      : [],
  )
  const clients = Object.values(config.connections).flatMap(({ name, client }) =>
    client.id === placeholderId ? [`connections.${name}.client.id`] : [],
  )
  const issuers = Object.values(config.issuers).flatMap((issuer) => [
    ...placesOf(`issuers.${issuer.name}.tenants`, issuer.type === 'entra' ? issuer.tenants : []),
    ...placesOf(`issuers.${issuer.name}.audiences`, issuer.audiences),
  ])
  return [...providers, ...clients, ...issuers]
}

function placesOf(path: string, values: readonly string[]): readonly string[] {
  return values.flatMap((value, at) => (value === placeholderId ? [`${path}[${at}]`] : []))
}

/**
 * Checks the secrets of the named connections: there, readable, free of oddities, and readable by
 * nobody else when they stand in a file.
 *
 * @param readSealed Reads what the store has sealed of that connection.
 */
export async function checkSecrets(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  connection: string,
  readSealed?: (slot: string) => Promise<Secret | undefined>,
): Promise<readonly Check[]> {
  const prefix = `connections.${connection}.`
  const checks: Check[] = []
  for (const { askedBy, reference } of secretReferences(config)) {
    if (!askedBy.startsWith(prefix)) continue
    checks.push({ ...(await checkSecret(env, askedBy, reference, readSealed)), connection })
  }
  return checks
}

async function checkSecret(
  env: Readonly<Record<string, string | undefined>>,
  askedBy: string,
  reference: SecretReference,
  readSealed: ((slot: string) => Promise<Secret | undefined>) | undefined,
): Promise<Check> {
  const hints: string[] = []
  const onHint = ({ hint }: { readonly hint: string }): void => void hints.push(hint)
  try {
    const sealed = readSealed === undefined ? {} : { readSealed }
    await createSecretReader({ env, readFile, onHint, ...sealed }).read(reference, askedBy)
  } catch (error) {
    return failedCheck('secret', error)
  }
  const exposed = await exposure(reference)
  if (exposed !== undefined) return { check: 'secret', status: 'warn', ...exposed }
  if (hints.length > 0) {
    const remedy = 'See that the secret stands there exactly as the provider showed it.'
    return { check: 'secret', status: 'warn', found: hints.join('\n'), remedy }
  }
  return { check: 'secret', status: 'ok', found: `${nameOf(reference)} is there` }
}

/** Checks each encryption key and returns those that can be used, or none when one cannot. */
export async function checkKeys(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly checks: readonly Check[]; readonly keys?: readonly VaultKey[] }> {
  const reader = createSecretReader({ env, readFile })
  const checks: Check[] = []
  const keys: VaultKey[] = []
  for (const [position, { id, source }] of config.encryption.keys.entries()) {
    const secret = await readOrError(() => reader.read(source, `encryption.keys[${position}]`))
    if (secret instanceof EvergrantError) {
      checks.push(failedCheck('key', new EvergrantError('key_missing', secret.detail)))
      continue
    }
    const key = await readOrError(async () => readKey(id, secret))
    if (key instanceof EvergrantError) {
      checks.push(failedCheck('key', key))
      continue
    }
    keys.push(key)
    const exposed = await exposure(source)
    checks.push(
      exposed === undefined
        ? { check: 'key', status: 'ok', found: `"${id}" from ${nameOf(source)}` }
        : { check: 'key', status: 'warn', ...exposed },
    )
  }
  return keys.length === config.encryption.keys.length ? { checks, keys } : { checks }
}

async function readOrError<T extends Secret | VaultKey>(
  read: () => Promise<T>,
): Promise<T | EvergrantError> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof EvergrantError) return error
    throw error
  }
}

/** Tells when a file that holds a secret can be read by others than its owner. */
async function exposure(
  reference: SecretReference,
): Promise<{ readonly found: string; readonly remedy: string } | undefined> {
  if (!('file' in reference) || process.platform === 'win32') return undefined
  const { mode } = await stat(reference.file)
  if ((mode & 0o077) === 0) return undefined
  return {
    found: `${reference.file} has mode ${(mode & 0o777).toString(8).padStart(4, '0')}: others than its owner can read or write it`,
    remedy: `Make it yours alone: chmod 600 ${reference.file}`,
  }
}

function nameOf(reference: SecretReference): string {
  if ('env' in reference) return `the environment variable ${reference.env}`
  if ('file' in reference) return reference.file
  return 'exec' in reference
    ? `the command ${reference.exec[0] ?? ''}`
    : 'what the store has sealed'
}

/** How the store was found; open when it could be opened. */
export interface FoundStore {
  readonly check: Check
  /** The caller closes it. */
  readonly store?: Store
}

/**
 * Checks the store. One that exists is opened as any command would (bringing an older schema up to
 * date, after a backup), which proves key, schema and health; one that does not is not made.
 *
 * @param keys Undefined when a key is missing: then the store is only looked at.
 */
export async function checkStore(
  config: Config,
  keys: readonly VaultKey[] | undefined,
  world: {
    readonly clock: Clock
    readonly random: RandomBytes
    readonly secrets: SecretReader
    /** `bulk` lets statements take longer; `main` by default. */
    readonly role?: StoreRole
  },
): Promise<FoundStore> {
  if (config.store.type === 'postgres') return checkPostgres(config, config.store.url, keys, world)
  const { path } = config.store
  const size = await sizeOf(path)
  if (size === undefined) return { check: await checkFolder(path) }
  if (keys === undefined) {
    const found = `${path} exists (${formatBytes(size)}), but was not opened without its key`
    return { check: { check: 'store', status: 'warn', found, remedy: 'Mend the key first.' } }
  }
  try {
    await access(path, constants.R_OK | constants.W_OK)
    const vault = createVault(keys)
    const store = await openConfiguredStore(config, { role: 'main', ...world, vault })
    const seen = `${path}: ${formatBytes(size)}, opens with key "${vault.primaryKeyId}", schema current`
    return { check: { check: 'store', status: 'ok', found: seen }, store }
  } catch (error) {
    return { check: failedCheck('store', isSystemError(error) ? notWritable(path) : error) }
  }
}

async function checkPostgres(
  config: Config,
  url: string,
  keys: readonly VaultKey[] | undefined,
  world: Parameters<typeof checkStore>[2],
): Promise<FoundStore> {
  if (keys === undefined) {
    const found = `${url} was not opened without its key`
    return { check: { check: 'store', status: 'warn', found, remedy: 'Mend the key first.' } }
  }
  try {
    const vault = createVault(keys)
    const store = await openConfiguredStore(config, { role: 'main', ...world, vault })
    const seen = `${store.place}: opens with key "${vault.primaryKeyId}", schema current`
    return { check: { check: 'store', status: 'ok', found: seen }, store }
  } catch (error) {
    return { check: failedCheck('store', error) }
  }
}

async function checkFolder(path: string): Promise<Check> {
  const folder = dirname(path)
  try {
    if (!(await stat(folder)).isDirectory()) return failedCheck('store', notWritable(path))
    await access(folder, constants.W_OK | constants.X_OK)
    return {
      check: 'store',
      status: 'ok',
      found: `${path} is not there yet; the first command that needs it makes it`,
    }
  } catch (error) {
    return failedCheck('store', isSystemError(error) ? notWritable(path) : error)
  }
}

/** Checks how much room is left where the store is. */
export async function checkDisk(path: string): Promise<Check> {
  try {
    const { bavail, bsize } = await statfs(dirname(path))
    const free = bavail * bsize
    const found = `${formatBytes(free)} free for ${dirname(path)}`
    if (free < fullBytes) {
      return failedCheck('disk', new EvergrantError('store_full', found))
    }
    if (free >= scarceBytes) return { check: 'disk', status: 'ok', found }
    const remedy = 'Free some: an import of hundreds of thousands of users may need a gigabyte.'
    return { check: 'disk', status: 'warn', found, remedy }
  } catch (error) {
    if (!isSystemError(error)) throw error
    return {
      check: 'disk',
      status: 'warn',
      found: `the free space for ${dirname(path)} cannot be told`,
      remedy: 'Mend the path of the store first.',
    }
  }
}

/** The bytes of the database and its log; undefined when there is no such file. */
async function sizeOf(path: string): Promise<number | undefined> {
  const sizes = await Promise.all(
    [path, `${path}-wal`].map(async (file) => {
      try {
        return (await stat(file)).size
      } catch (error) {
        if (isSystemError(error)) return undefined
        throw error
      }
    }),
  )
  const [database, log = 0] = sizes
  return database === undefined ? undefined : database + log
}

function notWritable(path: string): EvergrantError {
  return new EvergrantError(
    'store_unwritable',
    `"${path}" cannot be made or written: its folder is absent, no folder, or not this user's`,
  )
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && !(error instanceof EvergrantError) && 'syscall' in error
}

/** Writes an amount of bytes for people. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  const amount = bytes / 1_024 ** power
  return `${power === 0 ? amount : amount.toFixed(amount < 10 ? 1 : 0)} ${units[power] ?? ''}`
}
