import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startPostgres, type PostgresServer } from '../support/postgres-server.ts'
import { emptyDatabase } from '../support/postgres.ts'
import { appScopes, makeWorld, scopeOf, type SharedWorld } from '../support/services.ts'

let server: PostgresServer
let world: SharedWorld

beforeEach(async () => {
  server = await startPostgres()
  world = await makeWorld('PostgreSQL', { database: await emptyDatabase(server) })
})
afterEach(async () => {
  await world.close()
  await server.dispose()
})

describe('while PostgreSQL is down', () => {
  it('cached tokens serve, applications get one token a process, refresh tokens rest; after it all goes on', async () => {
    await world.adopt('overlap')
    const cached = await world.service()
    const scopes = scopeOf('overlap', 'one')
    const first = await cached.tokens('overlap', scopes, { upstream: 'one' })
    const bare = await world.service()
    await server.stop()

    const from = world.tokenRequests().length
    expect(await cached.tokens('overlap', scopes, { upstream: 'one', callers: 100 })).toEqual(
      Object.fromEntries(Object.keys(first).map((token) => [token, 100])),
    )
    const own = await bare.tokens('app', appScopes, { callers: 100 })
    expect(Object.values(own)).toEqual([100])
    expect(Object.keys(own)[0]).not.toContain('error')
    expect(world.tokenRequests(from).map(({ grantType }) => grantType)).toEqual([
      'client_credentials',
    ])
    expect(await bare.tokens('overlap', scopes, { upstream: 'one', callers: 20 })).toEqual({
      'error store_unavailable': 20,
    })
    expect(world.tokenRequests(from)).toHaveLength(1)

    await server.start()
    // The failure was a passing one: a pause later the service asks the store again.
    await expect
      .poll(async () => Object.keys(await bare.tokens('overlap', scopes, { upstream: 'one' })), {
        timeout: 20_000,
        interval: 250,
      })
      .toEqual(Object.keys(first))
    expect(world.tokenRequests(from)).toHaveLength(1)
    expect(bare.events.some(({ type }) => type === 'grant.store_lost')).toBe(true)
  }, 60_000)
})
