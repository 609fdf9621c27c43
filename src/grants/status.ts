import { isEvergrantError, type Clock } from '../kernel/index.ts'
import { canonicalTarget, type ProviderProfile } from '../oauth/index.ts'
import { exchangeGate } from './exchange-gate.ts'
import { grantAddressOf } from './grant-address.ts'
import type { Pauses } from './pauses.ts'
import type {
  GrantFailure,
  GrantRecord,
  GrantStanding,
  GrantState,
  GrantStore,
  TokenSlotRecord,
} from './ports.ts'
import { standingCodes } from './standing.ts'
import { type SlotFailure, capLife, emptySlot, holdToken, usableToken } from './slot.ts'
import type { TokenSlot } from './token-slot.ts'

/**
 * How a connection stands: `unused` never had a token, `valid` has one, `failing` has one that
 * serves on although the last renewal failed, or none after a passing failure, `expired` will get
 * one on the next access, `lapsed` has none until someone acts. `refresh_unknown` has a refresh
 * token that may have been spent, and serves what is left; `revoked` serves nothing; `orphaned`
 * rests until it is used again. `paused` hands out nothing, whatever else is the matter.
 */
export type ConnectionState =
  | 'unused'
  | 'valid'
  | 'failing'
  | 'expired'
  | 'lapsed'
  | 'refresh_unknown'
  | 'revoked'
  | 'orphaned'
  | 'paused'

/** The refresh token of a grant as far as it may be shown. Instants are epoch ms. */
export interface RefreshTokenStatus {
  /** Goes up with every rotation. */
  readonly version: number
  readonly obtainedAt: number
  readonly lastUsedAt: number
  /** When the provider said it dies. */
  readonly expiresAt?: number
  /** When it dies if nobody uses it, where the provider is known for that. */
  readonly idleExpiresAt?: number
  /** Since when nobody knows whether it was spent. */
  readonly unknownSince?: number
}

/** The end of one credential, as far as anyone knows. */
export interface CredentialStatus {
  /** Its place among the connection’s credentials, from 0. */
  readonly position: number
  readonly kind: 'secret' | 'certificate' | 'federated'
  /** What the certificate says, else what was noted (epoch ms). */
  readonly expiresAt?: number
}

/** What `connections show` prints. Instants are epoch ms; nothing secret. */
export interface ConnectionStatus {
  readonly name: string
  /** As callers write it: `name`, or `name@tenant`. */
  readonly address: string
  readonly provider: ProviderProfile['type']
  readonly host: string
  readonly tenant: string
  readonly clientId: string
  /** Resource or scopes, in canonical form. */
  readonly target: string
  readonly state: ConnectionState
  readonly token?: {
    readonly issuedAt: number
    readonly expiresAt: number
    /** When a renewal starts in the background. */
    readonly renewAt: number
  }
  readonly lastFailure?: GrantFailure
  /** When the next attempt may be made, if one is held back. */
  readonly nextAttemptAt?: number
  readonly isRenewing: boolean
  /** The grant as stored; absent before its first use. */
  readonly grant?: {
    readonly id: string
    readonly standing: GrantStanding
    readonly state: GrantState
    readonly stateChangedAt: number
    /** Empty while unknown, and for a grant of the application itself. */
    readonly subject: string
  }
  readonly refreshToken?: RefreshTokenStatus
  /** When it wants to be renewed without anyone asking. */
  readonly keepAliveAt?: number
  readonly credentials: readonly CredentialStatus[]
  /** Tokens obtained for the grant in all, by every process. */
  readonly refreshCount: number
  readonly lastRefreshedAt?: number
  /** False when the store could not be asked: the answer is from memory alone. */
  readonly isStoreReachable: boolean
}

