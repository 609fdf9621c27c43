import { parseConnection } from '../config/index.ts'
import { unknownConnection, type StoredConnection } from '../grants/index.ts'
import { EvergrantError, type Secret } from '../kernel/index.ts'
import type { Composition } from './compose.ts'

/** An entry below `connections:` as it is written, before it is checked. */
export type ConnectionEntry = Readonly<Record<string, unknown>>

/** An entry, and the secrets that came with it by the slots its references name. */
export interface DraftedEntry {
  readonly body: ConnectionEntry
  readonly secrets: ReadonlyMap<string, Secret>
}

/** Tells whether a value is a mapping. */
export const isEntry = (value: unknown): value is ConnectionEntry =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every slot that an entry refers to by `{ sealed: SLOT }`. */
export function sealedSlots(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(sealedSlots)
  if (!isEntry(value)) return []
  const own = typeof value['sealed'] === 'string' ? [value['sealed']] : []
  return [...own, ...Object.values(value).flatMap(sealedSlots)]
}

/**
 * Checks an entry and writes it over what `before` was; returns its new version.
 *
 * @throws EvergrantError `connection_invalid`, `connection_exists`, `connection_changed`, `usage`
 *   when a secret is missing, `store_*`
 */
export async function saveConnection(
  { config, store, clock }: Composition,
  name: string,
  { body, secrets }: DraftedEntry,
  before: StoredConnection | undefined,
): Promise<number> {
  const parsed = parseConnection(name, body, config)
  if (!parsed.ok) throw parsed.error
  const slots = sealedSlots(body)
  for (const slot of slots) {
    const isThere =
      secrets.has(slot) ||
      (before !== undefined && (await store.connections.readSecret(name, slot)) !== undefined)
    if (!isThere) {
      throw new EvergrantError('usage', `nothing is sealed in the store as "${slot}" yet`, {
        remedy: `Give the secret with --secret on standard input, and --credential where it is not the first.`,
      })
    }
  }
  const saving = await store.connections.saveConnection(
    {
      name,
      body: JSON.stringify(body),
      expectedVersion: before?.version ?? 0,
      secrets,
      slots,
    },
    clock.now(),
  )
  if (saving.saved) return saving.version
  if (before === undefined) throw connectionTaken(name)
  const became = saving.current === undefined ? 'removed' : 'changed'
  throw new EvergrantError(
    'connection_changed',
    `connection "${name}" was ${became} by someone else meanwhile`,
  )
}

/**
 * The connection of that name in the store.
 *
 * @throws EvergrantError `connection_read_only` for one of the file, `connection_unknown`
 */
export async function findStoredConnection(
  composition: Composition,
  name: string,
): Promise<StoredConnection> {
  const { connections, store } = composition
  const stored = await store.connections.getConnection(name)
  if (stored !== undefined) return stored
  if (connections.find(name)?.origin === 'file') {
    throw new EvergrantError(
      'connection_read_only',
      `connection "${name}" is defined in the configuration file`,
    )
  }
  throw unknownConnection(name, composition.engine.names)
}

/** The refusal of a name that is in use. */
export function connectionTaken(name: string): EvergrantError {
  return new EvergrantError('connection_exists', `there is a connection "${name}" already`)
}
