import type { Adoption } from '../grants/index.ts'
import { err, EvergrantError, isEvergrantError, ok, type Result } from '../kernel/index.ts'
import type { AuthorizationError } from '../oauth/index.ts'
import { refuseAccount } from './check-account.ts'
import { signInTargets, type ConsentContext } from './context.ts'
import { findSession, overBecause } from './find-session.ts'
import { failSession } from './fail-session.ts'
import { followTrial } from './follow-trial.ts'
import { createLadder, plannedProofs } from './ladder.ts'
import type { ConsentSession } from './ports.ts'
import { readPasted, type Pasted } from './read-pasted.ts'
import { redeemCode } from './redeem-code.ts'
import { isSealedAnswer, unsealAnswer } from './seal-answer.ts'

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

/** A sign-in that came back and is spent. */
export interface ReceivedConsent {
  readonly session: ConsentSession
  /** What comes of it. Rejects as `completeConsent` throws, once the session has failed. */
  readonly finished: Promise<Result<ConsentCompletion, EvergrantError>>
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
  options: CompleteConsentOptions,
  context: ConsentContext,
): Promise<Result<ConsentCompletion, EvergrantError>> {
  const received = await receiveConsent(address, options, context)
  return received.ok ? await received.value.finished : received
}

/**
 * Takes what a sign-in led to: resolves once its session is spent, and goes on by itself.
 *
 * @returns `consent_unreadable`, `consent_unknown`, `consent_expired`, `consent_used`,
 *   `consent_cancelled`; then nothing was spent
 * @throws `connection_unknown`, `tenant_*`, `usage`, `store_*`
 */
export async function receiveConsent(
  address: string,
  { pasted, approvesAccount = false }: CompleteConsentOptions,
  context: ConsentContext,
): Promise<Result<ReceivedConsent, EvergrantError>> {
  const { store, engine, clock, emit, vault, worker } = context
  const trimmed = pasted.trim()
  const text = isSealedAnswer(trimmed) ? unsealAnswer(trimmed, vault) : ok(pasted)
  if (!text.ok) return text
  const read = readPasted(text.value)
  if (!read.ok) return read
  const { stateHash, outcome } = read.value
  const { definition } = engine.connection(address)
  const { name: connection, provider } = definition
  const whose = { connection, tenant: provider.tenant }
  const found = await findSession(whose, stateHash, store, clock.now())
  if (!found.ok) return found
  const session = found.value
  const foreign = await refuseIssuer(address, read.value, context)
  if (foreign !== undefined) return err(foreign)

  const { id: sessionId, linkId } = session
  const verifier = await store.spendConsent(sessionId, worker, clock.now())
  if (verifier === undefined) {
    const latest = await store.findConsentByState(session.stateHash)
    const over = latest === undefined ? undefined : overBecause(latest, clock.now())
    return err(over ?? new EvergrantError('consent_used', 'somebody else finished it just now'))
  }
  if (outcome.kind === 'error') {
    const refusal = await failSession(session, 'code_received', denied(outcome.error), context)
    return ok({ session, finished: Promise.resolve(err(refusal)) })
  }
  const about = { ...whose, sessionId, ...(linkId === undefined ? {} : { linkId }) }
  emit({ type: 'consent.code_received', at: clock.now(), ...about })
  const target = signInTargets(definition)[0]
  const signIn = { code: outcome.code, verifier, redirectUri: session.redirectUri, target }
  const isApproved = approvesAccount || session.approvesAccount
  const finished = verifyOrFail(address, session, signIn, isApproved, context)
  // Whoever awaits it hears of a fault; the session has it as well.
  finished.catch(() => {})
  return ok({ session, finished })
}

async function verifyOrFail(
  ...[address, session, signIn, isApproved, context]: Parameters<typeof verify>
): ReturnType<typeof verify> {
  try {
    return await verify(address, session, signIn, isApproved, context)
  } catch (fault) {
    const error = isEvergrantError(fault)
      ? fault
      : new EvergrantError('internal', 'the trial broke off')
    for (const from of ['code_received', 'verifying'] as const) {
      await failSession(session, from, error, context).catch(() => {})
    }
    throw fault
  }
}

