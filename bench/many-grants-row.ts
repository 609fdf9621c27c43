import { Secret } from '../src/kernel/index.ts'
import type { Vault } from '../src/vault/index.ts'
import { templateName, type MadeGrant } from './many-grants.ts'
import { refreshTokenOf } from './token-stub.ts'

const dayMs = 86_400_000

/** The columns of a made-up grant that are not the same for all. */
export interface MadeRow extends MadeGrant {
  readonly connection: string
  readonly subject: string
  readonly madeAt: number
  readonly keepAliveAt: number
  readonly sealed: Uint8Array
}

/** Makes up a grant with a refresh token, sealed for its cell as the store would. */
export function madeRow(grant: MadeGrant, position: number, vault: Vault): MadeRow {
  const madeAt = Date.now() - dayMs
  const place = { table: 'grants', column: 'sealed_refresh_token', row: grant.id }
  return {
    ...grant,
    connection: templateName,
    subject: `${grant.tenant}/${position}`,
    madeAt,
    keepAliveAt: madeAt + 2 * dayMs + (position % 1_000) * 400_000,
    sealed: vault.seal(new Secret(refreshTokenOf(`first-${position}`)), place),
  }
}
