import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createManualClock, err, ok, type Result } from '../kernel/index.ts'
import type { KeyFailure } from './fetch-keys.ts'
import { createKeyCache, type KeyCache } from './key-cache.ts'
import { readKeySet, type KeySet } from './key-set.ts'

const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })

function setOf(...names: readonly string[]): KeySet {
  const read = readKeySet({ keys: names.map((kid) => ({ ...jwk, kid, alg: 'ES256' })) })
  if (!read.ok) throw new Error(read.error)
  return read.value
}

interface Fixture {
  readonly cache: KeyCache
  readonly clock: ReturnType<typeof createManualClock>
  /** What the issuer answers from now on. */
  answer: () => Promise<Result<KeySet, KeyFailure>>
  fetches: number
  readonly told: string[]
}

function fixtureOf(...names: readonly string[]): Fixture {
  const clock = createManualClock()
  const told: string[] = []
  const fixture: { -readonly [K in keyof Fixture]: Fixture[K] } = {
    clock,
    told,
    fetches: 0,
    answer: async () => ok(setOf(...names)),
    cache: createKeyCache({
      clock,
      random: (length) => new Uint8Array(length).fill(255),
      fetchKeys: () => {
        fixture.fetches++
        return fixture.answer()
      },
      onTrouble: (detail) => told.push(`trouble: ${detail}`),
      onRecovery: () => told.push('recovery'),
    }),
  }
  return fixture
}

const down = (): Promise<Result<KeySet, KeyFailure>> => Promise.resolve(err({ detail: 'down' }))

