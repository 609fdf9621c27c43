import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findFlawsAnywhere } from '../support/accessibility.ts'
import { bearer, startBearerService, type BearerService } from '../support/bearer-service.ts'
import { startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { openConsole, planted, type OpenOptions } from '../support/console-person.ts'
import { json, startScriptedServer, type ScriptedServer } from '../support/scripted-server.ts'

let service: BearerService
let browser: TestBrowser
let person: Person | undefined
let upstream: ScriptedServer
let key = ''

beforeAll(async () => {
  let isRenewed = false
  upstream = await startScriptedServer(({ path }, response) => {
    const isDead = path.includes('renewed') && !isRenewed
    isRenewed ||= isDead
    const status = isDead ? 401 : path.includes('nobody') ? 404 : 200
    json(status, { note: planted })({} as never, response)
  })
  service = await startBearerService({ upstream: upstream.url })
  key = await service.addCaller('portal', { role: 'viewer' })
  for (const path of ['users', 'users/nobody', 'renewed']) await call(path)
  browser = await startBrowser()
})
afterEach(async () => {
  await person?.close()
  person = undefined
})
afterAll(async () => {
  await browser.close()
  await service.close()
  await upstream[Symbol.asyncDispose]()
})

async function open(path: string, options: OpenOptions = {}): Promise<Person> {
  person = await openConsole(service, browser, path, options)
  return person
}

describe('a viewer of traces', () => {
  it('is told which role keeping bodies takes', async () => {
    const { page } = await open('/traces/captures', { role: 'viewer' })
    const start = page.getByRole('button', { name: 'Keep bodies' })
    await start.focus()
    await page.getByRole('tooltip', { name: 'Needs the role operator.' }).waitFor()
    expect(await start.getAttribute('aria-disabled')).toBe('true')
  })

  it('is told that there is no such trace', async () => {
    const { page } = await open('/traces/trc_nothing', { role: 'viewer' })
    expect(await page.getByRole('alert').textContent()).toContain('trace_unknown')
  })
})

describe('traces', () => {
  it('are found by status and outcome, and the address keeps what was looked for', async () => {
    const { page } = await open('/traces', { role: 'viewer' })
    await page.getByRole('link', { name: 'GET /v1.0/users', exact: true }).waitFor()
    await page.getByRole('searchbox', { name: 'Status' }).fill('404')
    await page.waitForURL('**/traces?status=404')
    await page.getByRole('link', { name: 'GET /v1.0/users', exact: true }).waitFor({
      state: 'detached',
    })
    await page.reload()
    await page.getByRole('link', { name: /nobody/ }).waitFor()
    expect(await page.getByRole('row').count()).toBe(2)
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await page.getByRole('link', { name: 'GET /v1.0/users', exact: true }).waitFor()
  })

  it('show step by step what happened to a call that was sent again', async () => {
    const { page, complaints } = await open('/traces?replayed=true', { role: 'viewer' })
    await page.getByRole('link', { name: /renewed/ }).click()
    const steps = page.getByRole('list', { name: 'Timeline' })
    await steps.getByText('A new token is obtained').waitFor()
    await steps.getByText('Sent again with the new token').waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    expect(complaints).toEqual([])
  })
})

describe('captures', () => {
  it('keep the beginnings of bodies, shown as text, until they are ended', async () => {
    const { page, complaints } = await open('/traces/captures', { role: 'operator' })
    await page.getByRole('combobox', { name: 'Connection' }).fill('contoso-graph')
    await page.getByRole('button', { name: 'Keep bodies' }).click()
    const row = page.getByRole('row', { name: /contoso-graph/ })
    await row.waitFor()
    const hasBegun = (): boolean =>
      service.log().some(({ event }) => event === 'gateway.capture_began')
    await expect.poll(hasBegun, { timeout: 30_000 }).toBe(true)
    await call('captured')
    await page.goto(`${service.url}/console/traces`)
    await page.getByRole('link', { name: /captured/ }).click()
    await page.getByText(planted).waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    await page.goto(`${service.url}/console/traces/captures`)
    await page.getByRole('button', { name: 'End keeping bodies of contoso-graph' }).click()
    await page.getByText('No bodies are kept').waitFor()
    expect(complaints).toEqual([])
  })
})

async function call(path: string): Promise<void> {
  await (await service.get(`/proxy/contoso-graph/v1.0/${path}`, bearer(key))).text()
}

describe('on a desk and in a hand, by day and by night,', () => {
  it.each([
    ['traces', '/traces', 'renewed'],
    ['captures', '/traces/captures', 'Keep bodies'],
  ])('%s stand without a flaw', async (name, path, text) => {
    const { page, complaints } = await open(path)
    await page.getByText(text).first().waitFor()
    expect(await findFlawsAnywhere(page, name)).toEqual([])
    expect(complaints).toEqual([])
  })

  it('a trace stands without a flaw', async () => {
    const { page, complaints } = await open('/traces')
    await page.getByRole('link', { name: /renewed/ }).click()
    await page.getByRole('list', { name: 'Timeline' }).waitFor()
    expect(await findFlawsAnywhere(page, 'trace')).toEqual([])
    expect(complaints).toEqual([])
  })
})
