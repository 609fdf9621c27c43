import type {
  GrantKey,
  GrantRecord,
  GrantStore,
  TokenSlotKey,
  TokenSlotRecord,
} from '../../src/grants/index.ts'

/** A grant store in memory whose faults a test dictates. */
export interface MemoryGrantStore extends GrantStore {
  /** Every call throws this while it is set. */
  fault: Error | undefined
  /** Every call waits for this while it is set. */
  gate: Promise<void> | undefined
  /** Called before each write of a token, to let another process win. */
  beforeSave: (() => Promise<void> | void) | undefined
  readonly calls: string[]
  /** The only slot there is; throws when there are more or none. */
  onlySlot(): TokenSlotRecord
}

/** Makes an empty store. */
export function createMemoryGrantStore(): MemoryGrantStore {
  const grants = new Map<string, GrantRecord>()
  const slots = new Map<string, TokenSlotRecord>()
  const enter = async (call: string): Promise<void> => {
    store.calls.push(call)
    await store.gate
    if (store.fault !== undefined) throw store.fault
  }
  const change = (id: string, patch: (grant: GrantRecord) => Partial<GrantRecord>): void => {
    for (const [key, grant] of grants) {
      if (grant.id === id) grants.set(key, { ...grant, ...patch(grant) })
    }
  }
  const store: MemoryGrantStore = {
    fault: undefined,
    gate: undefined,
    beforeSave: undefined,
    calls: [],
    onlySlot: () => {
      const [only, ...others] = slots.values()
      if (only === undefined || others.length > 0) throw new Error(`there are ${slots.size} slots`)
      return only
    },
    ensureGrant: async (key, now) => {
      await enter('ensureGrant')
      const known = grants.get(grantKey(key))
      if (known !== undefined) return known
      const { connection, tenant, subject } = key
      const grant: GrantRecord = {
        connection,
        tenant,
        subject,
        id: `grt_${grants.size + 1}`,
        state: 'pending',
        stateChangedAt: now,
        createdAt: now,
        refreshCount: 0,
      }
      grants.set(grantKey(key), grant)
      return grant
    },
    findGrant: async (key) => {
      await enter('findGrant')
      return grants.get(grantKey(key))
    },
    listGrants: async ({ limit }) => {
      await enter('listGrants')
      return [...grants.values()].slice(0, limit)
    },
    readSlot: async (slot) => {
      await enter('readSlot')
      return slots.get(slotKey(slot))
    },
    saveToken: async (slot, expectedVersion, token, { claims, now }) => {
      await enter('saveToken')
      await store.beforeSave?.()
      const current = slots.get(slotKey(slot)) ?? { version: 0 }
      if (current.version !== expectedVersion) return { saved: false, current }
      const version = current.version + 1
      slots.set(slotKey(slot), { token, version, ...(claims === undefined ? {} : { claims }) })
      change(slot.grantId, (grant) => ({
        state: 'active',
        refreshCount: grant.refreshCount + 1,
        lastRefreshedAt: now,
      }))
      return { saved: true, version }
    },
    recordFailure: async (grantId, failure, { lapse }) => {
      await enter('recordFailure')
      change(grantId, () => ({
        lastFailure: failure,
        ...(lapse ? { state: 'lapsed' as const } : {}),
      }))
    },
    blockSlot: async (slot, until) => {
      await enter('blockSlot')
      const current = slots.get(slotKey(slot)) ?? { version: 0 }
      slots.set(slotKey(slot), { ...current, blockedUntil: until })
    },
  }
  return store
}

function grantKey({ connection, tenant, subject }: GrantKey): string {
  return JSON.stringify([connection, tenant, subject])
}

function slotKey({ grantId, target, credentialVersion }: TokenSlotKey): string {
  return JSON.stringify([grantId, target, credentialVersion])
}