async function verify(
  address: string,
  session: ConsentSession,
  signIn: Parameters<typeof redeemCode>[1],
  isApproved: boolean,
  context: ConsentContext,
): Promise<Result<ConsentCompletion, EvergrantError>> {
  const { store, engine, clock, emit, fetch } = context
  const { id: sessionId, linkId, connection, tenant } = session
  const { definition } = engine.connection(address)
  const transport = { fetch, clock }
  const answer = await redeemCode(definition, signIn, transport)
  if (!answer.ok) return err(await failSession(session, 'code_received', answer.error, context))
  const { subject, refreshToken } = answer.value
  // Progress alone: a store that is away for a moment does not cost the code that is redeemed.
  if (subject !== undefined) {
    await store.noteConsent(sessionId, { account: subject, rungs: [] }).catch(rethrowFaults)
  }
  const expected = isApproved ? undefined : await servingAccount(address, session, context)
  const refusal = await refuseAccount(definition, subject, expected, transport)
  if (refusal !== undefined) {
    return err(await failSession(session, 'code_received', refusal, context))
  }
  if (refreshToken === undefined) {
    const none = new EvergrantError(
      'consent_without_refresh_token',
      `${definition.provider.host} answered the code without one`,
    )
    return err(await failSession(session, 'code_received', none, context))
  }

  const trial = followTrial(session, plannedProofs(definition, context), context)
  const begun = { from: 'code_received', to: 'verifying', rungs: trial.rungs() } as const
  await store.moveConsent(sessionId, begun, clock.now())
  const ladder = createLadder(definition, answer.value, context, trial)
  const adoption = await engine.adopt(address, refreshToken, ladder)
  const rungs = await trial.settled()
  if (!adoption.isActivated) {
    const failed = adoption.proofs.find(({ outcome }) => outcome === 'failed')?.error
    const error =
      failed ?? new EvergrantError('candidate_refused', 'it was replaced during its trial')
    await failSession(session, 'verifying', error, context, rungs)
    return ok({ sessionId, adoption })
  }
  await store.moveConsent(sessionId, { from: 'verifying', to: 'active', rungs }, clock.now())
  emit({
    type: 'consent.verified',
    at: clock.now(),
    connection,
    tenant,
    sessionId,
    ...(linkId === undefined ? {} : { linkId }),
    grantId: adoption.grantId,
    unverified: rungs.filter(({ outcome }) => outcome === 'unverified').length,
  })
  return ok({ sessionId, adoption })
}

/**
 * Whose grant serves now: another sign-in may have brought one since this one was begun, when there
 * was none yet or another account’s was approved.
 */
async function servingAccount(
  address: string,
  { expectedSubject }: ConsentSession,
  { engine }: ConsentContext,
): Promise<string | undefined> {
  const serving = (await engine.status(address)).grant?.subject ?? ''
  return serving === '' ? expectedSubject : serving
}

function rethrowFaults(error: unknown): void {
  if (!isEvergrantError(error)) throw error
}

/**
 * An answer that names its issuer must be of this one, and that of a server which always does must
 * name it: else the code may be one of another server, to which this one led the browser (mix-up).
 * A bare code is no answer: what somebody copied out of one. RFC 9207 section 2.4.
 */
async function refuseIssuer(
  address: string,
  { issuer, stateHash }: Pasted,
  { engine, fetch, clock }: ConsentContext,
): Promise<EvergrantError | undefined> {
  const { provider } = engine.connection(address).definition
  if (provider.type !== 'oidc' || (issuer ?? stateHash) === undefined) return undefined
  const server = await provider.server({ fetch, clock })
  if (!server.ok) return server.error.error
  if (issuer === undefined) {
    if (server.value.authorization_response_iss_parameter_supported !== true) return undefined
    const detail = 'it has no "iss", which its authorization server puts into every answer'
    return new EvergrantError('consent_unknown', detail)
  }
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
