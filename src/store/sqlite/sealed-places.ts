import type { SealPlace } from '../../vault/index.ts'
import { verifierPlace } from '../rows/consent-row.ts'
import { refreshTokenPlace } from '../rows/grant-row.ts'
import { tokenPlace } from '../rows/slot-row.ts'
import { secretPlace } from './connection-store.ts'

/** A row with a sealed value, wherever it stands. */
export interface SealedRow {
  readonly sequence: number
  readonly sealed: Uint8Array
  /** What the cell's name is made of, as a JSON array. */
  readonly names: string
}

/** A column of sealed values; its table has `sequence`, and `sealed_by` with an index. */
export interface SealedColumn {
  readonly table: string
  readonly column: string
  /** An SQL expression for `SealedRow.names`. */
  readonly names: string
  /** The cell a row's value is sealed for. */
  readonly placeOf: (names: readonly string[]) => SealPlace
}

/**
 * Every column that holds sealed values, in the order in which they are sealed anew. A new one
 * needs its line here, or its values keep their old key for ever.
 */
export const sealedColumns: readonly SealedColumn[] = [
  {
    table: 'connection_secrets',
    column: 'sealed_secret',
    names: 'json_array(connection, slot)',
    placeOf: ([connection = '', slot = '']) => secretPlace(connection, slot),
  },
  {
    table: 'grants',
    column: 'sealed_refresh_token',
    names: 'json_array(id)',
    placeOf: ([id = '']) => refreshTokenPlace(id),
  },
  {
    table: 'token_slots',
    column: 'sealed_token',
    names: 'json_array(grant_id, target, credential_version)',
    placeOf: ([grantId = '', target = '', credentialVersion = '']) =>
      tokenPlace({ grantId, target, credentialVersion }),
  },
  {
    table: 'consent_sessions',
    column: 'sealed_verifier',
    names: 'json_array(id)',
    placeOf: ([id = '']) => verifierPlace(id),
  },
]
