import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createClient, type Client } from '../../src/client/index.ts'
import { findFlawsAnywhere } from '../support/accessibility.ts'
import { startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { openConsole, planted, type OpenOptions } from '../support/console-person.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'
import { runImport, tenantId } from '../support/workspace.ts'

let service: ServiceFixture
let browser: TestBrowser
let client: Client
let person: Person | undefined

beforeAll(async () => {
  let id = ''
  service = await startService({
    prepare: async (workspace) => {
      await runImport(workspace)
      id = String([...workspace.simulator.users()][0]?.['id'])
    },
  })
  client = createClient({
    url: service.url,
    key: await service.addCaller('setup', { role: 'admin' }),
  })
  await client.accounts.disable({ tenant: tenantId, id, reason: planted })
  await client.accounts.enable({ tenant: tenantId, id })
  await client.callers.add({ name: 'portal', connections: ['contoso-graph'] })
  const viewer = createClient({
    url: service.url,
    key: await service.addCaller('watcher', { role: 'viewer' }),
  })
  await viewer.callers.revoke({ caller: 'portal' }).catch(() => {})
  browser = await startBrowser()
})
afterEach(async () => {
  await person?.close()
  person = undefined
})
afterAll(async () => {
  await browser.close()
  await service.close()
})

async function open(path: string, options: OpenOptions = {}): Promise<Person> {
  person = await openConsole(service, browser, path, options)
  return person
}

describe('the record of what was done', () => {
  it('shows refusals with their code', async () => {
    const { page } = await open('/audit?actor=watcher', { role: 'viewer' })
    const row = page.getByRole('row', { name: /callers\.revoke/ })
    await row.getByText('Refused', { exact: true }).waitFor()
    expect(await row.textContent()).toContain('role_missing')
    expect(await page.getByRole('row').count()).toBe(2)
  })

  it('shows what was before and what came after, as text', async () => {
    const { page, complaints } = await open('/audit?action=accounts.disable', { role: 'viewer' })
    const row = page.getByRole('row', { name: /accounts\.disable/ })
    await row.getByText(/changes?$/).waitFor()
    if ((await row.locator('details[open]').count()) === 0) await row.locator('summary').click()
    await row.getByText(planted).waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    expect(complaints).toEqual([])
  })

  it('is filtered by the service, and the address keeps what was looked for', async () => {
    const { page } = await open('/audit', { role: 'viewer' })
    await page
      .getByRole('row', { name: /callers\.add/ })
      .first()
      .waitFor()
    await page.getByRole('searchbox', { name: 'Action' }).fill('accounts.enable')
    await page.waitForURL('**/audit?action=accounts.enable')
    await page
      .getByRole('row', { name: /callers\.add/ })
      .first()
      .waitFor({ state: 'detached' })
    await page.reload()
    await page.getByRole('row', { name: /accounts\.enable/ }).waitFor()
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await page
      .getByRole('row', { name: /callers\.add/ })
      .first()
      .waitFor()
    expect(page.url()).toBe(`${service.url}/console/audit`)
  })
})

describe('on a desk and in a hand, by day and by night,', () => {
  it('the record stands without a flaw', async () => {
    const { page, complaints } = await open('/audit')
    await page.getByRole('row', { name: /accounts\.disable/ }).waitFor()
    expect(await findFlawsAnywhere(page, 'audit')).toEqual([])
    expect(complaints).toEqual([])
  })
})
