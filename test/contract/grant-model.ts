import type {
  ExchangeClaim,
  ExchangeFailure,
  ExchangeStart,
  ExchangeSuccess,
  GrantFailure,
  GrantRecord,
  GrantStanding,
  RefreshIntent,
  SharedFailure,
  TokenSlotKey,
  TokenSlotRecord,
} from '../../src/grants/ports.ts'
import type { Secret } from '../../src/kernel/index.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
interface ModelGrant {
  readonly record: Mutable<GrantRecord>
  refreshVersion: number
  refreshToken?: Secret
}
type ModelSlot = Mutable<TokenSlotRecord>

/**
 * The port in its plainest form: maps in memory, one step at a time. What it says is what a store
 * must do.
 */
export class GrantModel {
  readonly #grants: ModelGrant[] = []
  readonly #slots = new Map<string, ModelSlot>()
  #intents: Mutable<RefreshIntent>[] = []

  ids(): readonly string[] {
    return this.#grants.map(({ record }) => record.id)
  }

  /** What a store tells of a grant and one of its slots. */
  view(slot: TokenSlotKey): object {
    const { record, refreshToken, refreshVersion } = this.#grant(slot.grantId)
    const intent = this.#intent(record.id, refreshVersion)
    return {
      grant: record,
      slot: this.#slots.get(keyOf(slot)),
      refreshToken,
      intent,
    }
  }

  current(connection: string): GrantRecord | undefined {
    return this.#inStanding(connection, 'current')?.record
  }

