import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findFlawsAnywhere } from '../support/accessibility.ts'
import { startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { openConsole, type OpenOptions } from '../support/console-person.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let service: ServiceFixture
let browser: TestBrowser
let person: Person | undefined
let clientId = ''
/** Of a client that can keep no secret. */
let publicId = ''

beforeAll(async () => {
  service = await startService()
  const add = async (name: string, isPublic: boolean): Promise<string> => {
    const { client } = await service.serving.facade.desk.add({
      name,
      connection: 'contoso-graph',
      redirectUris: ['https://app.example/callback'],
      tokens: 'gateway',
      isPublic,
      requiresPkce: isPublic,
      rotates: false,
      graceMs: 60_000,
      needsSecretOnRefresh: !isPublic,
    })
    return client.id
  }
  clientId = await add('n8n', false)
  publicId = await add('phone', true)
  await add('power-platform', false)
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

const uri = 'https://contoso.my.salesforce.com/services/authcallback/evergrant'

describe('a viewer of façade clients', () => {
  it('is told which role it takes', async () => {
    const { page } = await open('/facades', { role: 'viewer' })
    await page.getByText('Needs the role operator.').waitFor()
    const add = page.getByRole('button', { name: 'Add a client' })
    expect(await add.getAttribute('aria-disabled')).toBe('true')
  })
})

describe('façade clients', () => {
  it('are not added for a connection that is not there', async () => {
    const { page } = await open('/facades')
    await fill(page, 'lost', 'nothing')
    const alert = page.getByRole('dialog').getByRole('alert')
    expect(await alert.textContent()).toContain('connection_unknown')
  })

  it('are added with a secret that is shown once, and told what to enter', async () => {
    const { page, complaints } = await open('/facades')
    await fill(page, 'salesforce', 'contoso-graph')
    const once = page.getByRole('dialog', { name: 'The secret of salesforce' })
    await once.getByText('shown once').waitFor()
    const secret = once.getByRole('group', { name: 'Client secret' }).locator('span').first()
    const text = (await secret.textContent()) ?? ''
    expect(text.length).toBeGreaterThan(30)
    await page.keyboard.press('Escape')
    expect(await once.isVisible()).toBe(true)
    await once.getByRole('button', { name: 'I have stored it' }).click()
    await page.waitForURL('**/facades/fac_*')
    await page.getByText(`${service.url}/oauth/contoso-graph/authorize`).waitFor()
    await page.getByText(`${service.url}/proxy/contoso-graph`).waitFor()
    await page.getByText(uri).waitFor()
    expect(await page.content()).not.toContain(text)
    await page.reload()
    await page.getByText('What to enter at the client').waitFor()
    expect(await page.content()).not.toContain(text)
    expect(complaints).toEqual([])
  })

  it('get a new secret after a question, and are revoked by name', async () => {
    const { page } = await open(`/facades/${clientId}`)
    await page.getByRole('button', { name: 'New secret' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'New secret' }).click()
    await page.getByRole('button', { name: 'I have stored it' }).click()
    await page.getByRole('button', { name: 'Revoke' }).click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.getByRole('button', { name: 'Revoke' }).isDisabled()).toBe(true)
    await dialog.getByRole('textbox').fill('n8n')
    await dialog.getByRole('button', { name: 'Revoke' }).click()
    await page.getByText('n8n is revoked').waitFor()
    await page.getByText('Revoked', { exact: true }).first().waitFor()
    expect(await page.getByRole('button', { name: 'New secret' }).count()).toBe(0)
  })

  it('without a secret wait for an approval', async () => {
    const { page } = await open(`/facades/${publicId}`)
    await page.getByText('Needs approval').waitFor()
    await page.getByRole('button', { name: 'Approve' }).click()
    await page.getByText('Active', { exact: true }).waitFor()
    expect(await page.getByText('Approving lets it authorize once').count()).toBe(1)
  })
})

async function fill(page: Page, name: string, connection: string): Promise<void> {
  await page.getByRole('button', { name: 'Add a client' }).click()
  const dialog = page.getByRole('dialog', { name: 'Add a façade client' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill(name)
  await dialog.getByRole('combobox', { name: 'Connection' }).fill(connection)
  await dialog.getByRole('textbox', { name: 'Redirect URIs' }).fill(uri)
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
}

describe('on a desk and in a hand, by day and by night,', () => {
  it.each([
    ['facades', () => '/facades', 'power-platform'],
    ['facade', () => `/facades/${publicId}`, 'What to enter'],
  ])('%s stand without a flaw', async (name, path, text) => {
    const { page, complaints } = await open(path())
    await page.getByText(text).first().waitFor()
    expect(await findFlawsAnywhere(page, name)).toEqual([])
    expect(complaints).toEqual([])
  })

  it('the form stands without a flaw', async () => {
    const { page, complaints } = await open('/facades')
    await page.getByRole('button', { name: 'Add a client' }).click()
    await page.getByRole('dialog').getByLabel('Redirect URIs').waitFor()
    expect(await findFlawsAnywhere(page, 'facade-form')).toEqual([])
    expect(complaints).toEqual([])
  })
})
