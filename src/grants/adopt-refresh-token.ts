import { EvergrantError, isEvergrantError, type AccessToken, type Secret } from '../kernel/index.ts'
import { canonicalTarget, type TokenSubject, type TokenTarget } from '../oauth/index.ts'
import { createTrial, replaced, type CandidateTrial } from './candidate-trial.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { EngineContext } from './context.ts'
import { loadCredentials } from './credentials.ts'
import { evidence } from './evidence.ts'
import { targetsOf } from './registry.ts'
import { requireStranger } from './require-stranger.ts'

/** One thing that a refresh token on trial had to show. */
export interface Proof {
  /** `identity`, or the target that a token was obtained for, in canonical form. */
  readonly proof: string
  /** `unverified`: it could not be shown either way. */
  readonly outcome: 'passed' | 'failed' | 'unverified'
  readonly error?: EvergrantError
  /** What was seen, for people. */
  readonly detail?: string
  /** What the API calls the requests, for support tickets. */
  readonly requestIds?: readonly string[]
}

/** What a trial takes into account besides the token. */
export interface TrialOptions {
  /** Whose token it is, as the sign-in told. */
  readonly subject?: TokenSubject
  /** Tries an access token of the candidate at its API. Whatever it throws ends the trial. */
  readonly prove?: (target: TokenTarget, token: AccessToken) => Promise<readonly Proof[]>
  /** Tries the candidate on customers, once every target has had its turn and none failed. */
  readonly customers?: CustomerSample
  /** What is to be said when every target has had its turn, and none failed. */
  readonly conclude?: () => readonly Proof[]
  /** Told when a proof is being tried and when it is known, as it happens. Must not throw. */
  readonly progress?: TrialProgress
}

/** Customers that a refresh token is tried on. */
export interface CustomerSample {
  /** Their tenants, ids or domains. */
  readonly tenants: () => readonly string[]
  readonly target: TokenTarget
  /** Tries a token of a customer’s tenant at the API. */
  readonly prove: (customer: ConnectionDefinition, token: AccessToken) => Promise<Proof>
  /** What a customer that fails is to the trial. */
  readonly whenRefused: 'failed' | 'unverified'
}

/** What a customer’s proof is called. */
export function customerProof(tenant: string): string {
  return `customer ${tenant}`
}

/** Who follows a trial. */
export interface TrialProgress {
  begins(proof: string): void
  ended(proof: Proof): void
}

/** What came of a trial. */
export interface Adoption {
  readonly grantId: string
  /** False: the grant that served before serves on. */
  readonly isActivated: boolean
  readonly proofs: readonly Proof[]
  /** Whose token it is, where the provider said so. */
  readonly subject?: string
  readonly userName?: string
}

/**
 * Puts a refresh token on trial: it is redeemed for every target of the connection, journalled like
 * any other, and its tenant is compared where an ID token tells it. Only when nothing failed does
 * it become the current grant; until then, and otherwise, the one that was serves on.
 *
 * @throws `usage` for a connection without refresh tokens, and for a strict provider’s token that
 *   is in use or on trial here; `secret_unavailable`, `store_*`
 */
