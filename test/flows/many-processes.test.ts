import { afterEach, describe, expect, it, onTestFailed } from 'vitest'
import { appScopes, makeWorld, scopeOf, upstreams, type SharedWorld } from '../support/services.ts'

let world: SharedWorld
afterEach(() => world.close())

describe.each(['SQLite', 'PostgreSQL'] as const)('processes that share %s', (store) => {
  it('send one request for 4 × 2,500 callers, and all hold its token', async () => {
    world = await makeWorld(store)
    const services = await Promise.all(Array.from({ length: 4 }, () => world.service()))
    const seen = await Promise.all(
      services.map((service) => service.tokens('app', appScopes, { callers: 2_500 })),
    )
    const [token] = Object.keys(seen[0] ?? {})
    expect(seen).toEqual(Array.from({ length: 4 }, () => ({ [token ?? '']: 2_500 })))
    expect(world.tokenRequests()).toHaveLength(1)
  })

  it('share a failure as they share a token', async () => {
    world = await makeWorld(store)
    world.simulator.control.setSecrets([{ value: 'another' }])
    const services = await Promise.all(Array.from({ length: 4 }, () => world.service()))
    const seen = await Promise.all(
      services.map((service) => service.tokens('app', appScopes, { callers: 500 })),
    )
    expect(seen).toEqual(Array.from({ length: 4 }, () => ({ 'error client_rejected': 500 })))
    // A store that is away, or a lease that ended, would explain a second one.
    onTestFailed(() => {
      console.error(JSON.stringify(services.map(({ pid, events }) => ({ pid, events }))))
    })
    expect(world.tokenRequests()).toHaveLength(1)
  })

  it('stay away together when the provider asked one of them to', async () => {
    world = await makeWorld(store)
    world.simulator.control.addFault({
      match: { kind: 'token' },
      effect: { kind: 'text429', retryAfter: 60 },
    })
    const services = await Promise.all(Array.from({ length: 4 }, () => world.service()))
    const seen = await Promise.all(
      services.map((service) => service.tokens('app', appScopes, { callers: 500 })),
    )
    expect(seen).toEqual(Array.from({ length: 4 }, () => ({ 'error provider_throttled': 500 })))
    const again = await services[0]?.tokens('app', appScopes)
    expect(again).toEqual({ 'error provider_throttled': 1 })
    expect(world.tokenRequests()).toHaveLength(1)
  })

  it('never send a strict provider a refresh token twice, whatever each asks it for', async () => {
    world = await makeWorld(store)
    await world.adopt('strict')
    const before = world.tokenRequests().length
    const services = await Promise.all(Array.from({ length: 4 }, () => world.service()))
    await Promise.all(
      services.flatMap((service, i) =>
        upstreams.map(async (_, j) => {
          const upstream = upstreams[(i * 3 + j) % upstreams.length] ?? ''
          const seen = await service.tokens('strict', scopeOf('strict', upstream), {
            upstream,
            callers: 50,
          })
          expect(Object.values(seen)).toEqual([50])
          expect(Object.keys(seen)[0]).not.toContain('error')
        }),
      ),
    )
    const requests = world.tokenRequests(before)
    expect(requests).toHaveLength(upstreams.length)
    expect(requests.filter(({ isReuse }) => isReuse)).toEqual([])
    expect(world.simulator.stats().reuseDetected).toBe(0)
  })
})
