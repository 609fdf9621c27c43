import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { findFlawsAnywhere } from '../support/accessibility.ts'
import { startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { startConsentService, type ConsentService } from '../support/consent-service.ts'
import { enterConsole } from '../support/console-person.ts'

const planted = 'planted~secret~of~a~form'
let service: ConsentService
let browser: TestBrowser
let person: Person | undefined

beforeAll(async () => {
  service = await startConsentService()
  browser = await startBrowser()
})
beforeEach(() => async () => {
  await person?.close()
  person = undefined
})
afterAll(async () => {
  await browser.close()
  await service.close()
})

async function open(path: string, options: Parameters<typeof enterConsole>[2] = {}): Promise<Page> {
  person = await enterConsole(service, browser, options)
  await person.page.goto(`${service.url}/console${path}`)
  await person.page.locator('h1.page-heading').waitFor()
  return person.page
}

/** Fills what a new connection of the simulated tenant needs. */
async function fill(page: Page, name: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Name' }).fill(name)
  await page.getByRole('combobox', { name: 'Provider' }).selectOption('contoso')
  await page.getByLabel('Client id').fill(service.world.simulator.client.id)
  await page.getByLabel('Client secret').fill(planted)
}

/** Everything that a script could read in the page or its storage. */
async function readable(page: Page): Promise<string> {
  return String(
    await page.evaluate(
      `document.documentElement.outerHTML + location.href + JSON.stringify([{ ...localStorage }, { ...sessionStorage }, [...document.querySelectorAll('input,textarea')].map((one) => one.value)])`,
    ),
  )
}

describe('adding a connection', () => {
  it('is not offered to whoever may not', async () => {
    const page = await open('/connections-add', { role: 'operator' })
    await page.getByText('Needs the role admin.').waitFor()
    expect(await page.getByRole('button', { name: /^Save/ }).count()).toBe(0)
  })

  it('says which fields need another look, and leads there', async () => {
    const page = await open('/connections-add?preset=plain')
    await page.getByRole('textbox', { name: 'Name' }).fill('Not A Name')
    await page.getByRole('radio', { name: 'Scopes' }).check()
    await page.getByRole('button', { name: 'Save' }).click()
    const alert = page.getByRole('alert')
    await alert.getByText('4 fields need another look').waitFor()
    expect(await page.evaluate('document.activeElement.className')).toContain('error-summary')
    expect(await page.getByRole('textbox', { name: 'Name' }).getAttribute('aria-invalid')).toBe(
      'true',
    )
    expect(await findFlawsAnywhere(page, 'connection-form-errors')).toEqual([])
  })

  it('tells what the service has against it, and keeps what was typed', async () => {
    const page = await open('/connections-add?preset=graph-import')
    await fill(page, 'csp')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('alert').getByText('connection_exists').waitFor()
    expect(await page.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('csp')
  })

  it('seals the secret and shows it nowhere afterwards', async () => {
    const page = await open('/connections-add?preset=graph-import')
    await fill(page, 'typed')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { level: 1, name: 'typed' }).waitFor()
    expect(await readable(page)).not.toContain(planted)
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Export as YAML' }).click()
    const dialog = page.getByRole('dialog', { name: 'typed as YAML' })
    await dialog.getByText('env: TYPED_SECRET').waitFor()
    expect(await readable(page)).not.toContain(planted)
    expect(service.log()).not.toContain(planted)
  })

  it('shows the redirect URI to register before anybody signs in, and goes on to consent', async () => {
    const page = await open('/connections-add?preset=csp-partner')
    await page.getByText(`${service.url}/consent/callback`).waitFor()
    await fill(page, 'partner')
    await page.getByRole('button', { name: 'Save, then consent' }).click()
    await page.getByRole('heading', { level: 1, name: 'Manage Refresh Token' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/console/connections/partner/consent')
  })
})

describe('changing a connection', () => {
  it('is for the file’s owner where the file defines it', async () => {
    const page = await open('/connections/app')
    await page.getByRole('button', { name: 'More actions' }).click()
    const edit = page.getByRole('menuitem', { name: /^Edit/ })
    expect(await edit.textContent()).toContain('It is defined in evergrant.yaml')
  })

  it('overwrites nothing that somebody else saved meanwhile', async () => {
    const client = await service.client('admin')
    const definition = {
      provider: 'contoso',
      client: { id: 'one', credentials: [{ secret: { sealed: 'a' } }] },
      grant: 'client_credentials',
    }
    const created = { name: 'shared', definition, secrets: { a: planted } }
    const { version } = await client.connections.save(created)
    const page = await open('/connections/shared/edit')
    await page.getByLabel('Client id').fill('mine')
    const theirs = { ...definition, client: { ...definition.client, id: 'theirs' } }
    await client.connections.save({ name: 'shared', definition: theirs, secrets: {}, version })
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Somebody else saved another version meanwhile').waitFor()
    await page.getByRole('button', { name: 'Load what stands there now' }).click()
    await expect.poll(() => page.getByLabel('Client id').inputValue()).toBe('theirs')
    await page.getByLabel('Client id').fill('mine')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { level: 1, name: 'shared' }).waitFor()
    const { definition: saved } = await client.connections.definition({ name: 'shared' })
    expect(saved).toMatchObject({
      client: { id: 'mine', credentials: [{ secret: { sealed: 'a' } }] },
    })
  })

  it('removes it only for whoever types its name', async () => {
    const client = await service.client('admin')
    const definition = {
      provider: 'contoso',
      client: { id: 'x', credentials: [] },
      grant: 'authorization_code',
    }
    await client.connections.save({ name: 'gone', definition, secrets: {} })
    const page = await open('/connections/gone')
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Remove' }).click()
    await page.getByLabel('Type gone to confirm').fill('gone')
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('heading', { level: 1, name: 'Connections' }).waitFor()
    await expect(client.connections.show({ address: 'gone' })).rejects.toMatchObject({
      status: 404,
    })
  })
})
