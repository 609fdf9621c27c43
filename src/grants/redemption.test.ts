import { describe, expect, it } from 'vitest'
import {
  createCluster,
  granted,
  hour,
  minute,
  refused,
  textOf,
  type Cluster,
  type EngineNode,
} from '../../test/support/engine-fixture.ts'
import type { RotationRules } from '../../test/support/fake-token-endpoint.ts'

const strict: RotationRules = { model: 'strict', graceMs: 0 }
const graceful: RotationRules = { model: 'strict', graceMs: minute }
const overlap: RotationRules = { model: 'overlap', graceMs: 0 }

/** A cluster with a first refresh token. */
async function start(rotation: RotationRules): Promise<Cluster> {
  const cluster = createCluster(rotation)
  await cluster.consent()
  return cluster
}

const address = { connection: 'csp', tenant: '' }
const sentOnce = (cluster: Cluster): void => {
  for (const times of cluster.endpoint.sent.values()) expect(times).toHaveLength(1)
  expect(cluster.endpoint.reuses).toBe(0)
}
const standing = (cluster: Cluster): unknown => cluster.store.grantOf(address)?.record

describe('a grant that needs a refresh token and has none', () => {
  it('sends nothing and says that consent is needed', async () => {
    const cluster = createCluster(strict)
    const { connection } = await cluster.node()
    expect(refused(await connection.getToken()).code).toBe('consent_needed')
    expect(cluster.endpoint.requests).toHaveLength(0)
  })

  it('serves a minute after somebody consented', async () => {
    const cluster = createCluster(strict)
    const { connection } = await cluster.node()
    await connection.getToken()
    await cluster.consent()
    await cluster.clock.advance(minute)
    expect((await connection.getToken()).ok).toBe(true)
  })
})

