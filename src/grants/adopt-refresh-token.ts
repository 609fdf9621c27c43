import {
  err,
  EvergrantError,
  isEvergrantError,
  ok,
  type AccessToken,
  type Result,
  type Secret,
} from '../kernel/index.ts'
import { canonicalTarget, type TokenSubject, type TokenTarget } from '../oauth/index.ts'
import { bounded } from './bounded.ts'
import type { ConnectionDefinition } from './connection.ts'
import type { EngineContext } from './context.ts'
import { loadCredentials, type LoadedCredentials } from './credentials.ts'
import { evidence } from './evidence.ts'
import { holdExchange, type HeldExchange } from './held-exchange.ts'
import { keepAliveAt } from './keep-alive.ts'
import type { GrantRecord, TokenSlotKey } from './ports.ts'
import { renewalDeadlineMs } from './purpose.ts'
import { targetsOf } from './registry.ts'
import { requireStranger } from './require-stranger.ts'
import { sendExchange, type ExchangeHabits } from './send-exchange.ts'
import { holdToken } from './slot.ts'

/** One thing that a refresh token on trial had to show. */
export interface Proof {
  /** `identity`, or the target that a token was obtained for, in canonical form. */
  readonly proof: string
  /** `unverified`: it could not be shown either way. */
  readonly outcome: 'passed' | 'failed' | 'unverified'
  readonly error?: EvergrantError
  /** What was seen, for people. */
  readonly detail?: string
  /** What an API calls the request, for support tickets. */
  readonly requestId?: string
}

/** What a trial takes into account besides the token. */
export interface TrialOptions {
  /** Whose token it is, as the sign-in told. */
  readonly subject?: TokenSubject
  /** Tries an access token of the candidate at its API. Whatever it throws ends the trial. */
  readonly prove?: (target: TokenTarget, token: AccessToken) => Promise<readonly Proof[]>
  /** What is to be said when every target has had its turn, and none failed. */
  readonly conclude?: () => readonly Proof[]
  /** Told when a proof is being tried and when it is known, as it happens. Must not throw. */
  readonly progress?: TrialProgress
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
  { subject, prove, conclude, progress }: TrialOptions = {},
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
        note({ proof, outcome, error: refusal.error })
      }
    }
    note(await proveIdentity(definition, trial.subject(), context))
    if (proofs.every(({ outcome }) => outcome !== 'failed')) conclude?.().forEach(note)
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

interface Refusal {
  readonly error: EvergrantError
  /** It passes by itself, and has not spent the refresh token. */
  readonly isPassing: boolean
}

interface Trial {
  /** Redeems the candidate’s refresh token for a target. */
  redeemFor(target: TokenTarget): Promise<Result<AccessToken, Refusal>>
  /** Whose token it is, as the last ID token said. */
  subject(): TokenSubject | undefined
}

function createTrial(
  definition: ConnectionDefinition,
  { version, proofs }: LoadedCredentials,
  grantId: string,
  context: EngineContext,
  known: TokenSubject | undefined,
): Trial {
  const { store, clock, outbox, owner, emit } = context
  const { provider } = definition
  const isExclusive = provider.rotation === 'strict'
  const habits: ExchangeHabits = { preferred: 0, clockOffsetMs: undefined }
  const about = { connection: definition.name, tenant: provider.tenant }
  let subject = known

  async function send(
    held: HeldExchange,
    slot: TokenSlotKey,
    grant: GrantRecord,
    refreshToken: Secret,
    target: TokenTarget,
    slotVersion: number,
  ): Promise<Result<AccessToken, Refusal>> {
    const refreshVersion = grant.refreshToken?.version ?? 0
    const answer = await sendExchange({ definition, target, proofs, refreshToken }, habits, {
      fetch: held.fetch,
      clock,
      onCredentialRejected: (position, { code, detail }) =>
        emit({
          type: 'grant.credential_rejected',
          at: clock.now(),
          ...about,
          position,
          code,
          detail,
        }),
    })
    const now = clock.now()
    if (!answer.ok) {
      const { error, retry } = answer.error
      const effect = isExclusive ? answer.error.effect : 'none'
      const failure = { ...evidence(error, now), retry, attempts: 1 }
      await outbox.deliver(grantId, () =>
        store.failExchange({
          slot,
          attemptId: held.attemptId,
          failure,
          now,
          lapse: false,
          redemption: { refreshVersion, effect },
        }),
      )
      return err({ error, isPassing: retry === 'backoff' && effect === 'none' })
    }
    const { token, refreshToken: rotated, refreshExpiresAt } = answer.value
    subject = answer.value.subject ?? subject
    const softAt = holdToken(token, definition.refresh ?? {}, 0).softAt
    const nextAt = keepAliveAt(definition, {
      now,
      softAt,
      jitter: 0,
      ...(refreshExpiresAt === undefined ? {} : { refreshExpiresAt }),
    })
    const delivery = await outbox.deliver(grantId, () =>
      store.commitExchange({
        slot,
        attemptId: held.attemptId,
        slotVersion,
        token,
        now,
        ...(nextAt === undefined ? {} : { keepAliveAt: nextAt }),
        redemption: {
          refreshVersion,
          ...(rotated === undefined ? {} : { refreshToken: rotated }),
          ...(refreshExpiresAt === undefined ? {} : { refreshExpiresAt }),
          ...(subject === undefined ? {} : { subject: subject.subject }),
        },
      }),
    )
    if (delivery.kind === 'done') return ok(token)
    // What the provider issued is worth a wait: where it rotates, there is no other.
    const saving = bounded(clock, renewalDeadlineMs, delivery.later, () => storeAway().error.error)
    return saving.then(
      () => ok(token),
      () => storeAway(),
    )
  }

  return {
    subject: () => subject,
    redeemFor: async (target) => {
      const slot = { grantId, target: canonicalTarget(target), credentialVersion: version }
      const view = await store.viewForRenewal(slot)
      const facts = view?.grant.refreshToken
      if (view?.grant.standing !== 'candidate') return ofCandidate(replaced())
      if (facts === undefined || view.refreshToken === undefined) return ofCandidate(replaced())
      const slotVersion = view.slot?.version ?? 0
      const start = await holdExchange(context, {
        slot,
        slotVersion,
        owner,
        redemption: { refreshVersion: facts.version, isExclusive },
      })
      if (start.kind === 'store_away') {
        return storeAway()
      }
      if (start.kind === 'elsewhere') return ofCandidate(replaced())
      const { held } = start
      try {
        return await send(held, slot, view.grant, view.refreshToken, target, slotVersion)
      } catch (thrown) {
        await outbox.deliver(grantId, () => store.abandonExchange(slot, held.attemptId))
        throw thrown
      } finally {
        held.release()
      }
    },
  }
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

function ofCandidate(error: EvergrantError): { readonly ok: false; readonly error: Refusal } {
  return err({ error, isPassing: false })
}

function storeAway(): { readonly ok: false; readonly error: Refusal } {
  return ofCandidate(
    new EvergrantError('store_unavailable', 'the store went away during the trial'),
  )
}

function replaced(): EvergrantError {
  return new EvergrantError(
    'candidate_refused',
    'another refresh token was put on trial, or the grant was revoked meanwhile',
  )
}
