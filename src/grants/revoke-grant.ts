import {
  isEvergrantError,
  remainingLifeMs,
  type EvergrantError,
  type Secret,
} from '../kernel/index.ts'
import { canonicalTarget, revokeToken } from '../oauth/index.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { EngineContext } from './context.ts'
import { loadCredentials, type LoadedCredentials } from './credentials.ts'
import type { GrantRecord } from './ports.ts'
import { targetsOf } from './registry.ts'

/** What came of a revocation. Here it is revoked in any case. */
export interface GrantRevocation {
  readonly grantId: string
  /** What the provider did; `nothing`: there was no living token to revoke. */
  readonly atProvider: 'revoked' | 'unsupported' | 'failed' | 'nothing'
  /** Why the provider did not. */
  readonly error?: EvergrantError
}

interface LivingToken {
  readonly secret: Secret
  readonly tokenTypeHint: 'refresh_token' | 'access_token'
}

/**
 * Revokes the grant of a connection: first its tokens at the provider (RFC 7009; refresh token,
 * then access tokens), then, whatever came of that, here, where they are erased. Idempotent.
 *
 * @throws `store_*`
 */
export async function revokeGrant(
  definition: ConnectionDefinition,
  context: EngineContext,
): Promise<GrantRevocation> {
  const { store, clock, emit } = context
  const about = { connection: definition.name, tenant: definition.provider.tenant }
  const grant = await store.ensureGrant(about, clock.now())
  const grantId = grant.id
  const asked = await revokeAtProvider(definition, grant, context)
  await store.revokeGrant(grantId, clock.now())
  // One on trial would otherwise take the revoked one's place.
  const trials = await store.listGrants({ ...about, standing: 'candidate', limit: 1 })
  for (const { id } of trials) await store.revokeGrant(id, clock.now())
  const { atProvider } = asked
  emit({ type: 'grant.revoked', at: clock.now(), ...about, grantId, atProvider })
  return { grantId, ...asked }
}

async function revokeAtProvider(
  definition: ConnectionDefinition,
  grant: GrantRecord,
  context: EngineContext,
): Promise<Omit<GrantRevocation, 'grantId'>> {
  const { fetch, clock } = context
  const server = await definition.provider.server({ fetch, clock })
  if (server.ok && server.value.revocation_endpoint === undefined) {
    // No credential is needed to know that nobody can be asked.
    const hasHadTokens = grant.refreshToken !== undefined || grant.lastRefreshedAt !== undefined
    return { atProvider: hasHadTokens ? 'unsupported' : 'nothing' }
  }
  const grantId = grant.id
  try {
    const credentials = await loadCredentials(definition, context.nameVersion)
    const tokens = await livingTokens(definition, credentials, grantId, context)
    let isRevoked = false
    let error: EvergrantError | undefined
    for (const token of tokens) {
      const outcome = await revokeOne(definition, credentials, token, context)
      if (outcome === 'revoked') isRevoked = true
      else if (outcome !== 'unsupported') error ??= outcome
    }
    if (error !== undefined) return { atProvider: 'failed', error }
    if (tokens.length === 0) return { atProvider: 'nothing' }
    return { atProvider: isRevoked ? 'revoked' : 'unsupported' }
  } catch (thrown) {
    if (!isEvergrantError(thrown) || thrown.code.startsWith('store_')) throw thrown
    return { atProvider: 'failed', error: thrown }
  }
}

async function livingTokens(
  definition: ConnectionDefinition,
  { version }: LoadedCredentials,
  grantId: string,
  { store, clock }: EngineContext,
): Promise<readonly LivingToken[]> {
  const tokens: LivingToken[] = []
  for (const target of targetsOf(definition)) {
    const slot = { grantId, target: canonicalTarget(target), credentialVersion: version }
    const view = await store.viewForRenewal(slot)
    const { refreshToken, slot: record } = view ?? {}
    if (refreshToken !== undefined && tokens[0]?.tokenTypeHint !== 'refresh_token') {
      tokens.unshift({ secret: refreshToken, tokenTypeHint: 'refresh_token' })
    }
    const token = record?.token
    if (token !== undefined && remainingLifeMs(token, clock.now()) > 0) {
      tokens.push({ secret: token.secret, tokenTypeHint: 'access_token' })
    }
  }
  return tokens
}

/** Tries the credentials in order until the provider rejects none. */
async function revokeOne(
  { provider, clientId }: ConnectionDefinition,
  { proofs }: LoadedCredentials,
  { secret, tokenTypeHint }: LivingToken,
  { fetch, clock }: EngineContext,
): Promise<'revoked' | 'unsupported' | EvergrantError> {
  let failed: EvergrantError | undefined
  for (const proof of proofs) {
    const authentication = await proof.authenticate()
    const outcome = await revokeToken(
      { provider, clientId, authentication, token: secret, tokenTypeHint },
      { fetch, clock },
    )
    if (outcome.ok) return outcome.value
    failed = outcome.error.error
    if (outcome.error.kind !== 'client_rejected') return failed
  }
  if (failed === undefined) throw new Error('credentials are loaded, so there is at least one')
  return failed
}
