import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bearer, startBearerService, type BearerService } from '../support/bearer-service.ts'

let service: BearerService
let operator: string
beforeAll(async () => {
  service = await startBearerService()
  operator = await service.addCaller('ops', { role: 'operator' })
})
afterAll(() => service.close())

type Json = Readonly<Record<string, unknown>>
const tokenFor = (claims: Json = {}): string =>
  service.issuer.token({ oid: service.userIds[0], roles: ['Viewer'], jti: 'tok-1', ...claims })
const ask = async (path: string, key = operator, method = 'GET'): Promise<Json> =>
  (await (await service.get(`/api/v1/${path}`, bearer(key), method)).json()) as Json
const itemsOf = async (path: string): Promise<readonly Json[]> =>
  (await ask(path))['items'] as readonly Json[]
const health = async (): Promise<Json | undefined> => (await itemsOf('issuers')).at(0)
const eventsOf = (event: string): readonly Json[] =>
  service.log().filter((line) => line['event'] === event)

describe('issuers', () => {
  it('are shown to operators alone', async () => {
    const viewer = await service.addCaller('grafana', { role: 'viewer' })
    for (const path of ['issuers', 'issuers/refusals']) {
      expect(await ask(path, viewer)).toMatchObject({ code: 'role_missing' })
    }
    expect(await ask('issuers/lab/refresh', viewer, 'POST')).toMatchObject({ code: 'role_missing' })
    expect(await ask('issuers/nobody/refresh', operator, 'POST')).toMatchObject({
      code: 'issuer_unknown',
    })
  })

  it('tell nothing of keys before the first token, then all of it', async () => {
    const fresh = await startBearerService()
    try {
      const key = await fresh.addCaller('ops', { role: 'operator' })
      const list = async (): Promise<unknown> =>
        ((await (await fresh.get('/api/v1/issuers', bearer(key))).json()) as Json)['items']
      expect(await list()).toMatchObject([
        { issuer: 'lab', state: 'unasked', keys: [], fetched_at: null, warning: null, fetches: 0 },
      ])
      await fresh.get('/metrics', bearer(fresh.issuer.token()))
      expect(await list()).toMatchObject([
        { iss: fresh.issuer.issuer, state: 'fresh', keys: ['key-1'], age_seconds: 0, fetches: 1 },
      ])
    } finally {
      await fresh.close()
    }
  })

  it('tell a failure and its end, in list, metrics and events, once each', async () => {
    await service.get('/metrics', bearer(tokenFor()))
    service.issuer.breakKeys((response) => response.writeHead(500).end())
    const failed = await ask('issuers/lab/refresh', operator, 'POST')
    expect(failed['issuers']).toMatchObject([{ state: 'failing', keys: ['key-1'] }])
    expect(await health()).toMatchObject({
      failure: expect.stringContaining('answered 500') as string,
      next_fetch_at: expect.any(String) as string,
      failures: 1,
    })
    await ask('issuers/lab/refresh', operator, 'POST')
    expect(eventsOf('identity.keys_unavailable')).toMatchObject([
      { level: 'warn', issuer: 'lab', iss: service.issuer.issuer },
    ])
    // Keys that are known go on serving.
    expect((await service.get('/metrics', bearer(tokenFor()))).status).toBe(200)
    service.issuer.breakKeys(undefined)
    const mended = await ask('issuers/lab/refresh', operator, 'POST')
    expect(mended['issuers']).toMatchObject([{ state: 'fresh', failure: null, failures: 2 }])
    expect(eventsOf('identity.keys_recovered')).toHaveLength(1)
    const metrics = await (await service.get('/metrics', bearer(operator))).text()
    const labels = `{issuer="lab",iss="${service.issuer.issuer}"}`
    expect(metrics).toContain(`evergrant_issuer_key_failures${labels} 2`)
    expect(metrics).toContain(`evergrant_issuer_keys${labels} 1`)
    expect(metrics).toContain(`evergrant_issuer_keys_stale${labels} 0`)
    expect(metrics).toMatch(/evergrant_issuer_keys_age_seconds\{.*\} \d/)
  })
})

