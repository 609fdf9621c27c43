import { afterEach, describe, expect, it } from 'vitest'
import type { Trap } from '../support/service-process.ts'
import { makeWorld, scopeOf, type Profile, type SharedWorld } from '../support/services.ts'

let world: SharedWorld
afterEach(() => world.close())

const upstream = 'one'
const target = { upstream }

/** What the grant of a connection must be like after its holder was killed and another asked. */
interface Outcome {
  /** Whether the other service gets a token. */
  readonly isServed: boolean
  /** Redemptions for the upstream in all, the killed one included where it was sent. */
  readonly redemptions: number
  /** Redemptions of a refresh token that had been redeemed before. */
  readonly reused: number
  readonly state: 'valid' | 'refresh_unknown'
}

/** What DESIGN promises for each provider and each moment of death. */
const promises: readonly (readonly [Profile, Trap['place'], Outcome])[] = [
  ['overlap', 'before-send', { isServed: true, redemptions: 1, reused: 0, state: 'valid' }],
  ['overlap', 'after-answer', { isServed: true, redemptions: 2, reused: 1, state: 'valid' }],
  ['overlap', 'after-commit', { isServed: true, redemptions: 1, reused: 0, state: 'valid' }],
  ['graced', 'before-send', { isServed: true, redemptions: 1, reused: 0, state: 'valid' }],
  ['graced', 'after-answer', { isServed: true, redemptions: 2, reused: 1, state: 'valid' }],
  ['graced', 'after-commit', { isServed: true, redemptions: 1, reused: 0, state: 'valid' }],
  [
    'strict',
    'before-send',
    { isServed: false, redemptions: 0, reused: 0, state: 'refresh_unknown' },
  ],
  [
    'strict',
    'after-answer',
    { isServed: false, redemptions: 1, reused: 0, state: 'refresh_unknown' },
  ],
  ['strict', 'after-commit', { isServed: true, redemptions: 1, reused: 0, state: 'valid' }],
]

describe.each(['SQLite', 'PostgreSQL'] as const)('a service killed over %s', (store) => {
  it.each(promises)('at a provider with %s rotation, %s', async (profile, place, promised) => {
    world = await makeWorld(store)
    await world.adopt(profile)
    const killed = await world.service()
    const other = await world.service()
    await killed.trap({ place, signal: 'SIGKILL' })
    const from = world.tokenRequests().length
    const asked = killed.tokens(profile, scopeOf(profile, upstream), target)
    await expect(asked).rejects.toThrow('SIGKILL')
    await killed.ended

    const seen = await other.tokens(profile, scopeOf(profile, upstream), {
      ...target,
      callers: 100,
    })
    const [got = ''] = Object.keys(seen)
    const requests = world.tokenRequests(from)
    expect({
      isServed: !got.startsWith('error'),
      redemptions: requests.length,
      reused: requests.filter(({ isReuse }) => isReuse).length,
      state: (await world.show(profile))['state'],
    }).toEqual(promised)
    expect(Object.values(seen)).toEqual([100])
    expect(world.simulator.stats().reuseDetected).toBe(0)
  })
})
