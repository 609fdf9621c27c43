import type { Adoption } from '../grants/index.ts'
import { err, EvergrantError, isEvergrantError, ok, type Result } from '../kernel/index.ts'
import type { AuthorizationError } from '../oauth/index.ts'
import { refuseAccount } from './check-account.ts'
import { signInTargets, type ConsentContext } from './context.ts'
import { findSession, overBecause } from './find-session.ts'
import { createLadder } from './ladder.ts'
import type { ConsentSession, ConsentState } from './ports.ts'
import { readPasted, type Pasted } from './read-pasted.ts'
import { redeemCode } from './redeem-code.ts'

/** What came back of a sign-in. */
export interface CompleteConsentOptions {
  /** The address it led to, its query, or the code alone. */
  readonly pasted: string
  /** Takes another account than the one that serves now. Default false. */
  readonly approvesAccount?: boolean
}

/** What came of it. */
export interface ConsentCompletion {
  readonly sessionId: string
  /** `isActivated` false: a proof failed, and what served before serves on. */
  readonly adoption: Adoption
}

/**
 * Finishes a sign-in: finds its session and spends it, redeems the code here, checks who signed in,
 * and puts the new refresh token on trial while the old one serves. Each session is spent once,
 * whoever comes first, and its code is redeemed once.
 *
 * @returns `consent_*`, `id_token_invalid`, or what the provider’s refusal is called
 * @throws `connection_unknown`, `tenant_*`, `usage`, `store_*`
 */
export async function completeConsent(
  address: string,
  { pasted, approvesAccount = false }: CompleteConsentOptions,
  context: ConsentContext,
): Promise<Result<ConsentCompletion, EvergrantError>> {
  const { store, engine, clock, emit } = context
  const read = readPasted(pasted)
  if (!read.ok) return read
  const { stateHash, outcome } = read.value
  const { name: connection, provider } = engine.connection(address).definition
  const whose = { connection, tenant: provider.tenant }
  const found = await findSession(whose, stateHash, store, clock.now())
  if (!found.ok) return found
  const session = found.value
  const foreign = await refuseIssuer(address, read.value, context)
  if (foreign !== undefined) return err(foreign)

  const verifier = await store.spendConsent(session.id, clock.now())
  if (verifier === undefined) {
    const latest = await store.findConsentByState(session.stateHash)
    const over = latest === undefined ? undefined : overBecause(latest, clock.now())
    return err(over ?? new EvergrantError('consent_used', 'somebody else finished it just now'))
  }
  if (outcome.kind === 'error') {
    return err(await fail(session, 'code_received', denied(outcome.error), context))
  }
  emit({ type: 'consent.code_received', at: clock.now(), ...whose, sessionId: session.id })
  try {
    const target = signInTargets(engine.connection(address).definition)[0]
    const { redirectUri } = session
    const signIn = { code: outcome.code, verifier, redirectUri, target }
    return await verify(address, session, signIn, approvesAccount, context)
  } catch (fault) {
    const error = isEvergrantError(fault)
      ? fault
      : new EvergrantError('internal', 'the trial broke off')
    for (const from of ['code_received', 'verifying'] as const) {
      await fail(session, from, error, context).catch(() => {})
    }
    throw fault
  }
}

async function verify(
  address: string,
  session: ConsentSession,
  signIn: Parameters<typeof redeemCode>[1],
  approvesAccount: boolean,
  context: ConsentContext,
): Promise<Result<ConsentCompletion, EvergrantError>> {
  const { store, engine, clock, emit, fetch } = context
  const { id: sessionId, connection, tenant } = session
  const { definition } = engine.connection(address)
  const transport = { fetch, clock }
  const answer = await redeemCode(definition, signIn, transport)
  if (!answer.ok) return err(await fail(session, 'code_received', answer.error, context))
  const { subject, refreshToken } = answer.value
  const expected = approvesAccount ? undefined : session.expectedSubject
  const refusal = await refuseAccount(definition, subject, expected, transport)
  if (refusal !== undefined) return err(await fail(session, 'code_received', refusal, context))
  if (refreshToken === undefined) {
    const none = new EvergrantError(
      'consent_without_refresh_token',
      `${definition.provider.host} answered the code without one`,
    )
    return err(await fail(session, 'code_received', none, context))
  }

  await store.moveConsent(sessionId, { from: 'code_received', to: 'verifying' }, clock.now())
  const ladder = createLadder(definition, answer.value, context)
  const adoption = await engine.adopt(address, refreshToken, ladder)
  if (!adoption.isActivated) {
    const failed = adoption.proofs.find(({ outcome }) => outcome === 'failed')?.error
    const error =
      failed ?? new EvergrantError('candidate_refused', 'it was replaced during its trial')
    await fail(session, 'verifying', error, context)
    return ok({ sessionId, adoption })
  }
  await store.moveConsent(sessionId, { from: 'verifying', to: 'active' }, clock.now())
  emit({
    type: 'consent.verified',
    at: clock.now(),
    connection,
    tenant,
    sessionId,
    grantId: adoption.grantId,
    unverified: adoption.proofs.filter(({ outcome }) => outcome === 'unverified').length,
  })
  return ok({ sessionId, adoption })
}

/** Ends a session as failed, unless it is not in `from` any more; returns why. */
async function fail(
  { id: sessionId, connection, tenant }: ConsentSession,
  from: ConsentState,
  error: EvergrantError,
  { store, clock, emit }: ConsentContext,
): Promise<EvergrantError> {
  const { code, detail } = error
  const now = clock.now()
  const failure = { code, detail }
  const isEnded = await store.moveConsent(sessionId, { from, to: 'failed', failure }, now)
  if (isEnded) {
    emit({ type: 'consent.failed', at: now, connection, tenant, sessionId, code, detail })
  }
  return error
}

/** An answer that names its issuer must be of this one: RFC 9207 section 2.4. */
async function refuseIssuer(
  address: string,
  { issuer }: Pasted,
  { engine, fetch, clock }: ConsentContext,
): Promise<EvergrantError | undefined> {
  const { provider } = engine.connection(address).definition
  if (issuer === undefined || provider.type !== 'oidc') return undefined
  const server = await provider.server({ fetch, clock })
  if (!server.ok) return server.error.error
  if (server.value.issuer === issuer) return undefined
  return new EvergrantError('consent_unknown', 'its "iss" names another authorization server')
}

const passing: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable'])

function denied({ error, message, remedy, upstream }: AuthorizationError): EvergrantError {
  const code = passing.has(error) ? 'provider_unavailable' : 'consent_denied'
  return new EvergrantError(code, `${error}: ${message}`, {
    upstream,
    ...(remedy === undefined ? {} : { remedy }),
  })
}
