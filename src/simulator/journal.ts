import { EvergrantError } from '../kernel/index.ts'
import type { Member } from './group.ts'

/** Collections whose changes can be asked for. */
export type DeltaCollection =
  'users' | 'groups' | 'devices' | 'servicePrincipals' | 'units' | 'roles'

/** Something that happened in a directory, to the objects of one collection by their index. */
export interface JournalEntry {
  /** By the simulator's clock (epoch ms). */
  readonly at: number
  readonly collection: DeltaCollection
  readonly kind: 'created' | 'changed' | 'deleted' | 'restored'
  readonly from: number
  /** The first index it did not happen to. */
  readonly to: number
  /** What was changed, of `changed`. */
  readonly names?: readonly string[]
  /** Who was added to a group, or removed, where that is what changed. */
  readonly member?: Member
  readonly isAdded?: boolean
}

/** How a service tells that it knows nothing of a delta link any more. */
export type DeltaReset = (typeof resetStyles)[number]

/** How a tenant answers deltas. */
export interface DeltaSettings {
  /** Rows of a page, whatever `$top` says. Default 200. */
  readonly pageSize?: number
  /** How many rows of a page come again on the next one. Default 0. */
  readonly repeats?: number
  /** How late deltas learn of changes, in milliseconds of the simulator's clock. Default 0. */
  readonly lagMs?: number
}

/** Everything that happened in a tenant, and how it tells. */
export interface Journal {
  entries: JournalEntry[]
  /** How links of each time before a reset are refused; links of now are of the next one. */
  resets: DeltaReset[]
  settings: Required<DeltaSettings>
}

/** Makes an empty journal. */
export function createJournal(settings: Required<DeltaSettings>): Journal {
  return { entries: [], resets: [], settings }
}

const resetStyles = ['gone', 'gone_with_location', 'sync_state_not_found', 'steady_state'] as const

/** Reads a style; throws `config_invalid` for what is none. */
export function requireReset(style: string): DeltaReset {
  const known = resetStyles.find((one) => one === style)
  if (known !== undefined) return known
  const expected = `"style" must be one of ${resetStyles.join(', ')}`
  throw new EvergrantError('config_invalid', `simulator: ${expected}, but is ${style}`)
}

/** The entry of a collection that grew or shrank at its end. */
export function countedEntry(
  collection: DeltaCollection,
  before: number,
  after: number,
  at: number,
): JournalEntry {
  const kind = after < before ? 'deleted' : 'created'
  return { at, collection, kind, from: Math.min(before, after), to: Math.max(before, after) }
}

/** Where the part of a journal ends that deltas know of. */
export function visibleEnd({ entries, settings }: Journal, now: number): number {
  let end = entries.length
  while (end > 0 && (entries[end - 1] as JournalEntry).at > now - settings.lagMs) end--
  return end
}

const latest = new WeakMap<
  readonly JournalEntry[],
  { readonly key: string; readonly happenings: readonly Happening[] }
>()

/** What became of one object in a span of the journal. */
export interface Happening {
  readonly index: number
  /** Properties that changed; undefined: everything is news. */
  readonly names: ReadonlySet<string> | undefined
}

/**
 * What a span of the journal holds of a collection, each object once, in the order of the first
 * news.
 */
export function happeningsIn(
  { entries }: Journal,
  collection: DeltaCollection,
  span: { readonly from: number; readonly to: number },
): readonly Happening[] {
  // Each page of a round asks for the same span.
  const key = `${collection} ${span.from} ${span.to}`
  const known = latest.get(entries)
  if (known?.key === key) return known.happenings
  const found = new Map<number, Set<string> | undefined>()
  for (const entry of entries.slice(span.from, span.to)) {
    if (entry.collection !== collection) continue
    for (let index = entry.from; index < entry.to; index++) {
      const names = found.get(index)
      if (entry.names === undefined) found.set(index, undefined)
      else if (names !== undefined) for (const name of entry.names) names.add(name)
      else if (!found.has(index)) found.set(index, new Set(entry.names))
    }
  }
  const happenings = [...found].map(([index, names]) => ({ index, names }))
  latest.set(entries, { key, happenings })
  return happenings
}