export async function adoptRefreshToken(
  definition: ConnectionDefinition,
  refreshToken: Secret,
  context: EngineContext,
  { subject, prove, customers, conclude, progress }: TrialOptions = {},
): Promise<Adoption> {
  const { store, clock, emit } = context
  const { name, provider } = definition
  if (definition.grant !== 'authorization_code') {
    throw new EvergrantError('usage', `connection "${name}" works without refresh tokens`, {
      remedy: 'Adopt refresh tokens for connections whose `grant` is authorization_code.',
    })
  }
  const credentials = await loadCredentials(definition, context.nameVersion)
  const address = { connection: name, tenant: provider.tenant }
  const before = await store.findGrant(address)
  await requireStranger(definition, refreshToken, before, credentials, context)
  const secret = { secret: refreshToken }
  const { id: grantId } = await store.addCandidate({ ...address, subject: '' }, secret, clock.now())
  emit({ type: 'grant.candidate_added', at: clock.now(), ...address, grantId })

  const trial = createTrial(definition, credentials, grantId, context, subject)
  const proofs: Proof[] = []
  const note = (proof: Proof): void => {
    proofs.push(proof)
    progress?.ended(proof)
    const { proof: shown, outcome } = proof
    emit({
      type: 'grant.candidate_proven',
      at: clock.now(),
      ...address,
      grantId,
      proof: shown,
      outcome,
    })
  }
  try {
    for (const target of targetsOf(definition)) {
      const isOver = proofs.some(({ outcome }) => outcome === 'failed')
      const proof = canonicalTarget(target)
      if (!isOver) progress?.begins(proof)
      const answer = isOver ? undefined : await trial.redeemFor(target)
      if (answer === undefined) note({ proof, outcome: 'unverified' })
      else if (answer.ok) {
        note({ proof, outcome: 'passed' })
        for (const shown of (await prove?.(target, answer.value)) ?? []) note(shown)
      } else {
        const { error: refusal } = answer
        // A proven token that was rotated meanwhile is not thrown away because the provider is busy:
        // its predecessor is dead, and nobody else has the new one.
        const isProven = proofs.some(({ outcome }) => outcome === 'passed')
        const outcome = refusal.isPassing && isProven ? 'unverified' : 'failed'
        note({ proof, outcome, ...withRequestIds(refusal.error) })
      }
    }
    note(await proveIdentity(definition, trial.subject(), context))
    const isPassing = (): boolean => proofs.every(({ outcome }) => outcome !== 'failed')
    if (customers !== undefined && isPassing()) {
      for (const tenant of customers.tenants()) {
        progress?.begins(customerProof(tenant))
        note(await proveCustomer(definition, tenant, customers, trial))
      }
    }
    if (isPassing()) conclude?.().forEach(note)
  } catch (fault) {
    const error = isEvergrantError(fault)
      ? fault
      : new EvergrantError('internal', 'the trial broke off')
    await store.discardCandidate(grantId, evidence(error, clock.now())).catch(() => {})
    throw fault
  }

  const whose = trial.subject()
  const told = {
    grantId,
    ...(whose === undefined ? {} : { subject: whose.subject }),
    ...(whose?.userName === undefined ? {} : { userName: whose.userName }),
  }
  const refuse = async (error: EvergrantError): Promise<Adoption> => {
    await store.discardCandidate(grantId, evidence(error, clock.now()))
    const { code, detail } = error
    emit({ type: 'grant.candidate_refused', at: clock.now(), ...address, grantId, code, detail })
    return { ...told, isActivated: false, proofs }
  }
  const failed = proofs.find(({ outcome }) => outcome === 'failed')?.error
  if (failed !== undefined) return refuse(failed)
  if (!(await store.activateCandidate(grantId, whose?.subject ?? '', clock.now()))) {
    note({ proof: 'candidate', outcome: 'failed', error: replaced() })
    return refuse(replaced())
  }
  emit({ type: 'grant.candidate_activated', at: clock.now(), ...address, grantId })
  if (before !== undefined && before.lastRefreshedAt !== undefined) {
    emit({ type: 'grant.superseded', at: clock.now(), ...address, grantId: before.id })
  }
  return { ...told, isActivated: true, proofs }
}

/** The tenant must be the connection’s; where no ID token came, nobody can tell. */
async function proveIdentity(
  { provider }: ConnectionDefinition,
  subject: TokenSubject | undefined,
  { fetch, clock }: EngineContext,
): Promise<Proof> {
  const proof = 'identity'
  const isTold = provider.type !== 'entra' || subject?.tenantId !== undefined
  if (subject === undefined || !isTold) return { proof, outcome: 'unverified' }
  if (provider.type !== 'entra') return { proof, outcome: 'passed' }
  const expected = await provider.resolveTenantId({ fetch, clock })
  if (!expected.ok) return { proof, outcome: 'unverified', error: expected.error.error }
  if (expected.value === subject.tenantId) return { proof, outcome: 'passed' }
  const error = new EvergrantError(
    'candidate_refused',
    `the refresh token belongs to tenant ${subject.tenantId}, but the connection is for ${expected.value}`,
  )
  return { proof, outcome: 'failed', error }
}

/** A refusal of the customer’s tenant says nothing of the grant, unless it is to count. */
async function proveCustomer(
  definition: ConnectionDefinition,
  tenant: string,
  { target, prove, whenRefused }: CustomerSample,
  trial: CandidateTrial,
): Promise<Proof> {
  const proof = customerProof(tenant)
  const customer = customerOf(definition, tenant)
  if (customer === undefined) return { proof, outcome: 'unverified' }
  if (isEvergrantError(customer)) return { proof, outcome: whenRefused, error: customer }
  const answer = await trial.redeemFor(target, customer)
  if (!answer.ok) return { proof, outcome: whenRefused, ...withRequestIds(answer.error.error) }
  const shown = await prove(customer, answer.value)
  return { ...shown, proof, outcome: shown.outcome === 'failed' ? whenRefused : shown.outcome }
}

/** Its definition, or what is wrong with the name that Partner Center’s list has for it. */
function customerOf(
  { forCustomer }: ConnectionDefinition,
  tenant: string,
): ConnectionDefinition | EvergrantError | undefined {
  try {
    return forCustomer?.(tenant)
  } catch (error) {
    if (isEvergrantError(error)) return error
    throw error
  }
}

/** A provider’s refusal with what support asks for. */
function withRequestIds(error: EvergrantError): Pick<Proof, 'error' | 'requestIds'> {
  const { requestId, traceId, correlationId } = error.upstream ?? {}
  const ids = [...new Set([requestId, traceId, correlationId].filter((id) => id !== undefined))]
  return { error, ...(ids.length === 0 ? {} : { requestIds: ids }) }
}