describe('several processes', () => {
  it.each([strict, graceful, overlap])('with many callers send one request (%o)', async (rules) => {
    const cluster = await start(rules)
    const nodes = await Promise.all(Array.from({ length: 4 }, () => cluster.node()))
    const callers = nodes.flatMap(({ connection }) =>
      Array.from({ length: 250 }, () => connection.getToken()),
    )
    const results = await cluster.settle(Promise.all(callers))
    expect(new Set(results.map((result) => textOf(granted(result).token)))).toEqual(
      new Set(['token-1']),
    )
    expect(cluster.endpoint.requests).toHaveLength(1)
    expect(cluster.store.grantOf(address)?.refreshToken?.reveal()).toBe('rt-2')
    expect(cluster.store.intents()).toEqual([])
  })

  it('share a failure and its Retry-After, and none asks again meanwhile', async () => {
    const cluster = await start(strict)
    const answer = (): Response =>
      new Response('', { status: 429, headers: { 'retry-after': '60' } })
    cluster.endpoint.mishaps.push({ kind: 'instead', answer })
    const nodes = await Promise.all(Array.from({ length: 3 }, () => cluster.node()))
    const calls = nodes.map(({ connection }) => connection.getToken())
    for (const result of await cluster.settle(Promise.all(calls))) {
      expect(refused(result).code).toBe('provider_throttled')
    }
    expect(cluster.endpoint.requests).toHaveLength(1)
    await cluster.clock.advance(minute)
    const again = nodes.map(({ connection }) => connection.getToken())
    for (const result of await cluster.settle(Promise.all(again))) expect(result.ok).toBe(true)
    expect(cluster.endpoint.requests).toHaveLength(2)
  })

  it('share a failure without a Retry-After, too', async () => {
    const cluster = await start(overlap)
    cluster.endpoint.mishaps.push({
      kind: 'instead',
      answer: () => new Response('', { status: 500 }),
    })
    const nodes = await Promise.all(Array.from({ length: 3 }, () => cluster.node()))
    const calls = nodes.map(({ connection }) => connection.getToken())
    for (const result of await cluster.settle(Promise.all(calls))) {
      expect(refused(result).code).toBe('provider_unavailable')
    }
    expect(cluster.endpoint.requests).toHaveLength(1)
  })

  it('share the failure they waited for, also when its pause is over by then', async () => {
    const cluster = await start(overlap)
    const [busy, waiting] = [await cluster.node(), await cluster.node()]
    const { reached, wake } = busy.stallAt('fetch:after')
    cluster.endpoint.mishaps.push({
      kind: 'instead',
      answer: () => new Response('', { status: 500 }),
    })
    const first = busy.connection.getToken()
    await cluster.settle(reached)
    const second = waiting.connection.getToken()
    await cluster.settle(cluster.clock.sleep(100))
    const late = waiting.stallAt('viewForRenewal:before')
    await cluster.settle(late.reached)
    wake()
    expect(refused(await cluster.settle(first)).code).toBe('provider_unavailable')
    await cluster.settle(cluster.clock.sleep(2_000))
    late.wake()
    expect(refused(await cluster.settle(second)).code).toBe('provider_unavailable')
    expect(cluster.endpoint.requests).toHaveLength(1)
  })

  it('never send the same strict refresh token for two targets', async () => {
    const cluster = await start(strict)
    const nodes = await Promise.all(Array.from({ length: 3 }, () => cluster.node()))
    const calls = nodes.flatMap(({ engine, connection }) => [
      connection.getToken(),
      engine.connection('csp', { target: 'two' }).getToken(),
    ])
    const results = await cluster.settle(Promise.all(calls))
    expect(results.every(({ ok }) => ok)).toBe(true)
    expect(cluster.endpoint.requests).toHaveLength(2)
    sentOnce(cluster)
  })

  it('redeem for two targets at once where a used refresh token stays valid', async () => {
    const cluster = await start(overlap)
    const { engine, connection } = await cluster.node()
    const open = Promise.withResolvers<void>()
    const { answer } = cluster.endpoint
    cluster.endpoint.answer = async (request) => {
      await open.promise
      return answer(request)
    }
    const calls = [connection, engine.connection('csp', { target: 'two' })].map((one) =>
      one.getToken(),
    )
    await cluster.endpoint.arrival(2)
    open.resolve()
    for (const result of await cluster.settle(Promise.all(calls))) expect(result.ok).toBe(true)
    expect(cluster.endpoint.sent.get('rt-1')).toHaveLength(2)
  })

  it('wait no longer than half a minute for one that does not end', async () => {
    const cluster = await start(strict)
    const [busy, waiting] = [await cluster.node(), await cluster.node()]
    busy.failAt(['commitExchange:before'])
    void busy.connection.getToken()
    await cluster.settle(cluster.endpoint.arrival(1))
    const before = cluster.clock.now()
    // Its lease is renewed as long as it lives.
    const result = await cluster.settle(waiting.connection.getToken())
    expect(refused(result).code).toBe('token_wait_timeout')
    expect(cluster.clock.now() - before).toBeLessThanOrEqual(31_000)
    sentOnce(cluster)
  })

  it('wake each other, so that waiting costs no pause', async () => {
    const cluster = await start(strict)
    const [first, second] = [await cluster.node(), await cluster.node()]
    const { reached, wake } = first.stallAt('commitExchange:before')
    const ours = first.connection.getToken()
    await cluster.settle(reached)
    const theirs = second.connection.getToken()
    await cluster.clock.advance(200)
    wake()
    await ours
    await second.engine.notice(['slots'])
    expect(granted(await theirs).origin).toBe('adopted')
    expect(second.eventTypes()).toContain('grant.waited')
  })
})

