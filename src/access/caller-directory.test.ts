import { describe, expect, it } from 'vitest'
import { createManualClock, err, EvergrantError, ok, type ManualClock } from '../kernel/index.ts'
import {
  createCallerDirectory,
  type Authenticated,
  type CallerDirectory,
} from './caller-directory.ts'
import { issueCallerKey } from './caller-key.ts'
import { challengeOf } from './challenge.ts'
import type { CallerRecord } from './ports.ts'

interface World {
  readonly directory: CallerDirectory
  readonly clock: ManualClock
  readonly records: Map<string, CallerRecord>
  /** Ids the store was asked for. */
  readonly asked: string[]
  /** Adds a caller; returns its key. */
  readonly add: (over?: Partial<CallerRecord>) => string
  fault: Error | undefined
  gate: Promise<void> | undefined
}

function createWorld(options: Partial<Parameters<typeof createCallerDirectory>[0]> = {}): World {
  const clock = createManualClock()
  const records = new Map<string, CallerRecord>()
  const asked: string[] = []
  const world: Pick<World, 'fault' | 'gate'> = { fault: undefined, gate: undefined }
  const store = {
    getCaller: async (id: string): Promise<CallerRecord | undefined> => {
      asked.push(id)
      const record = records.get(id)
      await world.gate
      if (world.fault !== undefined) throw world.fault
      return record
    },
  }
  const directory = createCallerDirectory({ store, clock, ...options })
  const add = (over: Partial<CallerRecord> = {}): string => {
    const { id, key, secretHash } = issueCallerKey(clock.now())
    const base = { name: 'crm', connections: ['graph'], allowTokens: false, limits: {} } as const
    records.set(id, { ...base, id, secretHash, createdAt: 5, ...over })
    return key.reveal()
  }
  return Object.assign(world, { directory, clock, records, asked, add })
}

const bearer = (key: string): { authorization: string } => ({ authorization: `Bearer ${key}` })
const codeOf = (outcome: Authenticated): string =>
  outcome.ok ? outcome.value.name : outcome.error.code
const challengeIn = (outcome: Authenticated): string | undefined =>
  outcome.ok ? undefined : challengeOf(outcome.error)
const isSync = (outcome: unknown): boolean => !(outcome instanceof Promise)

