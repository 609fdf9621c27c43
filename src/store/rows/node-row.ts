import { EvergrantError, type ProcessOwner } from '../../kernel/index.ts'
import type { NodeRecord } from '../store.ts'

/** A row of `nodes`. */
export interface NodeRow {
  readonly owner: string
  readonly key_ids: string
  readonly seals_with: string
  readonly started_at: number
  readonly beat_at: number
}

/** A row as the store shows it. */
export function asNode(row: NodeRow): NodeRecord {
  return {
    owner: JSON.parse(row.owner) as ProcessOwner,
    keyIds: JSON.parse(row.key_ids) as string[],
    sealsWith: row.seals_with,
    startedAt: row.started_at,
    beatAt: row.beat_at,
  }
}

/** The refusal to forget a key. */
export function inUse(keyId: string, why: string): EvergrantError {
  return new EvergrantError('key_in_use', `key "${keyId}" cannot be forgotten: ${why}`)
}