describe('a process that dies', () => {
  const dies = async (
    rules: RotationRules,
    moment: Parameters<EngineNode['killAt']>[0],
  ): Promise<{ cluster: Cluster; other: EngineNode }> => {
    const cluster = await start(rules)
    const victim = await cluster.node()
    const died = victim.killAt(moment)
    void victim.connection.getToken()
    await cluster.settle(died)
    return { cluster, other: await cluster.node() }
  }

  it.each(['fetch:before', 'fetch:after', 'commitExchange:before'] as const)(
    'at %s leaves a strict token without grace unsent, flagged, and the grant as it was',
    async (moment) => {
      const { cluster, other } = await dies(strict, moment)
      const result = await cluster.settle(other.connection.getToken())
      expect(refused(result).code).toBe('refresh_unknown')
      expect(standing(cluster)).toMatchObject({ lastFailure: { code: 'refresh_unknown' } })
      expect((await other.engine.status('csp')).state).toBe('refresh_unknown')
      await cluster.clock.advance(hour)
      await cluster.settle(other.connection.getToken())
      expect(cluster.endpoint.requests.length).toBeLessThanOrEqual(1)
      expect(other.eventTypes().filter((type) => type === 'grant.refresh_unknown')).toHaveLength(1)
    },
  )

  it.each(['fetch:before', 'fetch:after', 'commitExchange:before'] as const)(
    'at %s has its strict token sent once more within the grace',
    async (moment) => {
      const { cluster, other } = await dies(graceful, moment)
      expect((await cluster.settle(other.connection.getToken())).ok).toBe(true)
      expect(other.eventTypes()).toContain('grant.resent')
      expect(cluster.endpoint.sent.get('rt-1')?.length).toBeLessThanOrEqual(2)
      expect(cluster.endpoint.reuses).toBe(0)
    },
  )

  it('has its strict token sent no third time', async () => {
    const { cluster, other } = await dies(graceful, 'fetch:after')
    const died = other.killAt('fetch:after')
    void other.connection.getToken()
    await cluster.settle(died)
    const third = await cluster.node()
    const result = await cluster.settle(third.connection.getToken())
    expect(refused(result).code).toBe('refresh_unknown')
    expect(cluster.endpoint.sent.get('rt-1')).toHaveLength(2)
  })

  it('has its strict token not sent after the grace', async () => {
    const { cluster, other } = await dies(graceful, 'fetch:after')
    await cluster.clock.advance(minute + 1)
    const result = await cluster.settle(other.connection.getToken())
    expect(refused(result).code).toBe('refresh_unknown')
    sentOnce(cluster)
  })

  it.each(['beginExchange:after', 'fetch:before', 'fetch:after', 'commitExchange:before'] as const)(
    'at %s is replaced at once where a used refresh token stays valid',
    async (moment) => {
      const { cluster, other } = await dies(overlap, moment)
      const before = cluster.clock.now()
      expect((await cluster.settle(other.connection.getToken())).ok).toBe(true)
      expect(cluster.clock.now() - before).toBeLessThan(1_000)
      expect(other.eventTypes()).toContain('grant.taken_over')
    },
  )

  it.each([strict, graceful, overlap])('after its commit costs nothing (%o)', async (rules) => {
    const { cluster, other } = await dies(rules, 'commitExchange:after')
    expect(granted(await cluster.settle(other.connection.getToken())).origin).toBe('adopted')
    expect(cluster.endpoint.requests).toHaveLength(1)
  })

  it('on another machine is waited for until its lease is over', async () => {
    const cluster = await start(overlap)
    const far = await cluster.node({}, { bootId: 'another machine' })
    const died = far.killAt('fetch:after')
    void far.connection.getToken()
    await cluster.settle(died)
    const before = cluster.clock.now()
    const other = await cluster.node()
    expect((await cluster.settle(other.connection.getToken())).ok).toBe(true)
    const waitedMs = cluster.clock.now() - before
    expect(waitedMs).toBeGreaterThan(14_000)
    expect(waitedMs).toBeLessThan(16_000)
  })
})

describe('a refresh token whose fate is unknown', () => {
  const flagged = async (): Promise<{ cluster: Cluster; node: EngineNode }> => {
    const cluster = await start(strict)
    cluster.endpoint.mishaps.push({ kind: 'reset', isDone: false })
    const node = await cluster.node()
    expect(refused(await node.connection.getToken()).code).toBe('provider_unreachable')
    await cluster.clock.advance(5_000)
    expect(refused(await node.connection.getToken()).code).toBe('refresh_unknown')
    return { cluster, node }
  }

  it('is not sent by an operator’s refresh, only when he says so', async () => {
    const { cluster, node } = await flagged()
    const plain = await cluster.settle(node.engine.refresh('csp'))
    expect(refused(plain).code).toBe('refresh_unknown')
    expect(cluster.endpoint.requests).toHaveLength(1)
    expect((await cluster.settle(node.engine.refresh('csp', { resend: true }))).ok).toBe(true)
    expect(node.events).toContainEqual(
      expect.objectContaining({ type: 'grant.resent', by: 'operator' }),
    )
    expect((await node.engine.status('csp')).state).toBe('valid')
    await cluster.clock.advance(hour)
    expect((await cluster.settle(node.connection.getToken())).ok).toBe(true)
  })

  it('gives way to a new consent', async () => {
    const { cluster, node } = await flagged()
    await cluster.consent()
    await cluster.clock.advance(minute)
    expect((await cluster.settle(node.connection.getToken())).ok).toBe(true)
  })

  it('leaves the access token serving until it dies', async () => {
    const cluster = await start(strict)
    const node = await cluster.node()
    await node.connection.getToken()
    cluster.endpoint.mishaps.push({ kind: 'reset', isDone: true })
    await cluster.clock.advance(30 * minute)
    const served = granted(await node.connection.getToken({ forceRenewal: true }))
    expect(textOf(served.token)).toBe('token-1')
    await cluster.clock.advance(10_000)
    expect(granted(await node.connection.getToken()).token).toBe(served.token)
    expect(standing(cluster)).toMatchObject({ state: 'active' })
    await cluster.clock.advance(hour)
    expect(refused(await node.connection.getToken()).code).toBe('refresh_unknown')
    sentOnce(cluster)
  })

  it.each([
    ['a reset', { kind: 'reset', isDone: true }],
    ['500', { kind: 'after', answer: () => new Response('', { status: 500 }) }],
    ['a web page', { kind: 'after', answer: () => new Response('<html>', { status: 200 }) }],
    ['garbage', { kind: 'after', answer: () => new Response('{"a":', { status: 200 }) }],
    ['an error in a success', { kind: 'after', answer: () => Response.json({ error: 'oops' }) }],
  ] as const)('after %s is sent again by itself within the grace', async (_name, mishap) => {
    const cluster = await start(graceful)
    cluster.endpoint.mishaps.push(mishap)
    const { connection } = await cluster.node()
    expect((await connection.getToken()).ok).toBe(false)
    await cluster.clock.advance(1_000)
    await cluster.settle(cluster.endpoint.arrival(2))
    expect((await cluster.settle(connection.getToken())).ok).toBe(true)
    expect(cluster.endpoint.sent.get('rt-1')).toHaveLength(2)
    expect(cluster.endpoint.reuses).toBe(0)
  })

  it('that certainly did not leave is simply sent later', async () => {
    const cluster = await start(strict)
    cluster.endpoint.mishaps.push({ kind: 'refused_connection' })
    const { connection } = await cluster.node()
    expect(refused(await connection.getToken()).code).toBe('provider_unreachable')
    await cluster.clock.advance(1_000)
    expect((await connection.getToken()).ok).toBe(true)
  })
})