describe('a call', () => {
  const unknown = 'caller_unauthenticated'
  const malformed = 'credential_malformed'
  it.each<
    readonly [headers: Readonly<Record<string, string | string[]>>, code: string, detail: string]
  >([
    [{}, unknown, 'no credential'],
    [{ authorization: '' }, unknown, 'expected "Bearer"'],
    [{ authorization: 'Basic YTpi' }, unknown, 'expected "Bearer"'],
    [{ authorization: 'Bearer' }, malformed, 'expected "Bearer"'],
    [{ authorization: 'Bearer a b' }, malformed, 'expected "Bearer"'],
    [{ authorization: 'Bearer a, Bearer b' }, malformed, 'expected "Bearer"'],
    [{ authorization: 'Bearer eyJhbGciOiJub25lIn0' }, unknown, 'expected a caller key'],
    [{ authorization: 'Bearer egk_short' }, unknown, 'expected a caller key'],
    [{ 'evergrant-key': '' }, malformed, 'expected one key'],
    [{ 'evergrant-key': ['a', 'b'] }, malformed, 'expected one key'],
    [{ 'evergrant-key': 'egk_short' }, unknown, 'expected a caller key'],
    [{ authorization: 'Bearer a', 'evergrant-key': 'b' }, malformed, 'different values'],
    [{ authorization: 'Basic a', 'evergrant-key': 'a' }, malformed, 'different values'],
  ])('with %j is refused as %s, nothing repeated, nobody asked', async (headers, code, detail) => {
    const { directory, asked } = createWorld()
    const outcome = directory.authenticate(headers)
    expect(isSync(outcome)).toBe(true)
    const refusal = await outcome
    expect(codeOf(refusal)).toBe(code)
    expect(refusal).toHaveProperty('error.detail', expect.stringContaining(detail))
    expect(asked).toEqual([])
  })

  it('with an unknown id or a wrong secret is told the same', async () => {
    const { directory, add } = createWorld()
    const key = add()
    const wrong = `${key.slice(0, -43)}${'A'.repeat(43)}`
    const stranger = issueCallerKey(5).key.reveal()
    const refusals = [
      await directory.authenticate(bearer(wrong)),
      await directory.authenticate(bearer(stranger)),
    ]
    for (const refusal of refusals) {
      expect(codeOf(refusal)).toBe('caller_unauthenticated')
      expect(refusal).toHaveProperty('error.detail', 'the caller key is not known')
    }
  })

  it('of a revoked caller is refused', async () => {
    const { directory, add } = createWorld()
    const refusal = await directory.authenticate(bearer(add({ revokedAt: 7 })))
    expect(codeOf(refusal)).toBe('caller_unauthenticated')
    expect(refusal).toHaveProperty('error.detail', 'the key of caller "crm" was revoked')
  })

  it('with a known key is answered at once after the first, by either header', async () => {
    const { directory, add, asked, records } = createWorld()
    const key = add({ role: 'viewer', upstream: 'arm', allowTokens: true })
    const [id = ''] = records.keys()
    expect(codeOf(await directory.authenticate(bearer(key)))).toBe('crm')
    for (const headers of [
      bearer(key),
      { authorization: `bearer  ${key}` },
      { 'evergrant-key': key },
      { ...bearer(key), 'evergrant-key': key },
    ]) {
      const outcome = directory.authenticate(headers)
      expect(isSync(outcome)).toBe(true)
      expect(await outcome).toEqual(
        ok({
          id,
          name: 'crm',
          kind: 'key',
          role: 'viewer',
          connections: ['graph'],
          upstream: 'arm',
          allowTokens: true,
          limits: {},
        }),
      )
    }
    expect(asked).toEqual([id])
  })

  it('has the default limits where the caller has none of its own', async () => {
    const { directory, add } = createWorld({ defaults: { ratePerSecond: 5, concurrency: 9 } })
    const key = add({ limits: { concurrency: 2 } })
    expect(await directory.authenticate(bearer(key))).toHaveProperty('value.limits', {
      ratePerSecond: 5,
      concurrency: 2,
    })
    directory.setDefaults({})
    expect(await directory.authenticate(bearer(key))).toHaveProperty('value.limits', {
      concurrency: 2,
    })
  })

  it('with a credential of another kind is for whoever knows that kind', async () => {
    const facade = {
      id: 'fac_1',
      name: 'sf',
      kind: 'facade',
      connections: ['graph'],
      allowTokens: false,
      limits: {},
    } as const
    const { directory } = createWorld({
      others: {
        egf_: (token) => ok({ ...facade, name: token }),
        ego_: async () => await Promise.reject(new EvergrantError('store_busy', 'test')),
      },
    })
    expect(codeOf(await directory.authenticate(bearer('egf_x')))).toBe('egf_x')
    expect(codeOf(await directory.authenticate(bearer('ego_x')))).toBe('store_busy')
    expect(codeOf(await directory.authenticate(bearer('egs_x')))).toBe('caller_unauthenticated')
  })

  it('with a token of no kind of ours is for issuers, once there are any', async () => {
    const asked: string[] = []
    let hasIssuers = false
    const issuers = (token: string): Authenticated => {
      asked.push(token)
      return err(new EvergrantError('token_expired', 'test', { challenge: {} }))
    }
    const { directory } = createWorld({
      bearer: () => (hasIssuers ? issuers : undefined),
      resourceMetadata: () => (hasIssuers ? 'https://api.example/metadata' : undefined),
    })
    expect(codeOf(await directory.authenticate(bearer('eyJ.a.b')))).toBe('caller_unauthenticated')
    hasIssuers = true
    for (const ours of ['egk_short', 'egf_x', 'egs_x', 'egq_x']) {
      expect(codeOf(await directory.authenticate(bearer(ours)))).toBe('caller_unauthenticated')
    }
    const refusal = await directory.authenticate(bearer('eyJ.a.b'))
    expect(codeOf(refusal)).toBe('token_expired')
    expect(asked).toEqual(['eyJ.a.b'])
    expect(challengeIn(refusal)).toContain('resource_metadata="https://api.example/metadata"')
    const bare = challengeIn(await directory.authenticate({}))
    expect(bare).toBe('Bearer realm="evergrant", resource_metadata="https://api.example/metadata"')
  })
})

