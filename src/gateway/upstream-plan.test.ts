import { describe, expect, it } from 'vitest'
import type { ConnectionHandle } from '../grants/index.ts'
import { createManualClock } from '../kernel/index.ts'
import type { RoutedConnection, UpstreamPool } from './gateway-ports.ts'
import type { UpstreamSettings } from './settings.ts'
import { createCallPlans, type UpstreamLane } from './upstream-plan.ts'

const settings: UpstreamSettings = {
  url: 'https://api.example',
  headers: { authorization: 'Bearer {token}' },
  query: {},
  methods: [],
  paths: [],
  rejected: [],
  replayUnsafe: false,
  normalise: false,
  links: 'keep',
  allowPrivate: false,
  http2: false,
  timeouts: { connectMs: 1, headersMs: 1, idleMs: 1 },
}

function makePlans() {
  const routes = new Map<string, RoutedConnection>()
  const pools: { isClosed: boolean }[] = []
  const plans = createCallPlans({
    connections: { find: (name) => routes.get(name), names: () => [...routes.keys()] },
    openPool: () => {
      const pool = { isClosed: false }
      pools.push(pool)
      const close = async (): Promise<void> => {
        pool.isClosed = true
      }
      return { close, dispatcher: {} } as unknown as UpstreamPool
    },
    clock: createManualClock(),
    emit: () => {},
  })
  const define = (name: string): void => {
    const handle = (tenant?: string): ConnectionHandle =>
      ({ address: tenant === undefined ? name : `${name}@${tenant}` }) as ConnectionHandle
    routes.set(name, { name, upstreams: { '': settings }, handle })
  }
  const closed = (): boolean[] => pools.map(({ isClosed }) => isClosed)
  return { plans, define, closed, remove: (name: string) => void routes.delete(name) }
}

/** As a call’s end does. */
function end(lane: UpstreamLane): void {
  lane.calls--
  if (lane.calls === 0) lane.onIdle?.()
}

describe('a connection whose definition changed', () => {
  it('keeps its connections to the API until the last call that uses them has ended', () => {
    const { plans, define, closed } = makePlans()
    define('a')
    const { lane } = plans.find('a')
    lane.calls += 2
    define('a')
    expect(plans.find('a').lane).not.toBe(lane)
    end(lane)
    expect(closed()).toEqual([false, false])
    end(lane)
    expect(closed()).toEqual([true, false])
  })

  it('is let go of when any address of it is called, and with it all others that changed', () => {
    const { plans, define, closed, remove } = makePlans()
    for (const name of ['a', 'b', 'c']) {
      define(name)
      plans.find(`${name}@one`)
    }
    define('a')
    remove('b')
    plans.find('c@one')
    expect(closed()).toEqual([false, false, false])
    plans.find('a@two')
    expect(closed()).toEqual([true, true, false, false])
    expect(plans.find('a@one').lane).toBe(plans.find('a@two').lane)
  })

  it('is let go of when it was removed, and called in vain', () => {
    const { plans, define, closed, remove } = makePlans()
    define('a')
    const { lane } = plans.find('a')
    lane.calls++
    remove('a')
    expect(() => plans.find('a')).toThrow('connection')
    expect(closed()).toEqual([false])
    end(lane)
    expect(closed()).toEqual([true])
  })

  it('keeps nothing open after the gateway closed, whatever calls there are', async () => {
    const { plans, define, closed } = makePlans()
    define('a')
    plans.find('a').lane.calls++
    define('a')
    plans.find('a').lane.calls++
    await plans.close()
    expect(closed()).toEqual([true, true])
  })
})
