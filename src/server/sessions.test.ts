import { describe, expect, it } from 'vitest'
import type { SessionRecord, SessionStore } from '../access/index.ts'
import type { Account } from '../directory/index.ts'
import type { Identity } from '../identity/index.ts'
import { createEventBus, createManualClock, EvergrantError } from '../kernel/index.ts'
import { callerOfFacts, factsOf } from './bearer-facts.ts'
import type { AnyEvent, Composition } from './compose.ts'
import type { Bearer } from './open-bearer.ts'
import { openSessions } from './sessions.ts'

const account: Account = {
  tenantId: 't',
  kind: 'user',
  id: 'o',
  properties: { accountEnabled: true },
  updatedAt: 1,
}
const identity: Identity = {
  issuer: 'lab',
  iss: undefined,
  subject: 'anna',
  principal: 'user',
  tenantId: 't',
  clientId: undefined,
  account,
  userName: 'Anna',
  role: undefined,
  connections: [],
  scopes: [],
  expiresAt: 4_000_000_000_000,
  claims: [],
}

/** Sessions over a store in memory whose accounts are read when `gate` opens. */
function makeWorld(): {
  readonly use: () => Promise<string>
  readonly begin: () => Promise<void>
  readonly forgetAccounts: () => void
  readonly clock: ReturnType<typeof createManualClock>
  readonly reads: { count: number; gate: Promise<void> | undefined; fault: Error | undefined }
  account: Account | undefined
  issuer: string
  readonly revoked: ReadonlySet<string>
  readonly sweep: () => Promise<void>
  readonly sweepByNewConfig: () => Promise<void>
} {
  const clock = createManualClock()
  const sessions: SessionRecord[] = []
  const revoked = new Set<string>()
  const reads = {
    count: 0,
    gate: undefined as Promise<void> | undefined,
    fault: undefined as Error | undefined,
  }
  const store = {
    sessions: {
      addSession: async (session) => void sessions.push(session),
      findSession: async (hash) => sessions.find((one) => one.hash === hash),
      listSessions: async ({ after }) =>
        after === undefined ? sessions.filter(({ id }) => !revoked.has(id)) : [],
      revokeSession: async (id) => {
        revoked.add(id)
        return true
      },
      sweepSessions: async () => 0,
    } satisfies Partial<SessionStore>,
    accounts: {
      getAccount: async () => {
        reads.count++
        const then = world.account
        await reads.gate
        if (reads.fault !== undefined) throw reads.fault
        return then
      },
    },
  }
  const bearer = {
    issuers: { find: () => undefined, all: () => [{ settings: { name: world.issuer } }] },
    rulesOf: () => 'rules',
  }
  const opened = openSessions(
    { store, clock, events: createEventBus<AnyEvent>() } as unknown as Composition,
    {
      bearer: () => bearer as unknown as Bearer,
      limits: () => limits,
      longestOf: () => 1_000_000,
      onFault: () => {},
    },
  )
  let token = ''
  const world = {
    account: account as Account | undefined,
    issuer: 'lab',
    revoked,
    sweep: opened.sweep,
    sweepByNewConfig: opened.sweepByNewConfig,
    clock,
    reads,
    begin: async () => {
      const caller = callerOfFacts(factsOf(identity, 'rules'), 'bearer', limits)
      token = (await opened.exchange(caller)).token.reveal()
    },
    use: async () => {
      try {
        const known = await opened.desk.authenticate(token)
        return known.ok ? known.value.name : known.error.code
      } catch (error) {
        return error instanceof EvergrantError ? error.code : 'fault'
      }
    },
    forgetAccounts: opened.forgetAccounts,
  }
  return world
}
const limits = {}

describe('the account of a session', () => {
  it('is read once a second, however many use it', async () => {
    const world = makeWorld()
    await world.begin()
    expect(await Promise.all([world.use(), world.use(), world.use()])).toEqual(
      Array(3).fill('Anna'),
    )
    expect(world.reads.count).toBe(1)
    await world.clock.advance(999)
    await world.use()
    expect(world.reads.count).toBe(1)
    await world.clock.advance(1)
    await world.use()
    expect(world.reads.count).toBe(2)
  })

  it('is never believed from before accounts were forgotten, while or after it is read', async () => {
    const world = makeWorld()
    await world.begin()
    expect(await world.use()).toBe('Anna')
    const gate = Promise.withResolvers<undefined>()
    world.reads.gate = gate.promise
    world.account = { ...account, disabled: { at: 1, by: 'test' } }
    world.forgetAccounts()
    const both = [world.use(), world.use()]
    gate.resolve(undefined)
    expect(await Promise.all(both)).toEqual(['account_disabled', 'account_disabled'])
    world.account = account
    world.forgetAccounts()
    world.reads.fault = new EvergrantError('store_unavailable', 'test')
    expect(await world.use()).toBe('store_unavailable')
    expect(await world.use()).toBe('store_unavailable')
    world.reads.fault = undefined
    expect(await world.use()).toBe('Anna')
  })

  it('that is gone ends the session', async () => {
    const world = makeWorld()
    await world.begin()
    world.account = undefined
    expect(await world.use()).toBe('session_ended')
  })
})

describe('a session of an issuer that is not there', () => {
  it('stays while another node may know the issuer, and goes once the configuration is newer', async () => {
    const world = makeWorld()
    await world.clock.advance(1)
    await world.begin()
    world.issuer = 'other'
    expect(await world.use()).toBe('session_ended')
    await world.sweep()
    expect(world.revoked.size).toBe(0)
    await world.clock.advance(1)
    await world.sweepByNewConfig()
    expect(world.revoked.size).toBe(1)
  })
})
