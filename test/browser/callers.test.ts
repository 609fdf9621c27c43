import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findFlawsAnywhere } from '../support/accessibility.ts'
import { bearer, startBearerService, type BearerService } from '../support/bearer-service.ts'
import { startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { openConsole, planted, type OpenOptions } from '../support/console-person.ts'

let service: BearerService
let browser: TestBrowser
let person: Person | undefined
/** Of a session whose user name is planted. */
let sessionToken = ''

beforeAll(async () => {
  service = await startBearerService()
  await service.addCaller('salesforce', { connections: ['contoso-graph'] })
  const [oid] = service.userIds
  const token = service.issuer.token({ oid, name: planted, roles: ['Viewer'] })
  const begun = await service.get('/api/v1/sessions', bearer(token), 'POST')
  sessionToken = ((await begun.json()) as { readonly token: string }).token
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

describe('a viewer of callers', () => {
  it.each(['/callers', '/callers/sessions'])('is told on %s which role it takes', async (path) => {
    const { page } = await open(path, { role: 'viewer' })
    await page.getByText('Needs the role operator.').waitFor()
    expect(await page.getByRole('table').count()).toBe(0)
  })
})

describe('an operator', () => {
  it('sees callers, and why nobody is added or revoked', async () => {
    const { page } = await open('/callers', { role: 'operator' })
    const revoke = page.getByRole('button', { name: 'Revoke salesforce' })
    await revoke.focus()
    await page.getByRole('tooltip', { name: 'Needs the role admin.' }).waitFor()
    await page.keyboard.press('Enter')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })
})

describe('callers', () => {
  it('are refused in words when they could do nothing', async () => {
    const { page } = await open('/callers')
    await page.getByRole('button', { name: 'Add a caller' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Name' }).fill('idle')
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    await dialog.getByRole('alert').waitFor()
    expect(await dialog.getByRole('alert').textContent()).toContain('What to do')
  })

  it('are added with a key that is shown once and works, and revoked by name', async () => {
    const { page, complaints } = await open('/callers')
    await page.getByRole('button', { name: 'Add a caller' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Name' }).fill('portal')
    await dialog.getByLabel('Role').selectOption('viewer')
    await dialog.getByRole('textbox', { name: 'Requests a second' }).fill('20')
    await dialog.getByRole('button', { name: 'Add', exact: true }).click()
    const once = page.getByRole('dialog', { name: 'The key of portal' })
    const key = (await once.getByText(/^egk_/).textContent()) ?? ''
    await once.getByRole('button', { name: 'I have stored it' }).click()
    expect((await service.get('/api/v1/connections', bearer(key))).status).toBe(200)
    expect(await page.content()).not.toContain(key)
    const row = page.getByRole('row', { name: /portal/ })
    await row.getByText('20 a second').waitFor()
    await row.getByRole('button', { name: 'Revoke portal' }).click()
    await page.getByRole('dialog').getByRole('textbox').fill('portal')
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await row.waitFor({ state: 'detached' })
    expect((await service.get('/api/v1/connections', bearer(key))).status).toBe(401)
    expect(complaints).toEqual([])
  })
})

describe('sessions', () => {
  it('show who has one, as text, and end after a question', async () => {
    const { page, complaints } = await open('/callers/sessions')
    const row = page.getByRole('row', { name: planted })
    await row.getByRole('button', { name: `End the session of ${planted}` }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'End' }).click()
    await row.waitFor({ state: 'detached' })
    const answer = await service.get('/directory/v1/me', bearer(sessionToken))
    expect(answer.status).toBe(401)
    expect(await page.locator('main img').count()).toBe(0)
    expect(complaints).toEqual([])
  })
})

describe('on a desk and in a hand, by day and by night,', () => {
  it.each([
    ['callers', '/callers', 'salesforce'],
    ['sessions', '/callers/sessions', 'Robin Example'],
  ])('%s stand without a flaw', async (name, path, text) => {
    const { page, complaints } = await open(path)
    await page.getByText(text).first().waitFor()
    expect(await findFlawsAnywhere(page, name)).toEqual([])
    expect(complaints).toEqual([])
  })

  it('the form stands without a flaw', async () => {
    const { page, complaints } = await open('/callers')
    await page.getByRole('button', { name: 'Add a caller' }).click()
    await page.getByRole('dialog').getByLabel('Role').waitFor()
    expect(await findFlawsAnywhere(page, 'caller-form')).toEqual([])
    expect(complaints).toEqual([])
  })
})