/** Puts a status together from memory and store; memory wins where it is newer. */
export async function describeStatus(
  connection: TokenSlot,
  store: GrantStore,
  clock: Clock,
  pauses: Pauses,
): Promise<ConnectionStatus> {
  const { definition, address, target } = connection
  const { name, provider, clientId } = definition
  const { grant, stored, isStoreReachable } = await ask(connection, store)
  const slot = connection.slot()
  const now = connection.instant()
  const held = usableToken(slot, now) ?? fromStore(connection, stored, clock.now())
  const gate = exchangeGate(slot, now)
  const isOfCustomer = definition.grantTenant !== undefined
  // What the grant itself met says nothing of a customer, and the other way round.
  const kept = isOfCustomer ? stored?.failure : grant?.lastFailure
  const lastFailure = newest(slot.failure, kept, clock.now())
  const blockedUntil = stored?.blockedUntil ?? 0
  const nextAttemptAt = gate.isOpen ? (blockedUntil > now ? blockedUntil : undefined) : gate.until
  // What the grant lacks is told by its own state.
  const failure = standingCodes.has(slot.failure?.error.code ?? 'internal')
    ? undefined
    : slot.failure
  const refusal = failure ?? (isOfCustomer ? stored?.failure : undefined)
  const isLapsed = refusal === undefined ? grant?.state === 'lapsed' : refusal.retry !== 'backoff'
  const isFailing =
    refusal !== undefined ||
    (!isOfCustomer && (lastFailure?.at ?? 0) > (grant?.lastRefreshedAt ?? 0))
  const wasUsed =
    held !== undefined ||
    (isOfCustomer ? (stored?.version ?? 0) > 0 : grant?.lastRefreshedAt !== undefined)
  return {
    name,
    address,
    provider: provider.type,
    host: provider.host,
    tenant: provider.tenant,
    clientId,
    target: canonicalTarget(target),
    state: stateOf(grant, {
      isPaused: pauses.of(name) !== undefined,
      isLapsed: isLapsed && held === undefined,
      isFailing,
      isHeld: held !== undefined,
      wasUsed,
    }),
    ...(held === undefined
      ? {}
      : {
          token: {
            issuedAt: held.token.issuedAt,
            expiresAt: held.token.expiresAt,
            renewAt: held.softAt,
          },
        }),
    ...(lastFailure === undefined ? {} : { lastFailure }),
    ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }),
    isRenewing: connection.isRenewing(),
    ...describeGrant(connection, grant),
    credentials: describeCredentials(connection),
    refreshCount: grant?.refreshCount ?? 0,
    ...(grant?.lastRefreshedAt === undefined ? {} : { lastRefreshedAt: grant.lastRefreshedAt }),
    isStoreReachable,
  }
}

function stateOf(
  grant: GrantRecord | undefined,
  facts: {
    readonly isPaused: boolean
    readonly isLapsed: boolean
    readonly isFailing: boolean
    readonly isHeld: boolean
    readonly wasUsed: boolean
  },
): ConnectionState {
  if (facts.isPaused) return 'paused'
  if (grant?.state === 'revoked' || grant?.state === 'orphaned') return grant.state
  if (facts.isLapsed) return 'lapsed'
  if (grant?.refreshToken?.unknownSince !== undefined) return 'refresh_unknown'
  if (facts.isFailing) return 'failing'
  if (facts.isHeld) return 'valid'
  return facts.wasUsed ? 'expired' : 'unused'
}

function describeGrant(
  { definition }: TokenSlot,
  grant: GrantRecord | undefined,
): Pick<ConnectionStatus, 'grant' | 'refreshToken' | 'keepAliveAt'> {
  if (grant === undefined) return {}
  const { id, standing, state, stateChangedAt, subject, refreshToken, keepAliveAt } = grant
  const { refreshIdleMs } = definition.provider
  return {
    grant: { id, standing, state, stateChangedAt, subject },
    ...(keepAliveAt === undefined ? {} : { keepAliveAt }),
    ...(refreshToken === undefined
      ? {}
      : {
          refreshToken: {
            ...refreshToken,
            ...(refreshIdleMs === undefined
              ? {}
              : { idleExpiresAt: refreshToken.lastUsedAt + refreshIdleMs }),
          },
        }),
  }
}

function describeCredentials({ definition, renewal }: TokenSlot): readonly CredentialStatus[] {
  const proofs = renewal.credentials()?.proofs ?? []
  return definition.credentials.map(({ kind, expiresAt }, position) => {
    const end = proofs.find((proof) => proof.position === position)?.expiresAt ?? expiresAt
    return { position, kind, ...(end === undefined ? {} : { expiresAt: end }) }
  })
}

async function ask(
  connection: TokenSlot,
  store: GrantStore,
): Promise<{
  readonly grant?: GrantRecord
  readonly stored?: TokenSlotRecord
  readonly isStoreReachable: boolean
}> {
  try {
    const grant = await store.findGrant(grantAddressOf(connection.definition))
    if (grant === undefined) return { isStoreReachable: true }
    const key = await connection.renewal.slotKey()
    const stored = key === undefined ? undefined : await store.readSlot(key)
    return { grant, ...(stored === undefined ? {} : { stored }), isStoreReachable: true }
  } catch (error) {
    if (!isEvergrantError(error)) throw error
    return { isStoreReachable: false }
  }
}

function fromStore(
  { definition }: TokenSlot,
  stored: TokenSlotRecord | undefined,
  now: number,
): ReturnType<typeof usableToken> {
  if (stored?.token === undefined) return undefined
  const policy = definition.refresh ?? {}
  const held = holdToken(capLife(stored.token, policy), policy, 0)
  return usableToken({ ...emptySlot, held }, now)
}

function newest(
  failure: SlotFailure | undefined,
  kept: GrantFailure | undefined,
  now: number,
): GrantFailure | undefined {
  if (failure === undefined) return kept
  const { code, detail, remedy, upstream } = failure.error
  const at = Math.min(failure.at, now)
  return { code, detail, remedy, at, ...(upstream === undefined ? {} : { upstream }) }
}