describe('the keys of an issuer', () => {
  it('are fetched once, however many ask for the first', async () => {
    const fixture = fixtureOf('a', 'b')
    const { cache } = fixture
    expect(cache.peek('a', 'ES256')).toBeUndefined()
    const found = await Promise.all(
      Array.from({ length: 100 }, (_, at) => cache.find(at % 2 === 0 ? 'a' : 'b', 'ES256')),
    )
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['found']))
    expect(fixture.fetches).toBe(1)
    expect(cache.peek('b', 'ES256')?.keyId).toBe('b')
    expect(cache.peek('b', 'RS256')).toBeUndefined()
  })

  it('are fetched again after an hour, behind everybody’s back', async () => {
    const fixture = fixtureOf('a')
    const { cache, clock } = fixture
    await cache.find('a', 'ES256')
    fixture.answer = async () => ok(setOf('b'))
    const before = cache.generation
    await clock.advance(3_600_000)
    // The old key serves this one time more, and the new one from then on.
    expect(cache.peek('a', 'ES256')?.keyId).toBe('a')
    await expect.poll(() => cache.peek('b', 'ES256')?.keyId).toBe('b')
    expect(cache.peek('a', 'ES256')).toBeUndefined()
    expect(fixture.fetches).toBe(2)
    expect(cache.generation).toBe(before + 1)
  })

  it('are fetched again after the machine slept, before a token counts by keys of last week', async () => {
    const fixture = fixtureOf('a')
    const { cache, clock } = fixture
    await cache.find('a', 'ES256')
    clock.set(clock.now() + 7 * 86_400_000)
    fixture.answer = async () => ok(setOf('b'))
    expect(cache.peek('a', 'ES256')).toBeUndefined()
    expect(await cache.find('a', 'ES256')).toMatchObject({ kind: 'unknown' })
    expect(await cache.find('b', 'ES256')).toMatchObject({ kind: 'found' })
    // A clock that is set back makes no keys old, nor young.
    clock.set(clock.now() - 7 * 86_400_000)
    expect(cache.peek('b', 'ES256')).toBeDefined()
    expect(fixture.fetches).toBe(2)
  })

  it('are found in the same request after they were rotated', async () => {
    const fixture = fixtureOf('a')
    await fixture.cache.find('a', 'ES256')
    fixture.answer = async () => ok(setOf('a', 'b'))
    expect(await fixture.cache.find('b', 'ES256')).toMatchObject({ kind: 'found' })
    expect(fixture.fetches).toBe(2)
  })

  it('cost the issuer one request in thirty seconds, whatever names are made up', async () => {
    const fixture = fixtureOf('a')
    const { cache, clock } = fixture
    await cache.find('a', 'ES256')
    expect(await cache.find('x0', 'ES256')).toEqual({ kind: 'unknown' })
    const others = await Promise.all(
      Array.from({ length: 2_000 }, (_, at) => cache.find(`x${at + 1}`, 'ES256')),
    )
    expect(fixture.fetches).toBe(2)
    // It cannot be told whether these exist, so that is what is said.
    expect(others[0]).toMatchObject({ kind: 'unavailable', retryAfterMs: 30_000 })
    expect(cache.peek('a', 'ES256')?.keyId).toBe('a')
    // What was asked for once is known not to be there, without asking again.
    expect(await cache.find('x0', 'ES256')).toEqual({ kind: 'unknown' })
    await clock.advance(30_000)
    fixture.answer = async () => ok(setOf('a', 'x7'))
    expect(await cache.find('x7', 'ES256')).toMatchObject({ kind: 'found' })
    expect(fixture.fetches).toBe(3)
    // A key that fits no algorithm is no reason to ask.
    expect(await cache.find('a', 'RS256')).toEqual({ kind: 'unknown' })
    expect(fixture.fetches).toBe(3)
  })

  it('serve for a day while the issuer is away, and it is asked ever less often', async () => {
    const fixture = fixtureOf('a')
    const { cache, clock } = fixture
    await cache.find('a', 'ES256')
    fixture.answer = down
    await clock.advance(3_600_000)
    for (let minute = 0; minute < 22 * 60; minute++) {
      expect(cache.peek('a', 'ES256')?.keyId).toBe('a')
      await clock.advance(60_000)
    }
    // Once a minute at most, after the first few.
    expect(fixture.fetches).toBeLessThanOrEqual(22 * 60 + 2)
    expect(fixture.told).toEqual(['trouble: down'])
    expect(cache.health()).toMatchObject({ keyIds: ['a'], failure: 'down' })
    await clock.advance(2 * 3_600_000)
    expect(cache.peek('a', 'ES256')).toBeUndefined()
    expect(await cache.find('a', 'ES256')).toMatchObject({ kind: 'unavailable', detail: 'down' })
    const asked = fixture.fetches
    const all = await Promise.all(Array.from({ length: 500 }, () => cache.find('a', 'ES256')))
    expect(fixture.fetches).toBe(asked)
    expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(['unavailable']))
    fixture.answer = async () => ok(setOf('a'))
    await clock.advance(60_000)
    expect(await cache.find('a', 'ES256')).toMatchObject({ kind: 'found' })
    expect(fixture.told).toEqual(['trouble: down', 'recovery'])
  })

  it('wait as long as the issuer says, and are not asked for by each of many at the start', async () => {
    const fixture = fixtureOf('a')
    fixture.answer = async () => err({ detail: 'throttled', retryAfterMs: 20_000 })
    const first = await Promise.all(
      Array.from({ length: 50 }, () => fixture.cache.find('a', 'ES256')),
    )
    expect(fixture.fetches).toBe(1)
    expect(first[0]).toMatchObject({ kind: 'unavailable', retryAfterMs: 20_000 })
    await fixture.clock.advance(19_000)
    expect(await fixture.cache.find('a', 'ES256')).toMatchObject({ retryAfterMs: 1_000 })
    expect(fixture.fetches).toBe(1)
  })

  it('without a name verify when one alone can be meant', async () => {
    const one = readKeySet({ keys: [{ ...jwk }] })
    const fixture = fixtureOf()
    fixture.answer = async () => ok(one.ok ? one.value : setOf())
    expect(await fixture.cache.find(undefined, 'ES256')).toMatchObject({ kind: 'found' })
    const two = fixtureOf('a', 'b')
    expect(await two.cache.find(undefined, 'ES256')).toEqual({ kind: 'unknown' })
  })
})
