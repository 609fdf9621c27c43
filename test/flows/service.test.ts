import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let fixture: ServiceFixture
beforeAll(async () => {
  fixture = await startService()
})
afterAll(() => fixture.close())

describe('the service', () => {
  it('answers what nobody routes with a problem', async () => {
    const answer = await fetch(`${fixture.url}/nothing?secret=x`)
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    const problem = (await answer.json()) as Record<string, unknown>
    expect(problem).toMatchObject({ code: 'route_unknown', status: 404 })
    expect(problem['request_id']).toBe(answer.headers.get('evergrant-request-id'))
    expect(JSON.stringify(problem)).not.toContain('secret')
  })

  it('says that it lives', async () => {
    const answer = await fetch(`${fixture.url}/healthz`)
    expect(await answer.json()).toEqual({ status: 'ok' })
  })
})
