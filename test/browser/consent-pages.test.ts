import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Client } from '../../src/client/index.ts'
import { findBarriers } from '../support/accessibility.ts'
import {
  keepScreenshot,
  startBrowser,
  type Person,
  type PersonOptions,
  type TestBrowser,
} from '../support/browser.ts'
import { startConsentService, type ConsentService } from '../support/consent-service.ts'

let browser: TestBrowser
let service: ConsentService
let client: Client
const persons: Person[] = []
beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser.close())
beforeEach(async () => {
  service = await startConsentService()
  client = await service.client('operator')
})
afterEach(async () => {
  for (const person of persons.splice(0)) await person.close()
  await service.close()
})

const sit = async (options: PersonOptions = {}): Promise<Person> => {
  const person = await browser.person(options)
  persons.push(person)
  return person
}
const link = async (): Promise<string> =>
  (await client.links.create({ address: 'csp', recipient: 'Anna Admin', note: 'Ticket 7' })).url
const heading = async (page: Page): Promise<string> =>
  (await page.locator('h1').first().textContent()) ?? ''

describe('a hand-off in a browser', () => {
  it('leads to the provider and back without a script, and says that it is done', async () => {
    const { page, complaints } = await sit({ runsScripts: false })
    await page.goto(await link())
    expect(await heading(page)).toContain('Your consent for')
    await page.getByRole('button').click()
    await page.waitForURL('**/consent/done/*')
    await page.getByText('The new grant is active').waitFor()
    expect(page.url()).not.toContain('code=')
    await keepScreenshot(page, 'consent-done')
    expect(complaints).toEqual([])
  })

  it('is open to no frame', async () => {
    const { page } = await sit()
    const url = await link()
    const server = await serve(`<iframe src="${url}" title="frame"></iframe>`)
    try {
      await page.goto(addressOf(server))
      const frame = page.frames().find((one) => one.parentFrame() !== null)
      expect(await frame?.locator('h1').count()).toBe(0)
    } finally {
      server.close()
    }
  })

  it.each([
    { width: 1280, colorScheme: 'light' },
    { width: 390, colorScheme: 'dark' },
  ] as const)('has pages for everybody, at %j', async (options) => {
    const { page } = await sit(options)
    const look = async (name: string): Promise<void> => {
      await keepScreenshot(page, `${name}-${options.width}-${options.colorScheme}`)
      expect(await findBarriers(page)).toEqual([])
      const scrolls = 'document.documentElement.scrollWidth > innerWidth'
      expect(await page.evaluate(scrolls)).toBe(false)
    }
    await page.goto(await link())
    await look('consent-link')
    const begun = await client.consents.begin({ address: 'csp', manual: true })
    await page.goto(begun.authorization_url)
    await page.getByText('Hand this code on').waitFor()
    await look('consent-code')
    await page.goto(`${service.url}/consent/l/egl_none`)
    await look('consent-refusal')
    await page.goto(await link())
    await page.getByRole('button').click()
    await page.getByText('The new grant is active').waitFor()
    await look('consent-active')
    const effect = { kind: 'status', status: 401, body: { code: 900421 } } as const
    service.world.simulator.control.addFault({ match: { kind: 'partner' }, effect })
    await page.goto(await link())
    await page.getByRole('button').click()
    await page.getByText('What to do').waitFor()
    await look('consent-failed')
  })
})

describe('the page to host elsewhere', () => {
  const answer = '?code=planted-code&state=planted-state&session_state=x'
  let host: Server
  beforeEach(async () => {
    const { html } = await client.consents.page({ address: 'csp' })
    host = await serve(html)
  })
  afterEach(() => void host.close())

  it('shows what to hand on, takes it out of the address, and calls nobody', async () => {
    const { page, complaints } = await sit()
    const requests: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    await page.goto(addressOf(host) + answer)
    await page.getByText('give this to').waitFor()
    expect(await page.locator('#code pre').textContent()).toBe(
      'code=planted-code&state=planted-state',
    )
    expect(page.url()).toBe(addressOf(host))
    expect(requests.filter((url) => !url.includes('favicon'))).toHaveLength(1)
    expect(await findBarriers(page)).toEqual([])
    await keepScreenshot(page, 'consent-static')
    await page.getByRole('button', { name: 'Copy' }).click()
    await page.getByText(/Copied|Selected/).waitFor()
    await page.reload()
    await page.getByText('There is nothing to do on this page').waitFor()
    expect(complaints.filter((one) => !one.includes('favicon') && !one.includes('404'))).toEqual([])
  })

  it('finishes a sign-in with what it shows', async () => {
    const { page } = await sit()
    const begun = await client.consents.begin({ address: 'csp', redirect_uri: addressOf(host) })
    await page.goto(begun.authorization_url)
    await page.getByText('give this to').waitFor()
    const pasted = (await page.locator('#code pre').textContent()) ?? ''
    const { consent } = await client.consents.complete({ address: 'csp', pasted })
    expect(consent.state).toBe('active')
  })

  it('shows a refusal as text alone', async () => {
    const { page, complaints } = await sit()
    const planted = encodeURIComponent('<img src=x onerror="document.title=1">')
    await page.goto(`${addressOf(host)}?error=access_denied&error_description=${planted}`)
    await page.getByText('The sign-in ended without consent').waitFor()
    expect(await page.locator('#refused img').count()).toBe(0)
    expect(complaints.filter((one) => !one.includes('404'))).toEqual([])
  })

  it('says what to do where no script runs', async () => {
    const { page } = await sit({ runsScripts: false })
    await page.goto(addressOf(host) + answer)
    await page.getByText('Copy the whole address from the address bar').waitFor()
    expect(await page.locator('#code').isVisible()).toBe(false)
  })
})

async function serve(html: string): Promise<Server> {
  const server = createServer((request, response) => {
    const isPage = new URL(request.url ?? '/', 'http://localhost').pathname === '/'
    response.writeHead(isPage ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' })
    response.end(isPage ? html : '')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function addressOf(server: Server): string {
  return `http://localhost:${(server.address() as AddressInfo).port}/`
}
