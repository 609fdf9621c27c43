import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'
import { emptyDatabase, type TestDatabase } from '../support/postgres.ts'

describe.each(['SQLite', 'PostgreSQL'] as const)('public pages over %s', (store) => {
  let service: ServiceFixture
  let database: TestDatabase | undefined
  beforeAll(async () => {
    database = store === 'PostgreSQL' ? await emptyDatabase() : undefined
    service = await startService(database === undefined ? {} : { workspace: { database } })
  })
  afterAll(async () => {
    await service.close()
    await database?.dispose()
  })

  const own = { origin: 'null', 'sec-fetch-site': 'same-origin' }
  const json = { ...own, 'content-type': 'application/json' }
  const link = `/consent/l/egl_${'x'.repeat(43)}`
  const signIn = '/console/sign-in'
  const big = 'x'.repeat(5_000)

  it.each([
    ['GET', '/consent/done/%00', undefined],
    ['GET', '/consent/done/cns_%00', undefined],
    ['GET', '/consent/callback?code=%00&state=%00', undefined],
    ['GET', '/consent/callback?state=x&error=%00%0a', undefined],
    ['GET', `/consent/callback?code=a&state=${'y'.repeat(16_000)}`, undefined],
    ['GET', '/consent/admin?state=%00&error=x', undefined],
    ['GET', `/consent/admin?state=${'A'.repeat(1_999)}`, undefined],
    ['GET', '/consent/l/%00', undefined],
    ['POST', link, { body: big, headers: own }],
    ['POST', link, { body: '{', headers: json }],
    ['POST', link, { body: 'a=b', headers: { ...own, 'content-type': 'nonsense' } }],
    ['GET', `${signIn}/link/%00`, undefined],
    ['GET', `${signIn}?return_to=/console/&return_to=/x`, undefined],
    ['GET', `${signIn}/callback?state=%00`, undefined],
    ['POST', signIn, { body: big, headers: own }],
    ['POST', signIn, { body: '{"issuer":5}', headers: json }],
    ['POST', signIn, { body: '{"issuer":{"slice":1},"tenant":[]}', headers: json }],
    ['POST', signIn, { body: '"text"', headers: json }],
    ['POST', signIn, { body: 'null', headers: json }],
    [
      'POST',
      signIn,
      {
        body: '__proto__=a&issuer=__proto__&tenant=constructor',
        headers: { ...own, 'content-type': 'application/x-www-form-urlencoded' },
      },
    ],
    ['POST', '/console/sign-out', { body: big, headers: own }],
  ] as const)('answer what is odd in words of ours: %s, case %#', async (method, path, init) => {
    const before = service.log().filter(({ fault }) => fault !== undefined).length
    const answer = await fetch(`${service.url}${path}`, { method, redirect: 'manual', ...init })
    await answer.text()
    expect(answer.status).toBeLessThan(500)
    expect(service.log().filter(({ fault }) => fault !== undefined)).toHaveLength(before)
  })
})
