import { isEvergrantError, type Clock } from '../kernel/index.ts'
import { canonicalTarget } from '../oauth/index.ts'
import type { ManagedConnection } from './connection-handle.ts'
import { exchangeGate } from './exchange-gate.ts'
import type { GrantFailure, GrantRecord, GrantStore, TokenSlotRecord } from './ports.ts'
import { capLife, holdToken, usableToken, type SlotFailure } from './slot.ts'

/**
 * How a connection stands: `unused` never had a token, `valid` has one, `failing` has one that
 * serves on although the last renewal failed, or none after a passing failure, `expired` will get
 * one on the next access, `lapsed` has none until someone acts.
 */
export type ConnectionState = 'unused' | 'valid' | 'failing' | 'expired' | 'lapsed'

/** What `connections show` prints. Instants are epoch ms; nothing secret. */
export interface ConnectionStatus {
  readonly name: string
  readonly provider: 'entra' | 'oidc'
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
  /** Tokens obtained for the grant in all, by every process. */
  readonly refreshCount: number
  readonly lastRefreshedAt?: number
  /** False when the store could not be asked: the answer is from memory alone. */
  readonly isStoreReachable: boolean
}

/** Puts a status together from memory and store; memory wins where it is newer. */
export async function describeStatus(
  connection: ManagedConnection,
  store: GrantStore,
  clock: Clock,
): Promise<ConnectionStatus> {
  const { definition } = connection
  const { name, provider, clientId, target } = definition
  const { grant, stored, isStoreReachable } = await ask(connection, store)
  const slot = connection.slot()
  const now = connection.instant()
  const held = usableToken(slot, now) ?? fromStore(connection, stored, clock.now())
  const gate = exchangeGate(slot, now)
  const lastFailure = newest(slot.failure, grant, clock.now())
  const blockedUntil = stored?.blockedUntil ?? 0
  const nextAttemptAt = gate.isOpen ? (blockedUntil > now ? blockedUntil : undefined) : gate.until
  const isLapsed =
    slot.failure === undefined ? grant?.state === 'lapsed' : slot.failure.retry !== 'backoff'
  const isFailing =
    slot.failure !== undefined || (lastFailure?.at ?? 0) > (grant?.lastRefreshedAt ?? 0)
  const wasUsed = held !== undefined || grant?.lastRefreshedAt !== undefined
  return {
    name,
    provider: provider.type,
    host: provider.host,
    tenant: provider.tenant,
    clientId,
    target: canonicalTarget(target),
    state: stateOf({
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
    refreshCount: grant?.refreshCount ?? 0,
    ...(grant?.lastRefreshedAt === undefined ? {} : { lastRefreshedAt: grant.lastRefreshedAt }),
    isStoreReachable,
  }
}

function stateOf(facts: {
  readonly isLapsed: boolean
  readonly isFailing: boolean
  readonly isHeld: boolean
  readonly wasUsed: boolean
}): ConnectionState {
  if (facts.isLapsed) return 'lapsed'
  if (facts.isFailing) return 'failing'
  if (facts.isHeld) return 'valid'
  return facts.wasUsed ? 'expired' : 'unused'
}

async function ask(
  connection: ManagedConnection,
  store: GrantStore,
): Promise<{
  readonly grant?: GrantRecord
  readonly stored?: TokenSlotRecord
  readonly isStoreReachable: boolean
}> {
  const { name, provider } = connection.definition
  try {
    const grant = await store.findGrant({ connection: name, tenant: provider.tenant, subject: '' })
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
  { definition }: ManagedConnection,
  stored: TokenSlotRecord | undefined,
  now: number,
): ReturnType<typeof usableToken> {
  if (stored?.token === undefined) return undefined
  const policy = definition.refresh ?? {}
  const held = holdToken(capLife(stored.token, policy), policy, 0)
  return usableToken({ held, refused: [], fruitlessAt: [] }, now)
}

function newest(
  failure: SlotFailure | undefined,
  grant: GrantRecord | undefined,
  now: number,
): GrantFailure | undefined {
  if (failure === undefined) return grant?.lastFailure
  const { code, detail, remedy, upstream } = failure.error
  const at = Math.min(failure.at, now)
  return { code, detail, remedy, at, ...(upstream === undefined ? {} : { upstream }) }
}
