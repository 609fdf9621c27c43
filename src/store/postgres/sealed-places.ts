import type { SealPlace } from '../../vault/index.ts'
import { verifierPlace } from '../rows/consent-row.ts'
import { refreshTokenPlace } from '../rows/grant-row.ts'
import { tokenPlace } from '../rows/slot-row.ts'

/** A column of sealed values; its table has `sequence`, and `sealed_by` with an index of both. */
export interface SealedColumn {
  readonly table: string
  readonly column: string
  /** Columns that the cell's name is made of. */
  readonly names: readonly string[]
  /** The cell a row's value is sealed for. */
  readonly placeOf: (names: readonly string[]) => SealPlace
}

/** The cell a secret of a connection is sealed for. */
export function secretPlace(name: string, slot: string): SealPlace {
  return {
    table: 'connection_secrets',
    column: 'sealed_secret',
    row: JSON.stringify([name, slot]),
  }
}

/**
 * Every column that holds sealed values, in the order in which they are sealed anew. A new one
 * needs its line here, or its values keep their old key for ever.
 */
export const sealedColumns: readonly SealedColumn[] = [
  {
    table: 'connection_secrets',
    column: 'sealed_secret',
    names: ['connection', 'slot'],
    placeOf: ([connection = '', slot = '']) => secretPlace(connection, slot),
  },
  {
    table: 'grants',
    column: 'sealed_refresh_token',
    names: ['id'],
    placeOf: ([id = '']) => refreshTokenPlace(id),
  },
  {
    table: 'token_slots',
    column: 'sealed_token',
    names: ['grant_id', 'target', 'credential_version'],
    placeOf: ([grantId = '', target = '', credentialVersion = '']) =>
      tokenPlace({ grantId, target, credentialVersion }),
  },
  {
    table: 'consent_sessions',
    column: 'sealed_verifier',
    names: ['id'],
    placeOf: ([id = '']) => verifierPlace(id),
  },
]
