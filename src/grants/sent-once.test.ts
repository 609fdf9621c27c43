import { describe, expect, it } from 'vitest'
import {
  createCluster,
  hour,
  minute,
  refused,
  type Cluster,
  type EngineNode,
} from '../../test/support/engine-fixture.ts'
import { EvergrantError, Secret } from '../kernel/index.ts'

const strict = { model: 'strict', graceMs: 0 } as const
const graceful = { model: 'strict', graceMs: minute } as const

/** A process that died with the answer to `rt-1` in its hands, and one that lives. */
async function afterDeath(rules: typeof strict | typeof graceful): Promise<{
  readonly cluster: Cluster
  readonly other: EngineNode
}> {
  const cluster = createCluster(rules)
  await cluster.consent()
  const [dead, other] = [await cluster.node(), await cluster.node()]
  const died = dead.killAt('fetch:after')
  void dead.connection.getToken()
  await cluster.settle(died)
  return { cluster, other }
}

describe('a strict refresh token that was perhaps spent', () => {
  it('is not sent again because a bare 401 came and the secret is another one by now', async () => {
    const cluster = createCluster(strict)
    await cluster.consent()
    let secret = 'planted-first'
    const node = await cluster.node({
      credentials: [
        { kind: 'secret', method: 'client_secret_post', read: () => new Secret(secret) },
      ],
    })
    const answer = (): Response => {
      secret = 'planted-second'
      return new Response('<html>who are you?</html>', { status: 401 })
    }
    cluster.endpoint.mishaps.push({ kind: 'after', answer })
    expect(refused(await cluster.settle(node.connection.getToken())).code).toBe('client_rejected')
    await cluster.clock.advance(10 * minute)
    await cluster.settle(node.connection.getToken())
    expect(cluster.endpoint.sent.get('rt-1')).toHaveLength(1)
  })

  it('is held back when the grace ends between the plan and the sending', async () => {
    const { cluster, other } = await afterDeath(graceful)
    const [sentAt = 0] = cluster.endpoint.sent.get('rt-1') ?? []
    await cluster.clock.advance(sentAt + minute - cluster.clock.now() - 2_000)
    const { reached, wake } = other.stallAt('send:before')
    const asked = other.connection.getToken()
    await cluster.settle(reached)
    await cluster.clock.advance(5_000)
    wake()
    expect(refused(await cluster.settle(asked)).code).toBe('refresh_unknown')
    expect(cluster.endpoint.sent.get('rt-1')).toHaveLength(1)
  })

  it('is not planned to be sent in the last moment of its grace', async () => {
    const { cluster, other } = await afterDeath(graceful)
    const [sentAt = 0] = cluster.endpoint.sent.get('rt-1') ?? []
    await cluster.clock.advance(sentAt + minute - cluster.clock.now() - 100)
    expect(refused(await cluster.settle(other.connection.getToken())).code).toBe('refresh_unknown')
    expect(cluster.endpoint.sent.get('rt-1')).toHaveLength(1)
  })

  it('is told to be dead by every process once it was sent again in vain', async () => {
    const { cluster, other } = await afterDeath(strict)
    const first = await cluster.settle(other.connection.getToken())
    expect(refused(first).code).toBe('refresh_unknown')
    const operator = await cluster.node()
    const resent = await cluster.settle(operator.engine.refresh('csp', { resend: true }))
    expect(refused(resent).code).toBe('grant_lapsed')
    await cluster.clock.advance(2 * minute)
    await other.engine.notice(['grants'])
    const newcomer = await cluster.node()
    for (const { connection, engine } of [other, newcomer]) {
      const error = refused(await cluster.settle(connection.getToken()))
      expect(error.code).toBe('grant_lapsed')
      expect(error.remedy).not.toContain('--resend')
      expect((await engine.status('csp')).state).toBe('lapsed')
    }
    expect(cluster.endpoint.sent.get('rt-1')).toHaveLength(2)
  })
})

