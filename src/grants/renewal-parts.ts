import { EvergrantError } from '../kernel/index.ts'
import { canonicalTarget, type TokenTarget } from '../oauth/index.ts'
import { createClientState, type ClientState } from './client-state.ts'
import type { ConnectionDefinition, RefreshPolicy } from './connection.ts'
import type { EngineContext } from './context.ts'
import type { Ticket } from './crowd.ts'
import { createFailureDesk, type FailureDesk } from './failure-desk.ts'
import { grantAddressOf, slotTargetOf } from './grant-address.ts'
import type { Flight, GrantAddress, GrantRecord, TokenSlotKey } from './ports.ts'
import { renewalDeadlineMs, type RenewalOutcome, type RenewalPurpose } from './purpose.ts'
import type { SlotEvent } from './reduce.ts'
import type { Slot } from './slot.ts'
import type { JudgedBy } from './stored-token.ts'

/** What a renewal works with. */
export interface RenewalContext extends EngineContext {
  readonly definition: ConnectionDefinition
  /** As callers write it: `name`, or `name@tenant`. */
  readonly address: string
  readonly target: TokenTarget
  /** Stable fraction of the slot, 0 to 1. */
  readonly jitter: number
  readonly slot: () => Slot
  readonly dispatch: (event: SlotEvent) => void
  /** The instant that the slot lives in (epoch ms). */
  readonly instant: () => number
}

/** What one run remembers from look to look. */
export interface Run {
  readonly purpose: RenewalPurpose
  readonly startedTick: number
  readonly oldExpiresAt: number | null
  readonly isForced: boolean
  /** The permission to send, from before the claim until the answer is there. */
  ticket?: Ticket
  /** The foreign exchange whose end is awaited. */
  waitedFor?: Flight
  /** Each second try is made once. */
  hasReread?: boolean
  hasDoubted?: boolean
}

/** What a step may answer instead of an outcome. */
export type Step = RenewalOutcome | 'look_again' | 'wait'

/** What the steps of a slot’s renewals share. */
export interface RenewalParts extends RenewalContext {
  readonly grantAddress: GrantAddress
  readonly about: GrantAddress & { readonly target: string }
  readonly policy: RefreshPolicy
  /** Whether a refresh token is redeemed; else the application asks for itself. */
  readonly isRedemption: boolean
  /** Whether the provider kills a used refresh token. */
  readonly isExclusive: boolean
  /** Whether the tokens are for a customer’s tenant, which says nothing of the grant. */
  readonly isOfCustomer: boolean
  readonly isDefaultTarget: boolean
  readonly desk: FailureDesk
  readonly client: ClientState
  /** What is remembered from run to run. */
  readonly memory: {
    grantId: string | undefined
    /** Why the store did not show the grant, the last time it was asked. */
    unseen: EvergrantError | undefined
    /** The grant and refresh version that the last failure was about. */
    failedWith: string | undefined
    /** The refresh version whose unknown fate was told. */
    toldUnknown: string | undefined
  }
  slotKeyOf(grantId: string, credentialVersion: string): TokenSlotKey
  judgedBy(purpose: RenewalPurpose): JudgedBy
}

/** Puts together what the steps of a slot’s renewals share. */
export function createParts(context: RenewalContext): RenewalParts {
  const { definition, target, clock, emit, dispatch } = context
  const policy: RefreshPolicy = definition.refresh ?? {}
  const isRedemption = definition.grant === 'authorization_code'
  const grantAddress = grantAddressOf(definition)
  const targetName = canonicalTarget(target)
  const slotTarget = slotTargetOf(definition, target)
  const isOfCustomer = definition.grantTenant !== undefined
  const { tenant } = definition.provider
  const about = { connection: definition.name, tenant, target: targetName }
  const memory: RenewalParts['memory'] = {
    grantId: undefined,
    unseen: undefined,
    failedWith: undefined,
    toldUnknown: undefined,
  }
  const desk = createFailureDesk({
    ...context,
    about,
    isOfCustomer,
    grantId: () => memory.grantId,
  })
  return {
    ...context,
    grantAddress,
    about,
    policy,
    isRedemption,
    isExclusive: isRedemption && definition.provider.rotation === 'strict',
    isOfCustomer,
    isDefaultTarget: targetName === canonicalTarget(definition.target),
    memory,
    desk,
    client: createClientState(definition, context.credentials, clock, () => {
      desk.forget()
      dispatch({ type: 'credentials_changed' })
      emit({ type: 'grant.credentials_changed', at: clock.now(), ...about })
    }),
    slotKeyOf: (grantId, credentialVersion) => ({ grantId, target: slotTarget, credentialVersion }),
    judgedBy: (purpose) => ({
      slot: context.slot(),
      purpose,
      policy,
      jitter: context.jitter,
      instant: context.instant(),
      now: clock.now(),
    }),
  }
}

/** Names a grant with the version of its refresh token. */
export function versionOf({ id, refreshToken }: GrantRecord): string {
  return `${id} ${refreshToken?.version ?? 0}`
}

/** The error of a renewal that took too long. */
export function tooSlow(address: string): EvergrantError {
  return new EvergrantError(
    'token_wait_timeout',
    `renewing the token of "${address}" took longer than ${renewalDeadlineMs / 1_000} seconds`,
  )
}

/** The error of a renewal that the end of the engine cut short. */
export function closedError(address: string): EvergrantError {
  return new EvergrantError('engine_closed', `no token of "${address}" can be renewed any more`)
}

/** A fault of ours as an error. */
export function fault(thrown: unknown): EvergrantError {
  const kind = thrown instanceof Error ? thrown.name : typeof thrown
  return new EvergrantError('internal', `renewing a token ended in an unexpected ${kind}`, {
    cause: thrown,
  })
}
