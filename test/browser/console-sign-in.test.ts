import { appendFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consoleLinkUrl } from '../../src/server/index.ts'
import { findFlaws } from '../support/accessibility.ts'
import { keepScreenshot, startBrowser, type TestBrowser } from '../support/browser.ts'
import { startRealProvider, type RealProvider } from '../support/real-provider.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let service: ServiceFixture
let browser: TestBrowser
let real: RealProvider
beforeAll(async () => {
  real = await startRealProvider()
  service = await startService({
    prepare: async (workspace) => {
      await writeFile(join(workspace.folder, 'real'), real.clientSecret, { mode: 0o600 })
      await appendFile(
        workspace.configPath,
        `issuers:
  example:
    type: oidc
    issuer: ${real.issuer}
    audiences: [${real.clientId}]
    claims: [id_token]
    userName: sub
    access: [{ claim: sub, value: anna, role: operator }]
    client: { id: ${real.clientId}, credentials: [{ secret: { file: ./real } }] }
`,
      )
    },
  })
  browser = await startBrowser()
})
afterAll(async () => {
  await browser.close()
  await service.close()
  await real.close()
})

async function makeLink(): Promise<string> {
  const wish = { name: 'Robin Example', role: 'admin', lifeMs: 1_800_000, by: 'ops' } as const
  const { token } = await service.serving.console.makeLink(wish)
  return consoleLinkUrl(service.url, token.reveal())
}

describe('the pages of the sign-in', () => {
  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)('keep nobody out, in %s at %i pixels, without script', async (colorScheme, width) => {
    const pages = [
      ['sign-in', `${service.url}/console/sign-in`],
      ['link', await makeLink()],
      ['refused', `${service.url}/console/sign-in/callback`],
    ] as const
    const plain = await browser.person({ colorScheme, width, runsScripts: false })
    const { page, complaints, close } = await browser.person({ colorScheme, width })
    for (const [name, url] of pages) {
      await plain.page.goto(url)
      await keepScreenshot(plain.page, `console-${name}-${colorScheme}-${width}`)
      await page.goto(url)
      expect(await findFlaws(page)).toEqual([])
    }
    expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([])
    await plain.close()
    await close()
  })
})

it('somebody signs in at a real provider and comes back to where they were', async () => {
  const { page, context, complaints, close } = await browser.person()
  await page.goto(`${service.url}/console/sign-in?return_to=/console/alarms`)
  await page.getByRole('button', { name: 'Sign in with example' }).click()
  await page.waitForURL(`${service.url}/console/alarms`)
  // The provider is on the same machine, whose cookies are all one’s.
  const cookies = (await context.cookies(service.url)).filter(({ name }) => name[0] !== '_')
  expect(cookies).toMatchObject([
    { name: 'evergrant-console', httpOnly: true, sameSite: 'Lax', path: '/' },
  ])
  expect(await page.evaluate('document.cookie')).toBe('')
  expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage])')).not.toContain(
    cookies[0]?.value,
  )
  expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([])
  await close()
})

it('a page of another site signs nobody in and changes nothing', async () => {
  const { page, context, close } = await browser.person()
  await page.goto(await makeLink())
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(`${service.url}/console/`)
  const kept = await context.cookies(service.url)
  // Another host name of this machine is another site.
  const evil = createServer((request, response) => {
    const action = `${service.url}${request.url}`
    const form = `<form method="post" action="${action}"><button>x</button></form>`
    response.writeHead(200, { 'content-type': 'text/html' }).end(form)
  })
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve))
  const { port } = evil.address() as AddressInfo
  for (const path of ['/api/v1/config/reload', '/console/sign-out', '/console/sign-in']) {
    await page.goto(`http://localhost:${port}${path}`)
    const answered = page.waitForResponse(`${service.url}${path}`)
    await page.getByRole('button').click()
    expect((await answered).status()).toBeGreaterThanOrEqual(400)
  }
  expect(await context.cookies(service.url)).toEqual(kept)
  evil.closeAllConnections()
  evil.close()
  await close()
})