  add(record: GrantRecord, refreshToken?: Secret): void {
    if (record.standing === 'candidate') {
      const earlier = this.#inStanding(record.connection, 'candidate')
      if (earlier !== undefined) this.#supersede(earlier)
    }
    this.#grants.push({
      record: { ...record },
      refreshVersion: refreshToken === undefined ? 0 : 1,
      ...(refreshToken === undefined ? {} : { refreshToken }),
    })
  }

  activate(id: string, subject: string, now: number): boolean {
    const candidate = this.#grant(id)
    if (candidate.record.standing !== 'candidate' || isOver(candidate)) return false
    const serving = this.#inStanding(candidate.record.connection, 'current')
    if (serving !== undefined) this.#supersede(serving)
    Object.assign(candidate.record, { standing: 'current', subject })
    Object.assign(candidate.record, { state: 'active', stateChangedAt: now })
    return true
  }

  discard(id: string, failure: GrantFailure): void {
    const candidate = this.#grant(id)
    if (candidate.record.standing !== 'candidate') return
    candidate.record.lastFailure = failure
    this.#supersede(candidate)
  }

  revoke(id: string, now: number): void {
    const grant = this.#grant(id)
    if (grant.record.state === 'revoked') return
    this.#erase(grant)
    setState(grant, 'revoked', now)
  }

  setState(id: string, state: 'orphaned' | 'pending' | 'active', now: number): void {
    const grant = this.#grant(id)
    if (grant.record.state === 'revoked' && state !== 'pending') return
    setState(grant, state, now)
  }

  recordFailure(id: string, failure: GrantFailure, lapse: boolean): void {
    const grant = this.#grant(id)
    grant.record.lastFailure = failure
    if (lapse && !isOver(grant)) setState(grant, 'lapsed', failure.at)
  }

  schedule(id: string, at: number | undefined): void {
    const { record } = this.#grant(id)
    delete record.keepAliveAt
    if (at !== undefined) record.keepAliveAt = at
  }

  takeDue(now: number, leaseMs: number): readonly GrantRecord[] {
    const due = this.#grants.filter(
      ({ record: { keepAliveAt, standing, state } }) =>
        keepAliveAt !== undefined &&
        keepAliveAt <= now &&
        standing === 'current' &&
        state !== 'revoked',
    )
    for (const { record } of due) record.keepAliveAt = now + leaseMs
    return due.map(({ record }) => record)
  }

  markUnknown(id: string, refreshVersion: number, now: number, attemptId?: string): void {
    const grant = this.#grant(id)
    const { record } = grant
    if (record.refreshToken?.version === refreshVersion) {
      const { unknownSince = now } = record.refreshToken
      record.refreshToken = { ...record.refreshToken, unknownSince }
    }
    const intent = this.#intent(id, refreshVersion)
    if (intent !== undefined && (attemptId ?? intent.attemptId) === intent.attemptId) {
      intent.isUnknown = true
    }
  }

  begin(claim: ExchangeClaim): ExchangeStart {
    const { slot, redemption, now, attemptId, owner, leaseMs } = claim
    const grant = this.#grant(slot.grantId)
    const known = this.#slots.get(keyOf(slot))
    if (isOver(grant) || (known?.version ?? 0) !== claim.slotVersion) return { kind: 'moved' }
    const version = redemption?.refreshVersion
    if (version !== undefined && grant.record.refreshToken?.version !== version) {
      return { kind: 'moved' }
    }
    const open = known?.flight
    if (open !== undefined && open.leaseUntil > now && open.attemptId !== claim.displaces) {
      return { kind: 'in_flight', flight: open }
    }
    const flight = { attemptId, owner, leaseUntil: now + leaseMs, startedAt: now }
    if (redemption?.isExclusive === true) {
      const intent = this.#intent(slot.grantId, redemption.refreshVersion)
      if (intent !== undefined && intent.attemptId !== redemption.resends) {
        return { kind: 'intent_open', intent }
      }
      this.#intents = this.#intents.filter((other) => other !== intent)
      this.#intents.push({
        ...flight,
        grantId: slot.grantId,
        refreshVersion: redemption.refreshVersion,
        startedAt: intent?.startedAt ?? now,
        resends: intent === undefined ? 0 : intent.resends + 1,
        isUnknown: false,
      })
    }
    this.#slot(slot).flight = flight
    return { kind: 'begun' }
  }

  commit(success: ExchangeSuccess): object {
    const { slot, redemption, now } = success
    const isOfGrant = success.isOfCustomer !== true
    const grant = this.#grant(slot.grantId)
    const isTokenSaved =
      !isOver(grant) && (this.#slots.get(keyOf(slot))?.version ?? 0) === success.slotVersion
    const isRefreshSaved = !isOver(grant) && this.#rotate(grant, success)
    if (!isOver(grant)) {
      const known = this.#slots.get(keyOf(slot))
      if (isTokenSaved) {
        const { token, claims } = success
        this.#slots.set(keyOf(slot), {
          token,
          version: success.slotVersion + 1,
          ...(claims === undefined ? {} : { claims }),
          ...(known?.flight === undefined ? {} : { flight: known.flight }),
        })
        if (isOfGrant) {
          grant.record.refreshCount += 1
          grant.record.lastRefreshedAt = now
        }
      }
      const after = this.#slots.get(keyOf(slot))
      delete after?.failure
      delete after?.blockedUntil
      this.#land(slot, success.attemptId)
    }
    if (isOfGrant && (isTokenSaved || isRefreshSaved)) {
      if (success.keepAliveAt !== undefined) grant.record.keepAliveAt = success.keepAliveAt
      if (grant.record.subject === '') grant.record.subject = redemption?.subject ?? ''
      if (grant.record.standing === 'current') setState(grant, 'active', now)
    }
    const refreshed = isRefreshSaved ? 'saved' : 'superseded'
    const kept = redemption?.refreshToken === undefined ? 'kept' : refreshed
    return {
      token: isTokenSaved ? 'saved' : 'superseded',
      refreshToken: redemption === undefined ? 'none' : kept,
      slot: this.#slots.get(keyOf(slot)) ?? { version: 0 },
    }
  }

  fail(told: ExchangeFailure): void {
    const { slot, attemptId, failure, now, blockedUntil, lapse, redemption } = told
    const grant = this.#grant(slot.grantId)
    if (!isOver(grant)) {
      const known = this.#slot(slot)
      known.failure = failure
      const before = known.blockedUntil ?? 0
      const isKept = blockedUntil !== undefined && before >= blockedUntil
      if (blockedUntil !== undefined && !(isKept && before <= now + 3_600_000)) {
        known.blockedUntil = blockedUntil
      }
    }
    this.#land(slot, attemptId)
    if (redemption?.effect === 'none') this.#withdraw(slot.grantId, attemptId)
    if (redemption?.effect === 'unknown') {
      this.markUnknown(slot.grantId, redemption.refreshVersion, now, attemptId)
    }
    if (told.isOfCustomer !== true) grant.record.lastFailure = asEvidence(failure)
    const isStale = redemption !== undefined && redemption.refreshVersion !== grant.refreshVersion
    if (lapse && !isStale && !isOver(grant)) setState(grant, 'lapsed', now)
  }

  abandon(slot: TokenSlotKey, attemptId: string): void {
    this.#land(slot, attemptId)
    this.#withdraw(slot.grantId, attemptId)
  }

  renew(slot: TokenSlotKey, attemptId: string, leaseUntil: number): boolean {
    const known = this.#slots.get(keyOf(slot))
    if (known?.flight?.attemptId !== attemptId) return false
    known.flight = { ...known.flight, leaseUntil }
    for (const intent of this.#intents) {
      if (intent.grantId === slot.grantId && intent.attemptId === attemptId) {
        intent.leaseUntil = leaseUntil
      }
    }
    return true
  }

  #rotate(grant: ModelGrant, { redemption, now }: ExchangeSuccess): boolean {
    if (redemption === undefined) return false
    const { refreshVersion, refreshToken, refreshExpiresAt } = redemption
    this.#intents = this.#intents.filter(
      (intent) => intent.grantId !== grant.record.id || intent.refreshVersion !== refreshVersion,
    )
    const facts = grant.record.refreshToken
    if (facts === undefined) return false
    const lastUsedAt = Math.max(facts.lastUsedAt, now)
    grant.record.refreshToken = { ...facts, lastUsedAt }
    if (grant.refreshVersion !== refreshVersion) return false
    const expiresAt = refreshExpiresAt ?? (refreshToken === undefined ? facts.expiresAt : undefined)
    if (refreshToken !== undefined) {
      grant.refreshToken = refreshToken
      grant.refreshVersion += 1
    }
    grant.record.refreshToken = {
      version: grant.refreshVersion,
      obtainedAt: refreshToken === undefined ? facts.obtainedAt : now,
      lastUsedAt,
      ...(expiresAt === undefined ? {} : { expiresAt }),
    }
    return true
  }

  #withdraw(grantId: string, attemptId: string): void {
    this.#intents = this.#intents.filter((intent) => {
      if (intent.grantId !== grantId || intent.attemptId !== attemptId) return true
      if (intent.resends === 0) return false
      intent.resends -= 1
      intent.isUnknown = true
      return true
    })
  }

  #land(slot: TokenSlotKey, attemptId: string): void {
    const known = this.#slots.get(keyOf(slot))
    if (known?.flight?.attemptId === attemptId) delete known.flight
  }

  #supersede(grant: ModelGrant): void {
    grant.record.standing = 'superseded'
    this.#erase(grant)
  }

  #erase(grant: ModelGrant): void {
    const { id } = grant.record
    delete grant.record.refreshToken
    delete grant.record.keepAliveAt
    delete grant.refreshToken
    grant.refreshVersion += 1
    this.#intents = this.#intents.filter((intent) => intent.grantId !== id)
    for (const [key, slot] of this.#slots) {
      if (key.startsWith(`["${id}"`)) this.#slots.set(key, { version: slot.version + 1 })
    }
  }

  #slot(slot: TokenSlotKey): ModelSlot {
    const known = this.#slots.get(keyOf(slot)) ?? { version: 0 }
    this.#slots.set(keyOf(slot), known)
    return known
  }

  #intent(grantId: string, refreshVersion: number): Mutable<RefreshIntent> | undefined {
    return this.#intents.find(
      (intent) => intent.grantId === grantId && intent.refreshVersion === refreshVersion,
    )
  }

  #inStanding(connection: string, standing: GrantStanding): ModelGrant | undefined {
    return this.#grants.find(
      ({ record }) => record.connection === connection && record.standing === standing,
    )
  }

  #grant(id: string): ModelGrant {
    const grant = this.#grants.find(({ record }) => record.id === id)
    if (grant === undefined) throw new Error(`the model knows no grant "${id}"`)
    return grant
  }
}

function isOver({ record }: ModelGrant): boolean {
  return record.state === 'revoked' || record.standing === 'superseded'
}

function setState({ record }: ModelGrant, state: GrantRecord['state'], now: number): void {
  if (record.state === state) return
  record.state = state
  record.stateChangedAt = now
}

function asEvidence({ code, detail, remedy, at }: SharedFailure): GrantFailure {
  return { code, detail, remedy, at }
}

function keyOf({ grantId, target, credentialVersion }: TokenSlotKey): string {
  return JSON.stringify([grantId, target, credentialVersion])
}