describe('a refresh token that cannot be unsealed', () => {
  it('is told with the reason, not as a store that is away', async () => {
    const cluster = createCluster(strict)
    await cluster.consent()
    const node = await cluster.node()
    await cluster.settle(node.connection.getToken())
    await cluster.clock.advance(2 * hour)
    cluster.store.fault = new EvergrantError('unseal_failed', 'sealed with a key that is not here')
    const error = refused(await cluster.settle(node.connection.getToken()))
    expect(error.code).toBe('unseal_failed')
    expect(cluster.endpoint.requests).toHaveLength(1)
    cluster.store.fault = undefined
    await cluster.clock.advance(minute)
    expect((await cluster.settle(node.connection.getToken())).ok).toBe(true)
  })
})

describe('a strict refresh token that is adopted', () => {
  const address = { connection: 'csp', tenant: '' }

  it('is refused while it is the one in use, be it under way or not', async () => {
    const cluster = createCluster(strict)
    await cluster.consent()
    const [busy, operator] = [await cluster.node(), await cluster.node()]
    const { reached, wake } = busy.stallAt('fetch:after')
    const asked = busy.connection.getToken()
    await cluster.settle(reached)
    const adoption = operator.engine.adopt('csp', new Secret('rt-1'))
    await expect(adoption).rejects.toMatchObject({ code: 'usage' })
    wake()
    expect((await cluster.settle(asked)).ok).toBe(true)
    const again = operator.engine.adopt('csp', new Secret('rt-2'))
    await expect(again).rejects.toMatchObject({ code: 'usage' })
    expect(cluster.endpoint.sent.get('rt-1')).toHaveLength(1)
    expect(cluster.endpoint.reuses).toBe(0)
  })

  it('is refused while another process has it on trial', async () => {
    const cluster = createCluster(strict)
    const [one, two] = [await cluster.node(), await cluster.node()]
    const { reached, wake } = one.stallAt('fetch:after')
    const first = one.engine.adopt('csp', new Secret('rt-1'))
    await cluster.settle(reached)
    const second = two.engine.adopt('csp', new Secret('rt-1'))
    await expect(second).rejects.toMatchObject({ code: 'usage' })
    wake()
    expect((await cluster.settle(first)).isActivated).toBe(true)
    expect(cluster.endpoint.reuses).toBe(0)
  })

  it('is not thrown away once it was rotated because the next target meets a busy provider', async () => {
    const cluster = createCluster(strict)
    const node = await cluster.node()
    const answer = (): Response => new Response('', { status: 503 })
    cluster.endpoint.mishaps.push(undefined, { kind: 'instead', answer })
    const adoption = await cluster.settle(node.engine.adopt('csp', new Secret('rt-1')))
    expect(adoption.proofs.map(({ outcome }) => outcome)).toEqual([
      'passed',
      'unverified',
      'unverified',
    ])
    expect(adoption.isActivated).toBe(true)
    expect(cluster.store.grantOf(address)?.refreshToken?.reveal()).toBe('rt-2')
  })

  it('is refused, and the grant in use left, when the next target may have spent it', async () => {
    const cluster = createCluster(strict)
    const node = await cluster.node()
    cluster.endpoint.mishaps.push(undefined, { kind: 'reset', isDone: true })
    const adoption = await cluster.settle(node.engine.adopt('csp', new Secret('rt-1')))
    expect(adoption.isActivated).toBe(false)
  })

  it('is kept when the store was away for a moment after the provider had rotated it', async () => {
    const cluster = createCluster(strict)
    const node = await cluster.node()
    node.failAt(['commitExchange:before'])
    const adoption = node.engine.adopt('csp', new Secret('rt-1'))
    await cluster.settle(cluster.clock.sleep(3_000))
    node.failAt([])
    expect((await cluster.settle(adoption)).isActivated).toBe(true)
    expect(cluster.store.grantOf(address)?.refreshToken?.reveal()).toBe('rt-3')
  })
})