describe('a process that stalls past its lease and wakes', () => {
  it('before sending sends nothing when another has taken over', async () => {
    const cluster = await start(graceful)
    const stalled = await cluster.node()
    const { reached, wake } = stalled.stallAt('send:before')
    const ours = stalled.connection.getToken()
    await cluster.settle(reached)
    await cluster.clock.advance(16_000)
    const other = await cluster.node()
    expect((await cluster.settle(other.connection.getToken())).ok).toBe(true)
    await cluster.clock.advance(5 * minute)
    wake()
    await cluster.settle(ours)
    await cluster.settle(cluster.clock.sleep(minute))
    sentOnce(cluster)
  })

  it('commits nevertheless what it got, and clears the flag', async () => {
    const cluster = await start(strict)
    const stalled = await cluster.node()
    const { reached, wake } = stalled.stallAt('fetch:after')
    const ours = stalled.connection.getToken()
    await cluster.settle(reached)
    stalled.failAt(['renewLease:before', 'commitExchange:before'])
    wake()
    await cluster.settle(cluster.clock.sleep(16_000))
    const other = await cluster.node()
    expect(refused(await cluster.settle(other.connection.getToken())).code).toBe('refresh_unknown')
    stalled.failAt([])
    expect((await cluster.settle(ours)).ok).toBe(true)
    await cluster.clock.advance(minute)
    expect(granted(await cluster.settle(other.connection.getToken())).origin).toBe('adopted')
    expect(cluster.store.grantOf(address)?.record.refreshToken?.unknownSince).toBeUndefined()
    sentOnce(cluster)
  })
})

describe('an invalid_grant', () => {
  it('lapses the grant, once the store agrees that nobody rotated', async () => {
    const cluster = await start(strict)
    cluster.endpoint.endFamily()
    const node = await cluster.node()
    expect(refused(await node.connection.getToken()).code).toBe('grant_lapsed')
    expect(standing(cluster)).toMatchObject({
      state: 'lapsed',
      lastFailure: { code: 'grant_lapsed' },
    })
    expect((await node.engine.status('csp')).state).toBe('lapsed')
    await cluster.clock.advance(30 * minute)
    await cluster.settle(node.connection.getToken())
    expect(cluster.endpoint.requests).toHaveLength(1)
  })

  it('is tried once more with the refresh token that someone consented to meanwhile', async () => {
    const cluster = await start(strict)
    cluster.endpoint.mishaps.push({
      kind: 'instead',
      answer: () => Response.json({ error: 'invalid_grant' }, { status: 400 }),
    })
    const node = await cluster.node()
    const { reached, wake } = node.stallAt('fetch:after')
    const result = node.connection.getToken()
    await cluster.settle(reached)
    await cluster.consent()
    wake()
    expect((await cluster.settle(result)).ok).toBe(true)
    expect(standing(cluster)).toMatchObject({ state: 'active' })
  })

  it('lapses nothing while the store cannot tell', async () => {
    const cluster = await start(overlap)
    cluster.endpoint.endFamily()
    const node = await cluster.node()
    const { reached, wake } = node.stallAt('fetch:after')
    const result = node.connection.getToken()
    await cluster.settle(reached)
    node.failAt(['viewForRenewal:before'])
    wake()
    expect(refused(await cluster.settle(result)).code).toBe('grant_lapsed')
    expect(standing(cluster)).toMatchObject({ state: 'active' })
  })
})

