import { afterEach, describe, expect, it } from 'vitest'
import { appScopes, makeWorld, type SharedWorld } from '../support/services.ts'

const tenMinutesMs = 600_000

let world: SharedWorld
afterEach(() => world.close())

describe('nodes on PostgreSQL whose clocks are ten minutes apart', () => {
  it('agree on what lives: one request, one token, one expiry', async () => {
    world = await makeWorld('PostgreSQL', { tokenLifetimeSeconds: 300 })
    const services = await Promise.all(
      [-tenMinutesMs, 0, tenMinutesMs].map((skewMs) => world.service({ skewMs })),
    )
    const seen = await Promise.all(
      services.map((service) => service.tokens('app', appScopes, { callers: 200 })),
    )
    const [token = ''] = Object.keys(seen[0] ?? {})
    expect(token).not.toContain('error')
    expect(seen).toEqual(services.map(() => ({ [token]: 200 })))
    expect(world.tokenRequests()).toHaveLength(1)
    const shown = await world.show('app')
    // Told by the server's clock, which is this host's: within the round trips of the measurement.
    const life = Number(shown['token_remaining_seconds'])
    expect(life).toBeGreaterThan(280)
    expect(life).toBeLessThanOrEqual(300)
  })

  it('agree on Retry-After: nobody comes back early, nobody stays away longer', async () => {
    world = await makeWorld('PostgreSQL')
    world.simulator.control.addFault({
      match: { kind: 'token' },
      effect: { kind: 'text429', retryAfter: 60 },
    })
    const [late, early] = await Promise.all(
      [-tenMinutesMs, tenMinutesMs].map((skewMs) => world.service({ skewMs })),
    )
    expect(await late?.tokens('app', appScopes)).toEqual({ 'error provider_throttled': 1 })
    expect(await early?.tokens('app', appScopes)).toEqual({ 'error provider_throttled': 1 })
    expect(world.tokenRequests()).toHaveLength(1)
    const until = Date.parse(String((await world.show('app'))['next_attempt_at']))
    expect(Math.abs(until - (Date.now() + 60_000))).toBeLessThan(20_000)
  })
})
