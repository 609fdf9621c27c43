import { describe, expect, it } from 'vitest'
import {
  createManualClock,
  err,
  EvergrantError,
  ok,
  systemRandom,
  type ManualClock,
} from '../kernel/index.ts'
import type { Caller } from './caller.ts'
import { createConsoleDesk, type ConsoleDesk } from './console-desk.ts'
import type { ConsoleSessionRecord, ConsoleStore } from './console-ports.ts'
import type { Judged } from './session-desk.ts'

const minute = 60_000

interface World {
  readonly desk: ConsoleDesk
  /** Another process over the same store. */
  readonly other: ConsoleDesk
  readonly clock: ManualClock
  readonly sessions: Map<string, ConsoleSessionRecord>
  /** When uses were written. */
  readonly writes: number[]
  isAway: boolean
  judged: ((session: ConsoleSessionRecord) => Judged) | undefined
}

function createWorld(): World {
  const clock = createManualClock()
  const sessions = new Map<string, ConsoleSessionRecord>()
  const writes: number[] = []
  const callers = new Map<string, Caller>()
  const none = async (): Promise<undefined> => undefined
  const store: ConsoleStore = {
    addSession: async (session) => void sessions.set(session.hash, session),
    findSession: async (hash) => sessions.get(hash),
    useSession: async (id, at) => {
      if (world.isAway) throw new EvergrantError('store_unavailable', 'away')
      writes.push(at)
      for (const one of sessions.values()) {
        if (one.id === id) sessions.set(one.hash, { ...one, usedAt: Math.max(one.usedAt, at) })
      }
    },
    revokeSession: async (id, now) => {
      const found = [...sessions.values()].find((one) => one.id === id)
      if (found === undefined || found.revokedAt !== undefined) return false
      sessions.set(found.hash, { ...found, revokedAt: now })
      return true
    },
    listSessions: async () => [],
    addLink: none,
    findLink: none,
    spendLink: async () => false,
    hasBegun: async () => false,
    addSignIn: none,
    findSignIn: none,
    takeSignIn: async () => false,
    sweep: async () => 0,
  }
  const makeDesk = (): ConsoleDesk =>
    createConsoleDesk({
      store,
      clock,
      random: systemRandom,
      emit: () => {},
      lives: () => ({ idleMs: 30 * minute, longestMs: 12 * 60 * minute }),
      judge: (session) => {
        if (world.judged !== undefined) return world.judged(session)
        const { id, name, role } = session
        const fixed = { connections: [], allowTokens: false, limits: {} } as const
        const caller = callers.get(id) ?? { id, name, kind: 'console', role, ...fixed }
        callers.set(id, caller)
        return ok(caller)
      },
    })
  const world: World = {
    desk: makeDesk(),
    other: makeDesk(),
    clock,
    sessions,
    writes,
    isAway: false,
    judged: undefined,
  }
  return world
}

const anna = {
  callerId: 'usr_1',
  name: 'Anna',
  role: 'viewer',
  issuer: 'lab',
  identity: '{}',
} as const

/** Whether a cookie lets in; else the code that refuses it. */
async function enters(desk: ConsoleDesk, secret: string, isUse = true): Promise<true | string> {
  const known = await desk.authenticate(secret, isUse)
  return known.ok ? true : known.error.code
}

describe('a console session', () => {
  it('is nobody’s where it is not known, or does not look like one', async () => {
    const { desk } = createWorld()
    expect(await enters(desk, 'x'.repeat(43))).toBe('console_signed_out')
    expect(await enters(desk, '')).toBe('console_signed_out')
    expect(await enters(desk, '../../etc')).toBe('console_signed_out')
  })

  it('ends when it was not used for its idle time', async () => {
    const { desk, clock } = createWorld()
    const { secret } = await desk.begin(anna)
    await clock.advance(29 * minute)
    expect(await enters(desk, secret)).toBe(true)
    await clock.advance(29 * minute)
    expect(await enters(desk, secret)).toBe(true)
    await clock.advance(30 * minute)
    expect(await enters(desk, secret)).toBe('console_signed_out')
  })

  it('is not kept by what only watches', async () => {
    const { desk, clock } = createWorld()
    const { secret } = await desk.begin(anna)
    for (let i = 0; i < 29; i++) {
      await clock.advance(minute)
      expect(await enters(desk, secret, false)).toBe(true)
    }
    await clock.advance(minute)
    expect(await enters(desk, secret, false)).toBe('console_signed_out')
  })

  it('ends after its longest life, however much it is used', async () => {
    const { desk, clock } = createWorld()
    const { secret, session } = await desk.begin(anna)
    for (let i = 0; i < 12 * 3; i++) {
      expect(await enters(desk, secret)).toBe(true)
      await clock.advance(20 * minute)
    }
    expect(clock.now()).toBe(session.expiresAt)
    expect(await enters(desk, secret)).toBe('console_signed_out')
  })

  it('is written at most once a minute, and known elsewhere', async () => {
    const { desk, other, clock, writes } = createWorld()
    const { secret } = await desk.begin(anna)
    expect(await enters(other, secret, false)).toBe(true)
    for (let i = 0; i < 60; i++) {
      await clock.advance(30_000)
      expect(await enters(desk, secret)).toBe(true)
    }
    expect(writes.length).toBe(30)
    // The other process has an old record in memory, and asks again before it refuses.
    expect(await enters(other, secret, false)).toBe(true)
  })

  it('goes on while uses cannot be written', async () => {
    const world = createWorld()
    const { desk, clock } = world
    const { secret } = await desk.begin(anna)
    world.isAway = true
    await clock.advance(20 * minute)
    expect(await enters(desk, secret)).toBe(true)
    await clock.advance(20 * minute)
    expect(await enters(desk, secret)).toBe(true)
    world.isAway = false
    await clock.advance(1)
    expect(await enters(desk, secret)).toBe(true)
    expect(world.writes).toEqual([clock.now()])
  })

  it('is over at once where it is ended, and elsewhere when that is told', async () => {
    const { desk, other } = createWorld()
    const { secret, session } = await desk.begin(anna)
    expect(await enters(other, secret)).toBe(true)
    await desk.revoke(session.id, 'usr_2')
    expect(await enters(desk, secret)).toBe('console_signed_out')
    other.forget()
    expect(await enters(other, secret)).toBe('console_signed_out')
    await expect(desk.revoke(session.id, 'usr_2')).rejects.toMatchObject({
      code: 'session_unknown',
    })
    expect(await desk.signOut(secret)).toBeUndefined()
  })

  it('is judged at every use', async () => {
    const world = createWorld()
    const { secret } = await world.desk.begin(anna)
    expect(await enters(world.desk, secret)).toBe(true)
    world.judged = () => err(new EvergrantError('account_disabled', 'gone'))
    expect(await enters(world.desk, secret)).toBe('account_disabled')
    expect(world.writes).toEqual([])
  })
})
