import { appendFile, writeFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findFlawsAnywhere } from '../support/accessibility.ts'
import { startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { openConsole, planted, type OpenOptions } from '../support/console-person.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts'
import { tenantId } from '../support/workspace.ts'

let service: ServiceFixture
let browser: TestBrowser
let hook: WebhookServer
let grantId = ''
let person: Person | undefined

beforeAll(async () => {
  hook = await startWebhookServer()
  service = await startService({
    prepare: async ({ configPath, path }) => {
      await writeFile(path('signing-key'), 'planted-signing-key', { mode: 0o600 })
      const to = `[{ webhook: "${hook.url}", secret: { file: ./signing-key } }]`
      await appendFile(configPath, `alarms: { to: ${to} }\n`)
    },
  })
  const { grants } = service.serving.composition.store
  const wish = { connection: 'contoso-graph', tenant: tenantId }
  grantId = (await grants.ensureGrant(wish, Date.now())).id
  const failure = {
    code: 'client_rejected',
    detail: planted,
    remedy: 'Make a new secret.',
  } as const
  await grants.recordFailure(grantId, { ...failure, at: Date.now() }, { lapse: true })
  await service.serving.alarms.wake()
  await hook.whenCalled(1)
  browser = await startBrowser()
})
afterEach(async () => {
  await person?.close()
  person = undefined
})
afterAll(async () => {
  await browser.close()
  await service.close()
  await hook.close()
})

async function open(path: string, options: OpenOptions = {}): Promise<Person> {
  person = await openConsole(service, browser, path, options)
  return person
}

describe('an alarm', () => {
  it('says what happened as text, who must act, who was told, and leads there', async () => {
    const { page, complaints } = await open('/alarms', { role: 'viewer' })
    const alarm = page.getByRole('article', { name: /contoso-graph/ })
    await alarm.getByText(planted).waitFor()
    await alarm.getByText('Who must act').waitFor()
    await alarm.getByText('1 message delivered').waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    await alarm.getByRole('link', { name: 'Connection contoso-graph' }).click()
    await page.waitForURL('**/connections/contoso-graph')
    expect(complaints).toEqual([])
  })

  it('is filtered by severity and kind, and the address keeps what was looked for', async () => {
    const { page } = await open('/alarms?kind=import_failed', { role: 'viewer' })
    await page.getByText('No alarm matches').waitFor()
    await page.getByLabel('Kind').selectOption('All kinds')
    await page.getByRole('article').waitFor()
    await page.getByLabel('Severity').selectOption('Warning')
    await page.getByText('No alarm matches').waitFor()
    expect(page.url()).toContain('severity=warning')
  })
})

describe('on a desk and in a hand, by day and by night,', () => {
  it('alarms stand without a flaw', async () => {
    const { page, complaints } = await open('/alarms')
    await page.getByRole('article').waitFor()
    expect(await findFlawsAnywhere(page, 'alarms')).toEqual([])
    expect(complaints).toEqual([])
  })
})

describe('an alarm that is over', () => {
  it('goes by itself while somebody looks, and stands among the past ones', async () => {
    const { page } = await open('/alarms', { role: 'operator' })
    await page.getByRole('article').waitFor()
    const key = await service.addCaller('mender', { role: 'operator' })
    await fetch(`${service.url}/api/v1/connections/contoso-graph/refresh`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: '{}',
    })
    await service.serving.alarms.wake()
    await page.getByText('Nothing needs a person').waitFor()
    await page.getByLabel('State').selectOption('Past ones, too')
    await page.getByRole('article').getByText('Over', { exact: true }).first().waitFor()
    expect(page.url()).toContain('state=past')
  })
})
