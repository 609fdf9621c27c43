import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findFlawsAnywhere } from '../support/accessibility.ts'
import { startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { startConsentService, type ConsentService } from '../support/consent-service.ts'
import { enterConsole } from '../support/console-person.ts'

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

async function open(
  path: string,
  options: Parameters<typeof enterConsole>[2] = {},
): Promise<Person> {
  person = await enterConsole(service, browser, options)
  await person.page.goto(`${service.url}/console${path}`)
  await person.page.locator('h1.page-heading').waitFor()
  return person
}

describe('a viewer', () => {
  it('sees every connection, and why nothing can be done with it', async () => {
    const { page } = await open('/connections/app', { role: 'viewer' })
    const refresh = page.getByRole('button', { name: 'Refresh app now' })
    expect(await refresh.getAttribute('aria-disabled')).toBe('true')
    await refresh.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('tooltip', { name: 'Needs the role operator.' }).waitFor()
    await page.getByRole('button', { name: 'More actions' }).click()
    const revoke = page.getByRole('menuitem', { name: /^Revoke/ })
    expect(await revoke.textContent()).toContain('Needs the role operator.')
    await revoke.click({ force: true })
    expect(await page.getByRole('dialog').count()).toBe(0)
    expect(await page.getByRole('link', { name: 'Add a connection' }).count()).toBe(0)
  })

  it('is told in words that there is no such connection', async () => {
    const { page } = await open('/connections/nothing', { role: 'viewer' })
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').textContent()).toContain('connection_unknown')
  })
})

describe('connections', () => {
  it('are found by name and by state, and the address keeps what was looked for', async () => {
    const { page } = await open('/connections')
    await page.getByRole('link', { name: 'csp' }).waitFor()
    await page.getByRole('searchbox', { name: 'Search' }).fill('app')
    await page.getByRole('link', { name: 'csp' }).waitFor({ state: 'detached' })
    await page.reload()
    await page.getByRole('link', { name: 'app' }).waitFor()
    expect(await page.getByRole('searchbox', { name: 'Search' }).inputValue()).toBe('app')
    expect(await page.getByRole('link', { name: 'csp' }).count()).toBe(0)
    await page.getByRole('searchbox', { name: 'Search' }).fill('nowhere')
    await page.getByText('No connection matches').waitFor()
  })

  it('get a new token by a click, and are tested by another', async () => {
    const { page } = await open('/connections/app')
    await page.getByRole('button', { name: 'Refresh app now' }).click()
    await page.getByText('app has a new token').waitFor()
    await page.getByText('Healthy').waitFor()
    await page.getByRole('button', { name: 'Test now' }).click()
    const checks = page.getByRole('list', { name: 'Test' })
    await checks.waitFor()
    expect(await checks.textContent()).toContain('Passed')
  })

  it('show why they fail, who must act and what to do, step by step', async () => {
    const { control, client } = service.world.simulator
    control.setSecrets([{ value: 'another~secret' }])
    try {
      const { page } = await open('/connections/app')
      await page.getByRole('button', { name: 'Refresh app now' }).click()
      await page.getByText('Last failure').waitFor()
      const shown = await page.getByRole('main').textContent()
      expect(shown).toContain('AADSTS7000215')
      expect(shown).toContain('Who must act: An operator of Evergrant')
      expect(await findFlawsAnywhere(page, 'connection-failing')).toEqual([])
    } finally {
      control.setSecrets([{ value: client.secret }])
    }
  })

  it('are revoked by nobody who does not type their name', async () => {
    const { page } = await open('/connections/app')
    await page.getByRole('button', { name: 'Refresh app now' }).click()
    await page.getByText('app has a new token').waitFor()
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Revoke' }).click()
    const dialog = page.getByRole('dialog', { name: 'Revoke app?' })
    const revoke = dialog.getByRole('button', { name: 'Revoke' })
    expect(await revoke.isDisabled()).toBe(true)
    await dialog.getByLabel('Type app to confirm').fill('ap')
    expect(await revoke.isDisabled()).toBe(true)
    await dialog.getByLabel('Type app to confirm').fill('app')
    expect(await findFlawsAnywhere(page, 'connection-revoke')).toEqual([])
    await revoke.click()
    await page.getByText('app is revoked').waitFor()
    await page.getByRole('main').getByText('Revoked', { exact: true }).waitFor()
  })

  it('are paused with a reason, and go on', async () => {
    const { page } = await open('/connections/anna')
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Pause' }).click()
    await page.getByLabel('Reason, for whoever wonders').fill('<img src=x onerror=alert(1)>')
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Paused by').waitFor()
    await page.getByText('<img src=x onerror=alert(1)>').waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name: 'Resume' }).click()
    await page.getByText('anna goes on').waitFor()
  })
})

describe.each([
  ['the list', '/connections'],
  ['a connection', '/connections/csp'],
  ['adding', '/connections-add?preset=csp-partner'],
  ['the overview', '/'],
] as const)('%s', (name, path) => {
  it('stands on a desk and in a hand in both colour schemes, open to everybody', async () => {
    const { page, complaints } = await open(path)
    await page.locator('.mantine-Skeleton-root').first().waitFor({ state: 'detached' })
    expect(await findFlawsAnywhere(page, name.replaceAll(' ', '-'))).toEqual([])
    expect(complaints).toEqual([])
  })
})

describe('the keyboard', () => {
  it('leads to pages and to the search, and can be switched off', async () => {
    const { page } = await open('/')
    await page.keyboard.press('g')
    await page.keyboard.press('c')
    await page.getByRole('heading', { level: 1, name: 'Connections' }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('gone')
    expect(await page.getByRole('searchbox').inputValue()).toBe('gone')
    await page.getByRole('heading', { level: 1 }).focus()
    await page.keyboard.press('?')
    const dialog = page.getByRole('dialog', { name: 'Keys' })
    await dialog.waitFor()
    expect(await findFlawsAnywhere(page, 'keys')).toEqual([])
    await dialog.getByLabel('Use these keys').uncheck()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await page.keyboard.press('?')
    expect(await dialog.count()).toBe(0)
  })
})
