import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findBarriers } from '../support/accessibility.ts'
import { keepScreenshot, startBrowser, type TestBrowser } from '../support/browser.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let service: ServiceFixture
let browser: TestBrowser

beforeAll(async () => {
  service = await startService()
  browser = await startBrowser()
})

afterAll(async () => {
  await browser.close()
  await service.close()
})

describe('the console, from the service', () => {
  it('answers a stranger’s address of a file with a problem, not with a page', async () => {
    const answer = await fetch(`${service.url}/console/assets/no-such-file.js`)
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
  })

  it.each(['..%2f..%2fpackage.json', '%2e%2e/%2e%2e/package.json', 'assets/..%2f..%2findex.html'])(
    'reads no file of the disk by %s',
    async (path) => {
      const answer = await fetch(`${service.url}/console/${path}`)
      expect(await answer.text()).not.toContain('"dependencies"')
    },
  )

  it('lets the page run nothing but its own scripts, in no frame', async () => {
    const answer = await fetch(`${service.url}/console/`)
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? 'missing'
    expect(await answer.text()).toContain(`content="${nonce}"`)
    const another = await fetch(`${service.url}/console/`)
    expect(another.headers.get('content-security-policy')).not.toContain(nonce)
  })

  it('stands in a browser without breaking its own policy', async () => {
    const { page, complaints, close } = await browser.person()
    await page.goto(`${service.url}/console/`)
    await page.waitForURL((url) => url.pathname === '/console/sign-in')
    await page.getByRole('heading', { level: 1 }).waitFor()
    expect(await findBarriers(page)).toEqual([])
    await keepScreenshot(page, 'console-signed-out')
    expect(complaints.filter((text) => text.includes('Content Security Policy'))).toEqual([])
    await close()
  })
})