describe('refusals', () => {
  it('are kept with the request id that the caller was told, and without the token', async () => {
    const token = tokenFor({ aud: 'other' })
    const answer = await service.get('/auth/verify', bearer(token))
    const { request_id } = (await answer.json()) as Json
    const [newest] = await itemsOf('issuers/refusals?limit=1')
    expect(newest).toMatchObject({
      issuer: 'lab',
      stage: 'audience',
      code: 'token_audience_refused',
      seen: '"other"',
      key_id: 'key-1',
      token_id: 'tok-1',
      request_id,
    })
    const event = eventsOf('identity.refused').at(-1)
    expect(event).toMatchObject({ requestId: request_id, fingerprint: newest?.['fingerprint'] })
    expect(JSON.stringify(newest)).not.toContain(token.split('.')[1])
    const verified = await service.get('/auth/verify', bearer(token))
    expect(((await verified.json()) as Json)['request_id']).not.toBe(request_id)
  })

  it('come with the id of the request through the gateway and the API as well', async () => {
    const headers = bearer(tokenFor({ aud: 'elsewhere' }))
    for (const path of ['/proxy/contoso-graph/v1.0/users', '/api/v1/grants']) {
      const answer = await service.get(path, headers)
      const { request_id } = (await answer.json()) as Json
      expect((await itemsOf('issuers/refusals?limit=1'))[0]).toMatchObject({ request_id })
    }
  })

  it('mask who an address in a claim is of', async () => {
    await service.get('/auth/verify', bearer(tokenFor({ aud: 'anna.smith@contoso.example' })))
    const [newest] = await itemsOf('issuers/refusals?limit=1&issuer=lab')
    expect(newest?.['seen']).toBe('"…@contoso.example"')
    expect(JSON.stringify(eventsOf('identity.refused'))).not.toContain('anna.smith')
  })

  it('are counted by issuer, code and stage, and told as events at most ten a second', async () => {
    const before = eventsOf('identity.refused').length
    const tokens = Array.from({ length: 150 }, (_, i) =>
      tokenFor({ iss: `https://x.example/${i}` }),
    )
    await Promise.all(tokens.map((token) => service.get('/auth/verify', bearer(token))))
    expect(eventsOf('identity.refused').length - before).toBeLessThan(100)
    const metrics = await (await service.get('/metrics', bearer(operator))).text()
    expect(metrics).toContain(
      'evergrant_bearer_verdicts_total{issuer="unknown",outcome="refused",code="token_issuer_unknown",stage="issuer"} 150',
    )
    const kept = await itemsOf('issuers/refusals?limit=500')
    expect(kept).toHaveLength(100)
    expect(kept.every(({ issuer }) => issuer === null)).toBe(true)
    expect(await itemsOf('issuers/refusals?issuer=lab')).toEqual([])
  })
})

describe('bearer.explain', () => {
  const explain = (token: unknown, key = operator): Promise<Response> =>
    fetch(`${service.url}/api/v1/bearer/explain`, {
      method: 'POST',
      headers: { ...bearer(key), 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    })

  it('tells operators alone', async () => {
    const viewer = await service.addCaller('watcher', { role: 'viewer' })
    expect((await explain('x', viewer)).status).toBe(403)
  })

  it('repeats no token that does not fit', async () => {
    const answer = await explain([tokenFor()])
    expect(answer.status).toBe(400)
    expect(await answer.text()).not.toContain('eyJ')
  })

  it('goes through every stage as a live request does, and says which did not hold', async () => {
    const good = (await (await explain(`Bearer ${tokenFor()}`)).json()) as Json
    expect(good).toMatchObject({
      verified: true,
      accepted: true,
      refusal: null,
      account: { id: service.userIds[0] },
      role: 'viewer',
      connections: ['contoso-graph'],
    })
    const nobody = tokenFor({ oid: '99999999-0000-4000-8000-000000000000' })
    const bad = (await (await explain(nobody)).json()) as Json
    expect(bad).toMatchObject({
      verified: true,
      accepted: false,
      refusal: { stage: 'mapping', code: 'account_unmatched' },
      rules: [{ outcome: 'none' }],
    })
    expect(JSON.stringify(service.log())).not.toContain(nobody.split('.')[1])
  })
})
