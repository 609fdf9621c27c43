import { describe, expect, it } from 'vitest'
import type { ServiceProcess, Trap } from '../support/service-process.ts'
import { makeWorld, scopeOf, type Profile, type SharedWorld } from '../support/services.ts'

const upstream = 'one'

/** What is promised while a holder stands still past its lease, and once it goes on. */
interface Promised {
  /** Whether another service gets a token meanwhile; it waits for the lease to end. */
  readonly isServedMeanwhile: boolean
  /** Redemptions in all, when the stalled one has gone on too. */
  readonly redemptions: number
  /** How the grant stands then. */
  readonly state: 'valid' | 'refresh_unknown'
}

const promises: readonly (readonly [Profile, Trap['place'], Promised])[] = [
  // What the stalled one had not sent by then it never sends: its time is over.
  ['overlap', 'before-send', { isServedMeanwhile: true, redemptions: 1, state: 'valid' }],
  ['overlap', 'after-answer', { isServedMeanwhile: true, redemptions: 2, state: 'valid' }],
  ['strict', 'before-send', { isServedMeanwhile: false, redemptions: 0, state: 'refresh_unknown' }],
  // Its deadline passed before it could look at the answer, so that nobody knows what was in it.
  [
    'strict',
    'after-answer',
    { isServedMeanwhile: false, redemptions: 1, state: 'refresh_unknown' },
  ],
]

interface Case {
  readonly world: SharedWorld
  readonly stalled: ServiceProcess
  readonly other: ServiceProcess
  readonly from: number
}

async function stall(
  store: 'SQLite' | 'PostgreSQL',
  profile: Profile,
  place: Trap['place'],
): Promise<Case> {
  const world = await makeWorld(store)
  await world.adopt(profile)
  const stalled = await world.service()
  const other = await world.service()
  const from = world.tokenRequests().length
  await stalled.trap({ place, signal: 'SIGSTOP' })
  // Answered once the process goes on.
  void stalled.tokens(profile, scopeOf(profile, upstream), { upstream }).catch(() => {})
  await stalled.trapped()
  return { world, stalled, other, from }
}

describe.each(['SQLite', 'PostgreSQL'] as const)('a service that stands still over %s', (store) => {
  // All at once, since each has to wait for a real lease to end.
  it('past its lease harms no one when it goes on', async () => {
    const cases = await Promise.all(
      promises.map(async ([profile, place, promised]) => {
        const { world, stalled, other, from } = await stall(store, profile, place)
        try {
          const scopes = scopeOf(profile, upstream)
          const meanwhile = await other.tokens(profile, scopes, { upstream, callers: 20 })
          const [got = ''] = Object.keys(meanwhile)
          expect([profile, place, got.startsWith('error')]).toEqual([
            profile,
            place,
            !promised.isServedMeanwhile,
          ])
          stalled.kill('SIGCONT')
          await stalled.tokens(profile, scopes, { upstream })
          const after = Object.keys(await other.tokens(profile, scopes, { upstream, callers: 20 }))
          expect([profile, place, after[0]?.startsWith('error')]).toEqual([
            profile,
            place,
            promised.state !== 'valid',
          ])
          const requests = world.tokenRequests(from)
          expect([profile, place, requests.length]).toEqual([profile, place, promised.redemptions])
          expect(world.simulator.stats().reuseDetected).toBe(0)
          expect([profile, place, (await world.show(profile))['state']]).toEqual([
            profile,
            place,
            promised.state,
          ])
          return { profile, place }
        } finally {
          await world.close()
        }
      }),
    )
    expect(cases).toHaveLength(promises.length)
  }, 90_000)
})
