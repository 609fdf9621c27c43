import { describe, expect, it } from 'vitest'
import {
  createManualClock,
  EvergrantError,
  ok,
  systemRandom,
  type ManualClock,
} from '../kernel/index.ts'
import type { Authenticated } from './caller-directory.ts'
import type { Caller } from './caller.ts'
import { createSessionDesk, type Judged, type SessionDesk } from './session-desk.ts'
import type { SessionRecord, SessionStore } from './session-ports.ts'

interface World {
  readonly desk: SessionDesk
  readonly clock: ManualClock
  readonly records: Map<string, SessionRecord>
  /** Hashes the store was asked for. */
  readonly asked: string[]
  readonly events: string[]
  judge: (session: SessionRecord) => Judged | Promise<Judged>
  fault: Error | undefined
}

const anna: Caller = {
  id: 'usr_1',
  name: 'Anna',
  kind: 'session',
  connections: [],
  allowTokens: false,
  limits: {},
}

function createWorld(): World {
  const clock = createManualClock()
  const records = new Map<string, SessionRecord>()
  const asked: string[] = []
  const events: string[] = []
  const revoke = (session: SessionRecord, now: number): void => {
    records.set(session.id, { ...session, revokedAt: now })
  }
  const store: SessionStore = {
    addSession: async (session) => void records.set(session.id, session),
    findSession: async (hash) => {
      asked.push(hash)
      if (world.fault !== undefined) throw world.fault
      return [...records.values()].find((one) => one.hash === hash)
    },
    revokeSession: async (id, now) => {
      const session = records.get(id)
      if (session === undefined || session.revokedAt !== undefined) return false
      revoke(session, now)
      return true
    },
    revokeSessionsOf: async () => 0,
    listSessions: async ({ limit, after, now }) =>
      [...records.values()]
        .filter(({ revokedAt, expiresAt }) => revokedAt === undefined && expiresAt > now)
        .toSorted((a, b) => (a.id < b.id ? 1 : -1))
        .filter(({ id }) => after === undefined || id < after)
        .slice(0, limit),
    sweepSessions: async (before) => {
      const over = [...records.values()].filter(({ expiresAt }) => expiresAt < before)
      for (const { id } of over) records.delete(id)
      return over.length
    },
  }
  const world: World = {
    clock,
    records,
    asked,
    events,
    judge: () => ok(anna),
    fault: undefined,
    desk: createSessionDesk({
      store,
      clock,
      random: systemRandom,
      emit: ({ type }) => void events.push(type),
      judge: (session) => world.judge(session),
    }),
  }
  return world
}

const begin = async (
  { desk, clock }: World,
  lifeMs = 60_000,
  callerId = anna.id,
): Promise<string> => {
  const request = { issuer: 'lab', identity: '{}', expiresAt: clock.now() + lifeMs }
  const { token } = await desk.begin(request, callerId)
  return token.reveal()
}
const codeOf = (outcome: Authenticated): string =>
  outcome.ok ? outcome.value.name : outcome.error.code

it('is not begun by one caller without end', async () => {
  const world = createWorld()
  for (let i = 0; i < 300; i++) await begin(world)
  await world.clock.advance(1_000)
  await expect(begin(world)).rejects.toMatchObject({
    code: 'caller_throttled',
    retryAfterMs: 599_000,
  })
  expect(world.records.size).toBe(300)
  await begin(world, 60_000, 'usr_2')
  await world.clock.advance(599_000)
  await begin(world)
})

describe('a session token', () => {
  it('of another form costs the store nothing', async () => {
    const { desk, asked } = createWorld()
    for (const text of ['egs_', 'egs_short', `egs_${'a'.repeat(44)}`, `egs_${'a'.repeat(42)}=`]) {
      expect(codeOf(await desk.authenticate(text))).toBe('session_ended')
    }
    expect(asked).toEqual([])
  })

  it('is known at once after the first use, and never past its end', async () => {
    const world = createWorld()
    const token = await begin(world)
    expect(codeOf(await world.desk.authenticate(token))).toBe('Anna')
    const outcome = world.desk.authenticate(token)
    expect(outcome).not.toBeInstanceOf(Promise)
    await world.clock.advance(59_999)
    expect(codeOf(await world.desk.authenticate(token))).toBe('Anna')
    await world.clock.advance(1)
    expect(codeOf(await world.desk.authenticate(token))).toBe('session_ended')
    expect(world.asked).toHaveLength(1)
  })

  it('is judged at every use', async () => {
    const world = createWorld()
    const token = await begin(world)
    await world.desk.authenticate(token)
    world.judge = () => ({ ok: false, error: new EvergrantError('account_disabled', 'test') })
    expect(codeOf(await world.desk.authenticate(token))).toBe('account_disabled')
  })

  it('that is guessed is looked up at most a hundred times a second, whoever is known goes on', async () => {
    const world = createWorld()
    const token = await begin(world)
    await world.desk.authenticate(token)
    const codes: string[] = []
    for (let i = 0; i < 300; i++) {
      const guess = `egs_${String(i).padStart(43, '0')}`
      const code = await Promise.resolve(world.desk.authenticate(guess)).then(
        codeOf,
        (error: unknown) => (error instanceof EvergrantError ? error.code : 'fault'),
      )
      codes.push(code)
    }
    expect(world.asked).toHaveLength(101)
    expect(codes.at(-1)).toBe('caller_throttled')
    expect(codeOf(await world.desk.authenticate(token))).toBe('Anna')
  })

  it('that was revoked elsewhere is refused once that was told', async () => {
    const world = createWorld()
    const token = await begin(world)
    await world.desk.authenticate(token)
    for (const [id, session] of world.records) world.records.set(id, { ...session, revokedAt: 1 })
    expect(codeOf(await world.desk.authenticate(token))).toBe('Anna')
    world.desk.forget()
    expect(codeOf(await world.desk.authenticate(token))).toBe('session_ended')
  })
})

describe('a sweep', () => {
  it('revokes what is astray on every page and deletes what ended more than a day ago', async () => {
    const world = createWorld()
    const old = await begin(world, 1_000)
    for (let i = 0; i < 700; i++) await begin(world, 7 * 24 * 3_600_000, `usr_${i}`)
    await world.clock.advance(25 * 3_600_000)
    const strays = [...world.records.values()].slice(-3).map(({ id }) => id)
    const swept = await world.desk.sweep(({ id }) => strays.includes(id))
    expect(swept).toEqual({ more: false })
    expect(world.events.filter((type) => type === 'session.revoked')).toHaveLength(3)
    expect(world.records.size).toBe(700)
    const revoked = [...world.records.values()].filter(({ revokedAt }) => revokedAt !== undefined)
    expect(revoked.map(({ id }) => id).toSorted()).toEqual(strays.toSorted())
    expect(codeOf(await world.desk.authenticate(old))).toBe('session_ended')
  })
})
