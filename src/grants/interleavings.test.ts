import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createCluster,
  hour,
  minute,
  type Cluster,
  type EngineNode,
  type Moment,
} from '../../test/support/engine-fixture.ts'
import type { Mishap, RotationRules } from '../../test/support/fake-token-endpoint.ts'

const moments: readonly Moment[] = [
  'viewForRenewal:before',
  'beginExchange:before',
  'beginExchange:after',
  'send:before',
  'fetch:before',
  'fetch:after',
  'commitExchange:before',
  'commitExchange:after',
  'failExchange:before',
  'failExchange:after',
  'renewLease:before',
  'renewLease:after',
  'markRefreshUnknown:before',
  'abandonExchange:before',
]
const mishaps: readonly Mishap[] = [
  { kind: 'reset', isDone: true },
  { kind: 'reset', isDone: false },
  { kind: 'refused_connection' },
  { kind: 'after', answer: () => new Response('', { status: 500 }) },
  { kind: 'after', answer: () => new Response('<html></html>', { status: 200 }) },
  { kind: 'after', answer: () => new Response('{', { status: 200 }) },
  { kind: 'instead', answer: () => new Response('', { status: 502 }) },
]

/** What may happen next. Processes are named by number, modulo how many there are. */
type Step =
  | {
      readonly type: 'ask'
      readonly who: number
      readonly isSecond: boolean
      readonly force: boolean
    }
  | { readonly type: 'pass'; readonly milliseconds: number }
  | { readonly type: 'die'; readonly who: number; readonly at: Moment }
  | { readonly type: 'stall'; readonly who: number; readonly at: Moment; readonly forMs: number }
  | { readonly type: 'store_fails'; readonly who: number; readonly at: readonly Moment[] }
  | { readonly type: 'mishap'; readonly which: number }

const who = fc.nat(3)
const at = fc.constantFrom(...moments)
const pause = fc.oneof(
  fc.integer({ min: 0, max: 2_000 }),
  fc.integer({ min: 0, max: 40_000 }),
  fc.constant(hour),
)
const ask = fc.record({
  type: fc.constant('ask' as const),
  who,
  isSecond: fc.boolean(),
  force: fc.boolean(),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: ask, weight: 4 },
  fc.record({ type: fc.constant('pass' as const), milliseconds: pause }),
  fc.record({ type: fc.constant('die' as const), who, at }),
  fc.record({ type: fc.constant('stall' as const), who, at, forMs: pause }),
  fc.record({
    type: fc.constant('store_fails' as const),
    who,
    at: fc.uniqueArray(at, { maxLength: 3 }),
  }),
  fc.record({ type: fc.constant('mishap' as const), which: fc.nat(mishaps.length - 1) }),
)

/** What a caller was told, against what its process had in hand. */
interface Asked {
  readonly wasRefusedDespiteLivingToken: boolean
}

async function play(cluster: Cluster, steps: readonly Step[]): Promise<readonly Asked[]> {
  const nodes: EngineNode[] = []
  for (let i = 0; i < 3; i++) nodes.push(await cluster.node())
  const asked: Asked[] = []
  const nodeOf = (number: number): EngineNode => nodes[number % nodes.length] as EngineNode
  for (const [i, next] of steps.entries()) {
    switch (next.type) {
      case 'ask': {
        const { engine } = nodeOf(next.who)
        const handle = engine.connection('csp', next.isSecond ? { target: 'two' } : {})
        void (async () => {
          const result = await handle.getToken({ forceRenewal: next.force })
          asked.push({ wasRefusedDespiteLivingToken: !result.ok && handle.peek() !== undefined })
        })()
        break
      }
      case 'pass':
        await cluster.settle(cluster.clock.sleep(Math.min(next.milliseconds, minute)))
        await cluster.clock.advance(Math.max(0, next.milliseconds - minute))
        break
      case 'die':
        void nodeOf(next.who).killAt(next.at)
        // Somebody restarts it.
        nodes[(next.who + i) % nodes.length] = await cluster.node()
        break
      case 'stall': {
        const { reached, wake } = nodeOf(next.who).stallAt(next.at)
        void (async () => {
          await reached
          await cluster.clock.sleep(next.forMs)
          wake()
        })()
        break
      }
      case 'store_fails':
        nodeOf(next.who).failAt(next.at)
        break
      case 'mishap':
        cluster.endpoint.mishaps.push(mishaps[next.which])
        break
    }
  }
  for (const node of nodes) node.failAt([])
  cluster.endpoint.mishaps.length = 0
  await cluster.settle(cluster.clock.sleep(minute))
  return asked
}

async function playedUnder(
  rules: RotationRules,
  steps: readonly Step[],
): Promise<{ readonly cluster: Cluster; readonly asked: readonly Asked[] }> {
  const cluster = createCluster(rules)
  await cluster.consent()
  const asked = await play(cluster, steps)
  for (const { wasRefusedDespiteLivingToken } of asked) {
    expect(wasRefusedDespiteLivingToken).toBe(false)
  }
  return { cluster, asked }
}

/** Asks a fresh process until it has a token or knows that it will have none. */
async function outcomeAtLast(cluster: Cluster): Promise<string> {
  const { connection } = await cluster.node()
  for (let round = 0; round < 5; round++) {
    const result = await cluster.settle(connection.getToken({ forceRenewal: true }))
    if (result.ok && result.value.warning === undefined) return 'token'
    const error = result.ok ? result.value.warning : result.error
    if (error?.code === 'refresh_unknown') return error.code
    await cluster.settle(cluster.clock.sleep(minute))
  }
  return 'nothing'
}

const anySteps = fc.array(step, { minLength: 1, maxLength: 14 })
const numRuns = 60

describe('whatever dies, stalls or fails, and whenever', () => {
  it('a strict refresh token without grace is never sent twice; the grant lives or is flagged', async () => {
    await fc.assert(
      fc.asyncProperty(anySteps, async (steps) => {
        const { cluster } = await playedUnder({ model: 'strict', graceMs: 0 }, steps)
        const outcome = await outcomeAtLast(cluster)
        for (const times of cluster.endpoint.sent.values()) expect(times).toHaveLength(1)
        expect(cluster.endpoint.reuses).toBe(0)
        expect(outcome).toMatch(/token|refresh_unknown/)
      }),
      { numRuns },
    )
  })

  it('a strict refresh token is sent again at most once, and within its grace', async () => {
    const graceMs = 20_000
    await fc.assert(
      fc.asyncProperty(anySteps, async (steps) => {
        const { cluster } = await playedUnder({ model: 'strict', graceMs }, steps)
        const outcome = await outcomeAtLast(cluster)
        for (const [first = 0, ...again] of cluster.endpoint.sent.values()) {
          expect(again.length).toBeLessThanOrEqual(1)
          for (const later of again) expect(later - first).toBeLessThanOrEqual(graceMs)
        }
        expect(cluster.endpoint.reuses).toBe(0)
        expect(outcome).toMatch(/token|refresh_unknown/)
      }),
      { numRuns },
    )
  })

  it('a grant whose used refresh tokens stay valid is never lost', async () => {
    await fc.assert(
      fc.asyncProperty(anySteps, async (steps) => {
        const { cluster } = await playedUnder({ model: 'overlap', graceMs: 0 }, steps)
        expect(await outcomeAtLast(cluster)).toBe('token')
      }),
      { numRuns },
    )
  })
})
