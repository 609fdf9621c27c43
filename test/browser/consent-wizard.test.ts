import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findFlawsAnywhere } from '../support/accessibility.ts'
import { startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { startConsentService, type ConsentService } from '../support/consent-service.ts'
import { people } from '../support/consent-world.ts'
import { enterConsole } from '../support/console-person.ts'

const wizard = '/console/connections/csp/consent'
let service: ConsentService
let browser: TestBrowser
let persons: Person[] = []

beforeAll(async () => {
  service = await startConsentService()
  browser = await startBrowser()
})
beforeEach(() => async () => {
  for (const person of persons) await person.close()
  persons = []
})
afterAll(async () => {
  await browser.close()
  await service.close()
})

async function open(tab: string, options: Parameters<typeof enterConsole>[2] = {}): Promise<Page> {
  const person = await enterConsole(service, browser, { role: 'operator', ...options })
  persons.push(person)
  await person.page.goto(`${service.url}${wizard}?tab=${tab}`)
  await person.page.getByRole('tab').first().waitFor()
  return person.page
}

/** Somebody else, who has never been here. */
async function stranger(): Promise<Page> {
  const person = await browser.person({ runsScripts: false })
  persons.push(person)
  return person.page
}

const updated = (page: Page): Promise<void> => page.getByText('Refresh token updated').waitFor()

describe('what a viewer sees', () => {
  it.each([
    ['automatic', 'Sign in and consent'],
    ['link', 'Make the link'],
    ['manual', 'Make the address'],
  ])('begins nothing, and says why: %s', async (tab, action) => {
    const page = await open(tab, { role: 'viewer' })
    const button = page.getByRole('button', { name: action })
    await button.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('tooltip', { name: 'Needs the role operator.' }).waitFor()
    expect(await button.getAttribute('aria-disabled')).toBe('true')
    await page.getByText('No sign-in was begun yet.').waitFor()
  })
})

describe('Manual Update', () => {
  it('refuses early what cannot be meant, and says what was wrong with the rest', async () => {
    const page = await open('manual')
    const field = page.getByRole('textbox', { name: 'Code, or the whole address' })
    await page.getByRole('button', { name: 'Update' }).click()
    await page.getByText('Paste what the other person sent.').waitFor()
    await page.getByRole('button', { name: 'Make the address' }).click()
    const shown = page.getByRole('textbox', { name: 'Address to open' })
    const address = (await shown.textContent()) ?? ''
    await field.fill(address)
    await page.getByText('This is the address to open, not what it led to.').waitFor()
    await field.fill(`${service.url}/consent/callback?code=1.A&state=of-another-one`)
    await page.getByText('This address belongs to another sign-in').waitFor()
    await field.fill('two words')
    await page.getByRole('button', { name: 'Update' }).click()
    await page.getByRole('alert').getByText('consent_unreadable').waitFor()
    await expect
      .poll(() => page.evaluate('document.activeElement.className'))
      .toContain('error-summary')
    expect(await findFlawsAnywhere(page, 'consent-manual-refused')).toEqual([])
  })

  it('is finished with the sealed code that the other person was shown', async () => {
    const page = await open('manual')
    await page.getByRole('button', { name: /Make (the|another) address/ }).click()
    const address = await page.getByRole('textbox', { name: 'Address to open' }).textContent()
    const other = await stranger()
    await other.goto(address ?? '')
    const code = (await other.locator('pre').first().textContent()) ?? ''
    // What was begun is known after a reload; its address is not.
    await page.reload()
    await page.getByText('Its address is not shown again').waitFor()
    expect(await page.content()).not.toContain('code_challenge')
    const field = page.getByRole('textbox', { name: 'Code, or the whole address' })
    await field.fill(` ${code}\n`)
    await page.getByRole('button', { name: 'Update' }).click()
    await updated(page)
    await page.getByText(people.admin).first().waitFor()
    expect(await field.inputValue()).toBe('')
    expect(await page.content()).not.toContain(code)
    expect(service.log()).not.toContain(code)
  })
})

describe('Automatic Update', () => {
  it('leads to the provider and back, and tells each proof', async () => {
    const page = await open('automatic')
    await page.getByText(`${service.url}/consent/callback`).waitFor()
    await page.getByRole('button', { name: 'Sign in and consent' }).click()
    await page.getByRole('heading', { name: 'The new grant is active' }).waitFor()
    expect(page.url()).not.toContain('code=')
    await page.getByRole('link', { name: 'Back to the console' }).click()
    await updated(page)
    const proofs = page.getByRole('list', { name: 'Proofs' })
    expect(await proofs.getByRole('listitem').count()).toBeGreaterThan(5)
    expect(await proofs.textContent()).toContain('Partner Center answers')
    expect(await findFlawsAnywhere(page, 'consent-automatic')).toEqual([])
  })

  it('changes nothing when another account signs in, and names who serves', async () => {
    service.world.simulator.control.setAutoSignIn(people.guest)
    try {
      const page = await open('automatic')
      await page.getByText(`Serves now: ${people.admin}`).waitFor()
      await page.getByRole('button', { name: 'Sign in and consent' }).click()
      await page.getByRole('link', { name: 'Back to the console' }).click()
      await page.getByText('Not updated').waitFor()
      await page.getByText('what served before serves on').waitFor()
      expect(await page.getByRole('alert').textContent()).toContain('What to do')
      expect(await findFlawsAnywhere(page, 'consent-failed')).toEqual([])
    } finally {
      service.world.simulator.control.setAutoSignIn(people.admin)
    }
  })
})

describe('a hand-off link', () => {
  it('is taken back by a click, and opens nothing any more', async () => {
    const page = await open('link')
    await page.getByRole('textbox', { name: 'Who is to use it' }).fill('Robin')
    await page.getByRole('button', { name: 'Make the link' }).click()
    const shown = page.getByRole('textbox', { name: 'The link is shown now and not again' })
    const url = (await shown.textContent()) ?? ''
    const row = page.getByRole('row', { name: /Robin/ })
    await row.getByRole('button', { name: 'Take back' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click()
    await row.getByText('Taken back').waitFor()
    expect((await fetch(url)).status).toBe(410)
  })

  it('is followed live until the refresh token serves', async () => {
    const page = await open('link')
    const name = '<img src=x onerror=alert(1)>'
    await page.getByRole('textbox', { name: 'Who is to use it' }).fill(name)
    await page.getByRole('textbox', { name: 'Note' }).fill('<script>alert(2)</script>')
    await page.getByRole('button', { name: 'Make the link' }).click()
    const shown = page.getByRole('textbox', { name: 'The link is shown now and not again' })
    const url = (await shown.textContent()) ?? ''
    expect(await findFlawsAnywhere(page, 'consent-link')).toEqual([])
    const row = page.getByRole('row', { name: /onerror/ })
    await row.getByText('Created', { exact: true }).waitFor()
    const other = await stranger()
    await other.goto(url)
    await row.getByText('Opened', { exact: true }).waitFor()
    await other.getByRole('button').click()
    await other.getByRole('heading', { name: 'The new grant is active' }).waitFor()
    await row.getByText('Active', { exact: true }).waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    await page.reload()
    await row.getByText('Active', { exact: true }).waitFor()
    const token = new URL(url).pathname.split('/').at(-1) ?? ''
    expect(await page.content()).not.toContain(token)
    expect(service.log()).not.toContain(token)
  })
})
