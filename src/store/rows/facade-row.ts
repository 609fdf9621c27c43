import type { FacadeClient, FacadeCode, FoundFacadeToken } from '../../gateway/ports.ts'

/** Most access tokens of one family that are kept. */
export const accessTokensKept = 1_000
/** For how long a used code is kept, to notice that it is used again (ms): a day. */
export const usedCodeMemoryMs = 86_400_000
/** Most rows of a table that one sweep erases. */
export const sweptAtOnce = 1_000

/** A row of `facade_clients`. */
export interface FacadeClientRow {
  readonly id: string
  readonly name: string
  readonly connection: string
  readonly upstream: string | null
  readonly settings: string
  readonly secret_hash: string | null
  readonly created_at: number
  readonly approved_at: number | null
  readonly revoked_at: number | null
}

/** What `settings` holds as JSON. */
type Settings = Pick<
  FacadeClient,
  | 'redirectUris'
  | 'tokens'
  | 'isPublic'
  | 'requiresPkce'
  | 'rotates'
  | 'graceMs'
  | 'needsSecretOnRefresh'
>

/** A row as the port shows it. */
export function asFacadeClient(row: FacadeClientRow): FacadeClient {
  return {
    id: row.id,
    name: row.name,
    connection: row.connection,
    ...(row.upstream === null ? {} : { upstream: row.upstream }),
    ...(JSON.parse(row.settings) as Settings),
    ...(row.secret_hash === null ? {} : { secretHash: row.secret_hash }),
    createdAt: row.created_at,
    ...(row.approved_at === null ? {} : { approvedAt: row.approved_at }),
    ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
  }
}

/** The columns of `facadeClientValues`, in order. */
export const facadeClientColumns =
  'id, name, connection, upstream, settings, secret_hash, created_at, approved_at, revoked_at'

/** A client that is new, as the values of its row. */
export function facadeClientValues(client: FacadeClient): readonly (string | number | null)[] {
  const { redirectUris, tokens, isPublic, requiresPkce, rotates, graceMs, needsSecretOnRefresh } =
    client
  const settings: Settings = {
    redirectUris,
    tokens,
    isPublic,
    requiresPkce,
    rotates,
    graceMs,
    needsSecretOnRefresh,
  }
  return [
    client.id,
    client.name,
    client.connection,
    client.upstream ?? null,
    JSON.stringify(settings),
    client.secretHash ?? null,
    client.createdAt,
    client.approvedAt ?? null,
    client.revokedAt ?? null,
  ]
}

/** A row of `facade_codes`. */
export interface FacadeCodeRow {
  readonly hash: string
  readonly client_id: string
  readonly redirect_uri: string
  readonly named_redirect_uri: boolean | 0 | 1
  readonly challenge: string | null
  readonly scope: string
  readonly expires_at: number
  readonly used_for: string | null
}

/** A row as the port shows it. */
export function asFacadeCode(row: FacadeCodeRow): FacadeCode {
  return {
    hash: row.hash,
    clientId: row.client_id,
    redirectUri: row.redirect_uri,
    namedRedirectUri: Boolean(row.named_redirect_uri),
    ...(row.challenge === null ? {} : { challenge: row.challenge }),
    scope: row.scope,
    expiresAt: row.expires_at,
    ...(row.used_for === null ? {} : { usedFor: row.used_for }),
  }
}

/** A token with its family and client, as `foundTokenColumns` name them. */
export interface FoundTokenRow extends FacadeClientRow {
  readonly hash: string
  readonly kind: 'access' | 'refresh'
  readonly token_generation: number
  readonly issued_at: number
  readonly over_at: number | null
  readonly family_id: string
  readonly scope: string
  readonly family_created_at: number
  readonly generation: number
  readonly rotated_at: number
  readonly handed_hash: string | null
  readonly handed_at: number | null
}

/** The columns of a token (`token`) with its family (`family`) and client (`client`). */
export const foundTokenColumns = `client.*, token.hash, token.kind,
  token.generation AS token_generation, token.issued_at, token.over_at, token.family_id,
  family.scope, family.created_at AS family_created_at, family.generation, family.rotated_at,
  family.handed_hash, family.handed_at`

/** A row as the port shows it. */
export function asFoundToken(row: FoundTokenRow): FoundFacadeToken {
  const { kind, over_at: overAt, handed_hash: handedHash, handed_at: handedAt } = row
  return {
    token: {
      hash: row.hash,
      kind,
      generation: row.token_generation,
      issuedAt: row.issued_at,
      ...(kind === 'access' && overAt !== null ? { expiresAt: overAt } : {}),
    },
    family: {
      id: row.family_id,
      clientId: row.id,
      scope: row.scope,
      createdAt: row.family_created_at,
      generation: row.generation,
      rotatedAt: row.rotated_at,
      ...(handedHash === null || handedAt === null
        ? {}
        : { handedOut: { hash: handedHash, at: handedAt } }),
    },
    client: asFacadeClient(row),
  }
}