describe('a change of callers', () => {
  it('is noticed by the first call after it was told', async () => {
    const { directory, add, records, asked } = createWorld()
    const key = add()
    await directory.authenticate(bearer(key))
    const [[id, record] = ['', undefined]] = records
    if (record !== undefined) records.set(id, { ...record, revokedAt: 9 })
    expect(codeOf(await directory.authenticate(bearer(key)))).toBe('crm')
    directory.forget()
    expect(codeOf(await directory.authenticate(bearer(key)))).toBe('caller_unauthenticated')
    expect(asked).toHaveLength(2)
  })

  it('is not undone by a look-up that had begun before', async () => {
    const world = createWorld()
    const { directory, add, records, asked } = world
    const key = add()
    let open = (): void => {}
    world.gate = new Promise((resolve) => {
      open = resolve
    })
    const early = directory.authenticate(bearer(key))
    const [[id, record] = ['', undefined]] = records
    if (record !== undefined) records.set(id, { ...record, revokedAt: 9 })
    directory.forget()
    const late = directory.authenticate(bearer(key))
    open()
    expect(codeOf(await early)).toBe('crm')
    expect(codeOf(await late)).toBe('caller_unauthenticated')
    expect(codeOf(await directory.authenticate(bearer(key)))).toBe('caller_unauthenticated')
    expect(asked).toHaveLength(2)
  })
})

describe('while the store is away', () => {
  it('known callers go on, unknown ones are told', async () => {
    const world = createWorld()
    const { directory, add } = world
    const key = add()
    await directory.authenticate(bearer(key))
    world.fault = new EvergrantError('store_unavailable', 'test')
    expect(codeOf(await directory.authenticate(bearer(key)))).toBe('crm')
    const stranger = add({ name: 'erp' })
    const refused = await directory.authenticate(bearer(stranger))
    expect(refused).toMatchObject({ error: { code: 'store_unavailable', cause: world.fault } })
    world.fault = undefined
    expect(codeOf(await directory.authenticate(bearer(stranger)))).toBe('erp')
  })

  it('nobody is told where the store stands before it is known who asks', async () => {
    const fault = new EvergrantError('store_unavailable', '"postgres://eg@db.internal/eg"')
    const world = createWorld({ bearer: () => async () => await Promise.reject(fault) })
    world.fault = fault
    for (const credential of [world.add(), 'a.b.c']) {
      const refused = await world.directory.authenticate(bearer(credential))
      expect(refused).toMatchObject({ ok: false, error: { code: 'store_unavailable' } })
      expect(refused.ok ? '' : JSON.stringify(refused.error.toProblem())).not.toContain('internal')
    }
  })

  it('a fault of ours is thrown', async () => {
    const world = createWorld()
    world.fault = new Error('a mistake')
    await expect(world.directory.authenticate(bearer(world.add()))).rejects.toThrow('a mistake')
  })
})

describe('look-ups', () => {
  it('of one caller are shared by all calls that wait for it', async () => {
    const { directory, add, asked } = createWorld()
    const key = add()
    const calls = Array.from({ length: 1_000 }, async () => directory.authenticate(bearer(key)))
    expect((await Promise.all(calls)).map(codeOf).every((code) => code === 'crm')).toBe(true)
    expect(asked).toHaveLength(1)
  })

  it('of what does not exist are remembered for ten seconds', async () => {
    const { directory, clock, asked } = createWorld()
    const stranger = issueCallerKey(5).key.reveal()
    for (let i = 0; i < 3; i++) await directory.authenticate(bearer(stranger))
    expect(asked).toHaveLength(1)
    await clock.advance(10_000)
    await directory.authenticate(bearer(stranger))
    expect(asked).toHaveLength(2)
  })

  it('are not asked for every secret that is tried with a known id', async () => {
    const { directory, add, asked } = createWorld()
    const key = add()
    await directory.authenticate(bearer(key))
    for (let i = 0; i < 500; i++) {
      const wrong = `${key.slice(0, -43)}${String(i).padStart(43, '0')}`
      expect(codeOf(await directory.authenticate(bearer(wrong)))).toBe('caller_unauthenticated')
    }
    expect(asked).toHaveLength(1)
  })

  it('by guessed ids stay bounded, and do not touch those who are known', async () => {
    const { directory, add, asked, clock } = createWorld()
    const key = add()
    await directory.authenticate(bearer(key))
    const guess = async (): Promise<string> =>
      codeOf(await directory.authenticate(bearer(issueCallerKey(5).key.reveal())))
    const codes: string[] = []
    for (let i = 0; i < 500; i++) codes.push(await guess())
    expect(asked).toHaveLength(101)
    expect(codes.at(-1)).toBe('caller_throttled')
    expect(codeOf(await directory.authenticate(bearer(key)))).toBe('crm')
    await clock.advance(1_000)
    expect(await guess()).toBe('caller_unauthenticated')
    const atOnce = await Promise.all(Array.from({ length: 1_000 }, guess))
    expect(atOnce.filter((code) => code === 'caller_throttled').length).toBeGreaterThan(700)
    expect(asked.length).toBeLessThan(400)
  })
})
