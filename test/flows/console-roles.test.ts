import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operations, roles, type Role } from '../../src/access/index.ts'
import { apiOperations } from '../../src/server/api/operations.ts'
import { consoleLinkUrl } from '../../src/server/index.ts'
import { openConsoleBrowser, type ConsoleBrowser } from '../support/console-browser.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let service: ServiceFixture
const people = new Map<Role, ConsoleBrowser>()
beforeAll(async () => {
  service = await startService()
  for (const role of roles) {
    const browser = openConsoleBrowser(service.url)
    const { token } = await service.serving.console.makeLink({
      name: role,
      role,
      lifeMs: 60_000,
      by: 'test',
    })
    await browser.enter(consoleLinkUrl(service.url, token.reveal()))
    people.set(role, browser)
  }
})
afterAll(() => service.close())

/** Of `/api/v1`, what takes a person: streams last, and one opens sessions for who brings nothing. */
const called = apiOperations.filter(
  ({ path, id, isStream }) =>
    path.startsWith('/api/v1/') && isStream !== true && id !== 'sessions.begin',
)

async function call(
  role: Role | undefined,
  { method, path }: { readonly method: string; readonly path: string },
  headers?: Readonly<Record<string, string>>,
): Promise<readonly [status: number, code: unknown]> {
  const browser = role === undefined ? openConsoleBrowser(service.url) : people.get(role)
  if (browser === undefined) throw new Error('nobody has that role')
  const filled = path.replaceAll(/\{\w+\}/g, 'nothing')
  const answer =
    role === undefined
      ? await browser.fetch(filled, { method })
      : await browser.call(method, filled, undefined, headers)
  const text = await answer.text()
  const isProblem = answer.headers.get('content-type')?.includes('problem+json') === true
  return [
    answer.status,
    isProblem ? (JSON.parse(text) as Record<string, unknown>)['code'] : undefined,
  ]
}

describe.each(called.map((one) => [`${one.method} ${one.path}`, one] as const))(
  '%s',
  (_name, operation) => {
    const least = operations[operation.operation]
    const allowed = (role: Role): boolean =>
      least === 'none' || roles.indexOf(role) >= roles.indexOf(least)

    it('is for nobody who is not signed in', async () => {
      expect((await call(undefined, operation))[0]).toBe(401)
    })

    it.each(roles.filter((role) => !allowed(role)))('is not for the role %s', async (role) => {
      expect(await call(role, operation)).toEqual([403, 'role_missing'])
    })

    it.each(roles.filter(allowed))('is for the role %s, as far as it goes', async (role) => {
      const [status, code] = await call(role, operation)
      expect([401, 500]).not.toContain(status)
      const wrong = ['csrf_refused', ...(least === 'none' ? [] : ['role_missing'])]
      expect(wrong).not.toContain(code)
    })

    it.skipIf(operation.method === 'GET')('is not for other sites', async () => {
      const asked = await call('admin', operation, { 'evergrant-csrf': 'guessed' })
      expect(asked).toEqual([403, 'csrf_refused'])
      const site = { 'sec-fetch-site': 'cross-site' }
      expect(await call('admin', operation, site)).toEqual([403, 'csrf_refused'])
    })
  },
)

it('hands a person no raw token', async () => {
  const browser = people.get('admin')
  const answer = await browser?.call('POST', '/api/v1/connections/contoso-graph/token', {})
  expect(answer?.status).toBe(403)
  expect(await answer?.text()).not.toContain('eyJ')
})

it('stands in no frame, whatever is asked for', async () => {
  const paths = ['/console/sign-in', '/consent/callback', '/api/docs', '/api/v1/connections']
  for (const path of paths) {
    const answer = await people.get('admin')?.fetch(path)
    const policy = answer?.headers.get('content-security-policy') ?? ''
    expect([path, policy]).toEqual([path, expect.stringContaining(`frame-ancestors 'none'`)])
    expect(answer?.headers.get('x-content-type-options')).toBe('nosniff')
    await answer?.text()
  }
})
