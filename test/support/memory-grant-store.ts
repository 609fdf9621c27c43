import type {
  ExchangeFailure,
  GrantAddress,
  GrantFailure,
  GrantRecord,
  GrantStore,
  RefreshIntent,
  TokenSlotKey,
  TokenSlotRecord,
} from '../../src/grants/index.ts'
import type { Secret } from '../../src/kernel/index.ts'

/**
 * Runs before and after every call of one process. It may throw, which is a fault of the store, or
 * never resolve, which is the death of the process: before, nothing was done; after, all was.
 */
export type StoreHook = (call: keyof GrantStore, phase: 'before' | 'after') => Promise<void> | void

/** A grant store in memory whose faults a test dictates. */
export interface MemoryGrantStore extends GrantStore {
  /** Every call throws this while it is set. */
  fault: Error | undefined
  /** Every call waits for this while it is set. */
  gate: Promise<void> | undefined
  readonly calls: (keyof GrantStore)[]
  /** The same data as another process reaches it. */
  as(hook: StoreHook): GrantStore
  /** The only slot there is; throws when there are more or none. */
  onlySlot(): TokenSlotRecord
  /** Every open entry of the journal. */
  intents(): readonly RefreshIntent[]
  /** The grant and its refresh token, for tests to look at. */
  grantOf(address: GrantAddress): MemoryGrant | undefined
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** A grant as the memory has it. */
export interface MemoryGrant {
  readonly record: GrantRecord
  readonly refreshToken: Secret | undefined
}

interface Row {
  record: Mutable<GrantRecord>
  refreshVersion: number
  refreshToken: Secret | undefined
}

type Slot = Mutable<TokenSlotRecord>
type Intent = Mutable<RefreshIntent>

const longestBlockMs = 3_600_000

/** Makes an empty store. */
export function createMemoryGrantStore(): MemoryGrantStore {
  const rows: Row[] = []
  const slots = new Map<string, Slot & { readonly key: TokenSlotKey }>()
  let intents: Intent[] = []

  const byId = (id: string): Row | undefined => rows.find(({ record }) => record.id === id)
  const inStanding = (address: GrantAddress, standing: GrantRecord['standing']): Row | undefined =>
    rows.find(
      ({ record }) =>
        record.connection === address.connection &&
        record.tenant === address.tenant &&
        record.standing === standing,
    )
  const slotAt = (key: TokenSlotKey): Slot => {
    const name = slotName(key)
    const known = slots.get(name) ?? { key, version: 0 }
    slots.set(name, known)
    return known
  }
  const intentOf = (grantId: string, version: number): Intent | undefined =>
    intents.find((intent) => intent.grantId === grantId && intent.refreshVersion === version)
  const isOver = ({ record }: Row): boolean =>
    record.state === 'revoked' || record.standing === 'superseded'
  const setState = (row: Row, state: GrantRecord['state'], now: number): void => {
    if (row.record.state === state) return
    row.record.state = state
    row.record.stateChangedAt = now
  }
  const endFlight = (key: TokenSlotKey, attemptId: string): void => {
    const slot = slots.get(slotName(key))
    if (slot?.flight?.attemptId === attemptId) delete slot.flight
  }
  const withdraw = (grantId: string, attemptId: string): void => {
    const isThis = (intent: Intent): boolean =>
      intent.grantId === grantId && intent.attemptId === attemptId
    intents = intents.filter((intent) => !isThis(intent) || intent.resends > 0)
    for (const intent of intents.filter(isThis)) {
      intent.resends--
      intent.isUnknown = true
    }
  }
  const markUnknown = (grantId: string, version: number, now: number, attempt?: string): void => {
    const row = byId(grantId)
    const facts = row?.record.refreshToken
    if (row !== undefined && facts?.version === version) {
      row.record.refreshToken = { ...facts, unknownSince: facts.unknownSince ?? now }
    }
    const intent = intentOf(grantId, version)
    if (intent !== undefined && (attempt === undefined || intent.attemptId === attempt)) {
      intent.isUnknown = true
    }
  }
  const erase = (row: Row): void => {
    row.refreshToken = undefined
    row.refreshVersion++
    delete row.record.refreshToken
    delete row.record.keepAliveAt
    for (const [name, { key, version }] of slots) {
      if (key.grantId === row.record.id) slots.set(name, { key, version: version + 1 })
    }
    intents = intents.filter(({ grantId }) => grantId !== row.record.id)
  }
  const supersede = (row: Row): void => {
    row.record.standing = 'superseded'
    erase(row)
  }
  const add = (address: GrantAddress, standing: 'current' | 'candidate', now: number): Row => {
    const { connection, tenant } = address
    const row: Row = {
      record: {
        connection,
        tenant,
        subject: '',
        id: `grt_${String(rows.length + 1).padStart(8, '0')}`,
        standing,
        state: 'pending',
        stateChangedAt: now,
        createdAt: now,
        refreshCount: 0,
      },
      refreshVersion: 0,
      refreshToken: undefined,
    }
    rows.push(row)
    return row
  }
  const isDue = ({ record }: Row, now: number): boolean =>
    record.standing === 'current' &&
    record.state !== 'revoked' &&
    record.keepAliveAt !== undefined &&
    record.keepAliveAt <= now

  const recordSlotFailure = ({ slot: key, now, failure, blockedUntil }: ExchangeFailure): void => {
    const slot = slotAt(key)
    slot.failure = failure
    if (blockedUntil === undefined) return
    const known = slot.blockedUntil ?? 0
    const isKept = known >= blockedUntil && known <= now + longestBlockMs
    slot.blockedUntil = isKept ? known : blockedUntil
  }

  /** Every step of the port, atomic because synchronous. */
  const steps: { [K in keyof GrantStore]: (...args: Parameters<GrantStore[K]>) => unknown } = {
    ensureGrant: (address, now) =>
      copy((inStanding(address, 'current') ?? add(address, 'current', now)).record),
    findGrant: (address) => copyOf(inStanding(address, 'current')),
    getGrant: (id) => copyOf(byId(id)),
    listGrants: ({ connection, tenant, standing, limit, afterId }) =>
      rows
        .map(({ record }) => copy(record))
        .toReversed()
        .filter((record) => connection === undefined || record.connection === connection)
        .filter((record) => tenant === undefined || record.tenant === tenant)
        .filter((record) => standing === undefined || record.standing === standing)
        .filter((record) => afterId === undefined || record.id < afterId)
        .slice(0, limit),
    readSlot: (key) => shown(slots.get(slotName(key))),
    viewForRenewal: (key) => {
      const row = byId(key.grantId)
      if (row === undefined) return undefined
      const slot = shown(slots.get(slotName(key)))
      const intent = intentOf(key.grantId, row.refreshVersion)
      return {
        grant: copy(row.record),
        ...(slot === undefined ? {} : { slot }),
        ...(row.refreshToken === undefined ? {} : { refreshToken: row.refreshToken }),
        ...(intent === undefined ? {} : { intent: copy(intent) }),
      }
    },
    beginExchange: (claim) => {
      const { slot: key, now, attemptId, owner, redemption } = claim
      const row = byId(key.grantId)
      const slot = slots.get(slotName(key))
      if (row === undefined || isOver(row)) return { kind: 'moved' }
      if ((slot?.version ?? 0) !== claim.slotVersion) return { kind: 'moved' }
      const version = row.record.refreshToken?.version
      if (redemption !== undefined && version !== redemption.refreshVersion)
        return { kind: 'moved' }
      const flight = slot?.flight
      if (flight !== undefined && flight.leaseUntil > now && flight.attemptId !== claim.displaces) {
        return { kind: 'in_flight', flight }
      }
      const leaseUntil = now + claim.leaseMs
      if (redemption?.isExclusive === true) {
        const open = intentOf(key.grantId, redemption.refreshVersion)
        if (open !== undefined && open.attemptId !== redemption.resends) {
          return { kind: 'intent_open', intent: copy(open) }
        }
        const resends = open === undefined ? 0 : open.resends + 1
        const { refreshVersion } = redemption
        const startedAt = open?.startedAt ?? now
        intents = intents.filter((intent) => intent !== open)
        intents.push({
          grantId: key.grantId,
          refreshVersion,
          attemptId,
          owner,
          leaseUntil,
          startedAt,
          resends,
          isUnknown: false,
        })
      }
      slotAt(key).flight = { attemptId, owner, leaseUntil, startedAt: now }
      return { kind: 'begun' }
    },
    commitExchange: ({ slot: key, attemptId, slotVersion, token, claims, now, ...more }) => {
      const { redemption, keepAliveAt, isOfCustomer } = more
      const row = byId(key.grantId)
      const outcome = (isSaved: boolean): string =>
        redemption === undefined
          ? 'none'
          : redemption.refreshToken === undefined
            ? 'kept'
            : isSaved
              ? 'saved'
              : 'superseded'
      if (row === undefined || isOver(row)) {
        const slot = shown(slots.get(slotName(key))) ?? { version: 0 }
        return { token: 'superseded', refreshToken: outcome(false), slot }
      }
      const { record } = row
      const isTokenSaved = (slots.get(slotName(key))?.version ?? 0) === slotVersion
      const slot: Slot = isTokenSaved ? slotAt(key) : (slots.get(slotName(key)) ?? { version: 0 })
      if (isTokenSaved) {
        slot.version++
        slot.token = token
        delete slot.claims
        if (claims !== undefined) slot.claims = claims
        if (isOfCustomer !== true) {
          record.refreshCount++
          record.lastRefreshedAt = now
        }
      }
      let isRefreshSaved = false
      if (redemption !== undefined) {
        const { refreshVersion, refreshToken, refreshExpiresAt } = redemption
        intents = intents.filter(
          (intent) => intent.grantId !== record.id || intent.refreshVersion !== refreshVersion,
        )
        const facts = record.refreshToken
        if (facts !== undefined) {
          const { unknownSince: _known, ...rest } = { ...facts, lastUsedAt: now }
          record.refreshToken = { ...facts, lastUsedAt: now }
          const expiry = refreshExpiresAt === undefined ? {} : { expiresAt: refreshExpiresAt }
          if (facts.version === refreshVersion) {
            isRefreshSaved = true
            record.refreshToken = { ...rest, ...expiry }
            if (refreshToken !== undefined) {
              row.refreshToken = refreshToken
              row.refreshVersion++
              const version = row.refreshVersion
              record.refreshToken = { version, obtainedAt: now, lastUsedAt: now, ...expiry }
            }
          }
        }
      }
      endFlight(key, attemptId)
      delete slot.failure
      delete slot.blockedUntil
      if ((isTokenSaved || isRefreshSaved) && isOfCustomer !== true) {
        if (keepAliveAt !== undefined) record.keepAliveAt = keepAliveAt
        if (record.subject === '') record.subject = redemption?.subject ?? ''
        if (record.standing === 'current') setState(row, 'active', now)
      }
      return {
        token: isTokenSaved ? 'saved' : 'superseded',
        refreshToken: outcome(isRefreshSaved),
        slot: shown(slot),
      }
    },
    failExchange: (told) => {
      const { slot: key, attemptId, failure, now, lapse, redemption } = told
      const row = byId(key.grantId)
      if (row === undefined) return
      if (!isOver(row)) recordSlotFailure(told)
      endFlight(key, attemptId)
      if (redemption?.effect === 'none') withdraw(key.grantId, attemptId)
      if (redemption?.effect === 'unknown') {
        markUnknown(key.grantId, redemption.refreshVersion, now, attemptId)
      }
      if (told.isOfCustomer !== true) row.record.lastFailure = evidenceOf(failure)
      const isStale = redemption !== undefined && redemption.refreshVersion !== row.refreshVersion
      if (lapse && !isStale && !isOver(row)) setState(row, 'lapsed', now)
    },
    abandonExchange: (key, attemptId) => {
      endFlight(key, attemptId)
      withdraw(key.grantId, attemptId)
    },
    renewLease: (key, attemptId, leaseUntil) => {
      const slot = slots.get(slotName(key))
      if (slot?.flight?.attemptId !== attemptId) return false
      slot.flight = { ...slot.flight, leaseUntil }
      for (const intent of intents)
        if (intent.attemptId === attemptId) intent.leaseUntil = leaseUntil
      return true
    },
    markRefreshUnknown: (grantId, version, now) => markUnknown(grantId, version, now),
    recordFailure: (grantId, failure, { lapse }) => {
      const row = byId(grantId)
      if (row === undefined) return
      row.record.lastFailure = failure
      if (lapse && !isOver(row)) setState(row, 'lapsed', failure.at)
    },
    addCandidate: (key, { secret, expiresAt }, now) => {
      const earlier = inStanding(key, 'candidate')
      if (earlier !== undefined) supersede(earlier)
      const row = add(key, 'candidate', now)
      row.refreshToken = secret
      row.refreshVersion = 1
      row.record.subject = key.subject
      row.record.refreshToken = {
        version: 1,
        obtainedAt: now,
        lastUsedAt: now,
        ...(expiresAt === undefined ? {} : { expiresAt }),
      }
      return copy(row.record)
    },
    activateCandidate: (grantId, subject, now) => {
      const row = byId(grantId)
      if (row?.record.standing !== 'candidate' || isOver(row)) return false
      const serving = inStanding(row.record, 'current')
      if (serving !== undefined) supersede(serving)
      row.record = {
        ...row.record,
        standing: 'current',
        state: 'active',
        stateChangedAt: now,
        subject,
      }
      return true
    },
    discardCandidate: (grantId, failure) => {
      const row = byId(grantId)
      if (row?.record.standing !== 'candidate') return
      row.record.lastFailure = failure
      supersede(row)
    },
    revokeGrant: (grantId, now) => {
      const row = byId(grantId)
      if (row === undefined || row.record.state === 'revoked') return
      erase(row)
      setState(row, 'revoked', now)
    },
    setGrantState: (grantId, state, now) => {
      const row = byId(grantId)
      if (row === undefined || (row.record.state === 'revoked' && state !== 'pending')) return
      setState(row, state, now)
    },
    scheduleKeepAlive: (grantId, at) => {
      const record = byId(grantId)?.record
      if (record === undefined) return
      delete record.keepAliveAt
      if (at !== undefined) record.keepAliveAt = at
    },
    earliestDue: () => {
      const all = rows.filter((row) => isDue(row, Number.POSITIVE_INFINITY))
      const times = all.map(({ record }) => record.keepAliveAt ?? 0)
      return times.length === 0 ? undefined : Math.min(...times)
    },
    takeDue: (now, limit, leaseMs) => {
      const due = rows
        .filter((row) => isDue(row, now))
        .toSorted((a, b) => (a.record.keepAliveAt ?? 0) - (b.record.keepAliveAt ?? 0))
        .slice(0, limit)
      for (const { record } of due) record.keepAliveAt = now + leaseMs
      return due.map(({ record }) => copy(record))
    },
  }

  const reach = (hook: StoreHook): GrantStore => {
    const call =
      (name: keyof GrantStore) =>
      async (...args: never[]) => {
        await hook(name, 'before')
        const value = steps[name](...args)
        await hook(name, 'after')
        return value
      }
    const names = Object.keys(steps) as (keyof GrantStore)[]
    return Object.fromEntries(names.map((name) => [name, call(name)])) as unknown as GrantStore
  }
  const enter: StoreHook = async (call, phase) => {
    if (phase === 'after') return
    store.calls.push(call)
    await store.gate
    if (store.fault !== undefined) throw store.fault
  }

  const store: MemoryGrantStore = {
    ...reach(enter),
    fault: undefined,
    gate: undefined,
    calls: [],
    as: (hook) =>
      reach(async (call, phase) => {
        await hook(call, phase)
        await enter(call, phase)
      }),
    onlySlot: () => {
      const [only, ...others] = slots.values()
      if (only === undefined || others.length > 0) throw new Error(`there are ${slots.size} slots`)
      return shown(only) ?? { version: 0 }
    },
    intents: () => intents.map(copy),
    grantOf: (address) => inStanding(address, 'current'),
  }
  return store
}

function copy<T extends object>(value: T): T {
  return { ...value }
}

/** What is kept of a failure as the grant’s evidence. */
function evidenceOf({ code, detail, remedy, at, upstream }: GrantFailure): GrantFailure {
  return { code, detail, remedy, at, ...(upstream === undefined ? {} : { upstream }) }
}

function copyOf(row: Row | undefined): GrantRecord | undefined {
  return row === undefined ? undefined : copy(row.record)
}

function shown(
  slot: (Slot & { readonly key?: TokenSlotKey }) | undefined,
): TokenSlotRecord | undefined {
  if (slot === undefined) return undefined
  const { key: _key, ...record } = slot
  return record
}

function slotName({ grantId, target, credentialVersion }: TokenSlotKey): string {
  return JSON.stringify([grantId, target, credentialVersion])
}