describe('a store that goes away', () => {
  it('keeps refresh tokens from being sent', async () => {
    const cluster = await start(strict)
    const node = await cluster.node()
    node.failAt(['viewForRenewal:before', 'ensureGrant:before'])
    expect(refused(await node.connection.getToken()).code).toBe('store_unavailable')
    expect(cluster.endpoint.requests).toHaveLength(0)
    node.failAt([])
    await cluster.clock.advance(1_000)
    expect((await node.connection.getToken()).ok).toBe(true)
  })

  it('after taking the claim finds it withdrawn', async () => {
    const cluster = await start(strict)
    const node = await cluster.node()
    node.failAt(['beginExchange:after'])
    expect(refused(await node.connection.getToken()).code).toBe('store_unavailable')
    node.failAt([])
    await cluster.clock.advance(1_000)
    expect(cluster.store.intents()).toEqual([])
    expect((await cluster.settle(node.connection.getToken())).ok).toBe(true)
    sentOnce(cluster)
  })

  it('before the commit gets the new refresh token as soon as it is back, and nobody sends the old one', async () => {
    const cluster = await start(strict)
    const node = await cluster.node()
    node.failAt(['commitExchange:before', 'renewLease:before'])
    const result = node.connection.getToken()
    await cluster.settle(cluster.endpoint.arrival(1))
    await cluster.settle(cluster.clock.sleep(16_000))
    const other = await cluster.node()
    expect(refused(await cluster.settle(other.connection.getToken())).code).toBe('refresh_unknown')
    expect(node.eventTypes()).toContain('grant.unsaved')
    node.failAt([])
    expect(granted(await cluster.settle(result)).origin).toBe('issued')
    expect(cluster.store.grantOf(address)?.refreshToken?.reveal()).toBe('rt-2')
    expect(node.eventTypes()).toContain('grant.saved_late')
    sentOnce(cluster)
  })

  it('for longer than callers wait loses no refresh token', async () => {
    const cluster = await start(strict)
    const node = await cluster.node()
    node.failAt(['commitExchange:before'])
    expect(refused(await cluster.settle(node.connection.getToken())).code).toBe(
      'token_wait_timeout',
    )
    await cluster.clock.advance(hour)
    expect((await cluster.settle(node.connection.getToken())).ok).toBe(false)
    node.failAt([])
    await cluster.clock.advance(10_000)
    expect(cluster.store.grantOf(address)?.refreshToken?.reveal()).toBe('rt-2')
    await cluster.settle(node.connection.getToken())
    await cluster.clock.advance(5 * minute)
    expect((await cluster.settle(node.connection.getToken())).ok).toBe(true)
    sentOnce(cluster)
  })

  it('after the commit was applied does not commit twice', async () => {
    const cluster = await start(strict)
    const node = await cluster.node()
    node.failAt(['commitExchange:after'])
    const result = node.connection.getToken()
    await cluster.clock.advance(1_000)
    node.failAt([])
    expect(granted(await cluster.settle(result)).origin).toBe('issued')
    const { record } = cluster.store.grantOf(address) ?? {}
    expect(record).toMatchObject({ refreshCount: 1, refreshToken: { version: 2 } })
    sentOnce(cluster)
  })

  it('hands out at once what needs no commit first', async () => {
    const cluster = await start(overlap)
    const node = await cluster.node()
    node.failAt(['commitExchange:before'])
    expect((await node.connection.getToken()).ok).toBe(true)
    node.failAt([])
    await cluster.clock.advance(1_000)
    expect(cluster.store.grantOf(address)?.refreshToken?.reveal()).toBe('rt-2')
  })

  it('learns of a failed exchange once it is back', async () => {
    const cluster = await start(strict)
    cluster.endpoint.mishaps.push({ kind: 'refused_connection' })
    const node = await cluster.node()
    node.failAt(['failExchange:before'])
    expect((await node.connection.getToken()).ok).toBe(false)
    expect(cluster.store.intents()).toHaveLength(1)
    node.failAt([])
    await cluster.clock.advance(1_000)
    expect(cluster.store.intents()).toEqual([])
  })
})
