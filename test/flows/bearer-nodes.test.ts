import { afterEach, describe, expect, it } from 'vitest'
import { startServing, type Serving } from '../../src/server/index.ts'
import { bearer, startBearerService, type BearerService } from '../support/bearer-service.ts'
import { emptyDatabase, type TestDatabase } from '../support/postgres.ts'
import { tenantId } from '../support/workspace.ts'

let first: BearerService | undefined
let second: Serving | undefined
let database: TestDatabase | undefined
afterEach(async () => {
  await second?.close(0)
  await first?.close()
  await database?.dispose()
  first = second = database = undefined
})

/** Within a second of a change, and what a machine under load takes besides. */
const soon = { timeout: 3_000, interval: 40 }

describe.each(['SQLite', 'PostgreSQL'] as const)('two nodes on %s', (store) => {
  it('know each other’s sessions, and what was revoked or disabled at the other within a second', async () => {
    database = store === 'PostgreSQL' ? await emptyDatabase() : undefined
    first = await startBearerService(database === undefined ? {} : { workspace: { database } })
    second = await startServing({
      configPath: first.workspace.configPath,
      env: {},
      listen: { host: '127.0.0.1', port: 0 },
      keepAlive: false,
      logTo: { write: () => {} },
    })
    const { issuer, userIds, url, get, addCaller } = first
    const admin = await addCaller('ops', { role: 'admin' })
    const tokenFor = (user: number): string =>
      issuer.token({ oid: userIds[user], roles: ['Viewer'], name: 'a\u0000b' })
    const begin = async (user: number): Promise<{ token: string; session: { id: string } }> => {
      const headers = bearer(tokenFor(user))
      const answer = await fetch(`${url}/api/v1/sessions`, { method: 'POST', headers })
      expect(answer.status).toBe(201)
      return (await answer.json()) as { token: string; session: { id: string } }
    }
    const atSecond = async (token: string): Promise<string> => {
      const answer = await fetch(`${second?.url}/auth/verify`, { headers: bearer(token) })
      const text = await answer.text()
      return text === '' ? 'passes' : (JSON.parse(text) as { code: string }).code
    }
    const one = await begin(0)
    const other = await begin(1)
    for (const { token } of [one, other]) expect(await atSecond(token)).toBe('passes')
    expect(await atSecond(tokenFor(1))).toBe('passes')
    const revoked = await get(`/api/v1/sessions/${one.session.id}`, bearer(admin), 'DELETE')
    expect(revoked.status).toBe(204)
    await expect.poll(() => atSecond(one.token), soon).toBe('session_ended')
    const path = `/api/v1/accounts/${tenantId}/${userIds[1]}/disable`
    expect((await get(path, bearer(admin), 'POST')).ok).toBe(true)
    await expect.poll(() => atSecond(tokenFor(1)), soon).toBe('account_disabled')
    await expect.poll(() => atSecond(other.token), soon).toBe('session_ended')
  })
})
