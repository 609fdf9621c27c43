import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findBarriers, findFlawsAnywhere } from '../support/accessibility.ts'
import { startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { startConsentService, type ConsentService } from '../support/consent-service.ts'
import { customers, people } from '../support/consent-world.ts'
import { enterConsole, makeEntrance, type OpenOptions } from '../support/console-person.ts'
import { signInAtProvider } from '../support/provider-sign-in.ts'
import { createSkippingClock, type SkippingClock } from '../support/skipping-clock.ts'

/** What goes wrong while somebody consents, and how it goes on. */

const day = 86_400_000
let clock: SkippingClock
let service: ConsentService
let browser: TestBrowser
const persons: Person[] = []
beforeAll(async () => {
  clock = createSkippingClock()
  service = await startConsentService({ clock }, { customers: '{}' })
  service.world.simulator.control.setAutoSignIn(null)
  browser = await startBrowser()
})
afterEach(async () => {
  for (const person of persons.splice(0)) await person.close()
})
afterAll(async () => {
  await browser.close()
  await service.close()
})

async function sit(options: OpenOptions = {}): Promise<Person> {
  const person = await enterConsole(service, browser, { role: 'operator', ...options })
  persons.push(person)
  return person
}
async function openWizard(tab = 'automatic', options: OpenOptions = {}): Promise<Page> {
  const { page } = await sit(options)
  await page.goto(`${service.url}${wizard}?tab=${tab}`)
  await page.getByRole('tab').first().waitFor()
  return page
}
async function stranger(): Promise<Page> {
  const person = await browser.person()
  persons.push(person)
  return person.page
}

/** Lets time pass, here and at the provider. */
function skip(milliseconds: number): void {
  clock.skip(milliseconds)
  service.world.simulator.control.advanceClock(milliseconds)
}

const wizard = '/console/connections/csp/consent'
const isInDialog = `document.querySelector('[role=dialog]').contains(document.activeElement)`
const begin = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Sign in and consent' }).click()
const backToConsole = (page: Page): Promise<void> =>
  page.getByRole('link', { name: 'Back to the console' }).click()
const updated = (page: Page): Promise<void> => page.getByText('Refresh token updated').waitFor()
const signIn = (page: Page, account: string = people.admin): Promise<void> =>
  signInAtProvider(page, service.world.simulator, { account })

async function makeLink(page: Page, recipient: string): Promise<string> {
  await page.getByRole('textbox', { name: 'Who is to use it' }).fill(recipient)
  await page.getByRole('button', { name: 'Make the link' }).click()
  await page.getByText(`Send it to ${recipient}.`).waitFor()
  const shown = page.getByRole('textbox', { name: 'The link is shown now and not again' })
  return (await shown.textContent()) ?? ''
}

describe('a sign-in', () => {
  it('whose consent is declined says so, and is begun again', async () => {
    const page = await openWizard()
    await begin(page)
    await signInAtProvider(page, service.world.simulator, { accepts: false })
    await page.getByText('AADSTS65004').first().waitFor()
    expect(await findBarriers(page)).toEqual([])
    await backToConsole(page)
    await page.getByText('Not updated').waitFor()
    await begin(page)
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
  })

  it('whose window was closed is found waiting, and another one takes its place', async () => {
    const { page, context } = await sit()
    await page.goto(`${service.url}${wizard}`)
    await begin(page)
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    const again = await context.newPage()
    await page.close()
    await again.goto(`${service.url}${wizard}`)
    await again.getByText('Waiting for the sign-in').waitFor()
    await begin(again)
    await signIn(again)
    await again.getByRole('heading', { name: 'The new grant is active' }).waitFor()
    await backToConsole(again)
    await updated(again)
    expect(again.url()).toContain(wizard)
  })

  it('is that of the newest tab; the older one is told so', async () => {
    const { page: first, context } = await sit()
    const second = await context.newPage()
    for (const page of [first, second]) {
      await page.goto(`${service.url}${wizard}`)
      await begin(page)
      await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    }
    await signIn(second)
    await second.getByRole('heading', { name: 'The new grant is active' }).waitFor()
    await signIn(first)
    await first.getByRole('heading', { level: 1, name: 'This sign-in is over' }).waitFor()
    await backToConsole(second)
    await updated(second)
    expect(second.url()).toContain(wizard)
  })

  it('with an account of another tenant ends at the provider', async () => {
    const page = await openWizard()
    const { userPrincipalName: foreign } = service.world.simulator.account(
      undefined,
      customers.fabrikam,
    )
    await begin(page)
    await page.getByRole('textbox', { name: 'Account' }).fill(foreign)
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByRole('alert').getByText('AADSTS50020').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByText('What served before serves on.').waitFor()
    await backToConsole(page)
    await page.getByText('Not updated').waitFor()
    expect(page.url()).toContain(wizard)
  })

  it('of another account is refused, and taken once somebody approved it', async () => {
    const page = await openWizard()
    await page.getByText(`Serves now: ${people.admin}`).waitFor()
    await begin(page)
    await signIn(page, people.deputy)
    await page.getByText('What served before serves on.').waitFor()
    await backToConsole(page)
    await page.getByText('Not updated').waitFor()
    await page.getByText(`Serves now: ${people.admin}`).waitFor()
    await page.getByRole('checkbox', { name: /Another account may take the place/ }).check()
    await begin(page)
    await signIn(page, people.deputy)
    await page.getByRole('heading', { name: 'The new grant is active' }).waitFor()
    await backToConsole(page)
    await page.getByText(`Serves now: ${people.deputy}`).waitFor()
    await page.getByRole('link', { name: 'csp', exact: true }).click()
    const definition = page.getByRole('region', { name: 'Definition' })
    await definition.getByText(people.deputy).waitFor()
    expect(await definition.textContent()).not.toContain(people.admin)
  })

  it('goes on where it was when the session at the console had ended meanwhile', async () => {
    const page = await openWizard('manual')
    skip(day)
    // What is on screen is read again from time to time: nobody has to click to be told.
    await page.waitForURL('**/console/sign-in?*')
    const link = new URL(await makeEntrance(service, 'operator'))
    // Whoever has a link opens it in the same browser, and is back where they were.
    await page.goto(link.href)
    await page.getByRole('button').click()
    await page.getByRole('heading', { level: 1, name: 'Manage Refresh Token' }).waitFor()
    expect(page.url()).toBe(`${service.url}${wizard}?tab=manual`)
  })
})

describe('a link', () => {
  it('opens nothing once it has expired, nor once it was taken back', async () => {
    const page = await openWizard('link')
    const other = await stranger()
    await page.getByRole('combobox', { name: 'Valid for' }).selectOption('1 hour')
    const late = await makeLink(page, 'Late')
    const taken = await makeLink(page, 'Taken')
    await other.goto(taken)
    const row = page.getByRole('row', { name: /Taken/ })
    await row.getByRole('button', { name: 'Take back' }).focus()
    await page.keyboard.press('Enter')
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    // The keyboard stays in the dialog until it is closed, and comes back to where it was.
    for (let presses = 0; presses < 8; presses++) {
      await page.keyboard.press('Tab')
      expect(await page.evaluate(isInDialog)).toBe(true)
    }
    expect(await findFlawsAnywhere(page, 'consent-take-back')).toEqual([])
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await expect.poll(() => page.evaluate('document.activeElement.innerText')).toBe('Take back')
    await page.keyboard.press('Enter')
    await dialog.getByRole('button', { name: 'Take back' }).click()
    await row.getByText('Taken back', { exact: true }).waitFor()
    await other.getByRole('button', { name: 'Go to the sign-in' }).click()
    await other.locator('main.bad').waitFor()
    expect(await other.locator('main').textContent()).toContain('consent_link_revoked')
    expect(await findBarriers(other)).toEqual([])
    skip(3_600_001)
    await other.goto(late)
    expect(await other.locator('main').textContent()).toContain('consent_link_expired')
    expect(await findBarriers(other)).toEqual([])
  })
})

describe('day 91', () => {
  it('is foreseen, shown as a lapse with its remedy, and over once somebody consented', async () => {
    const page = await openWizard()
    await begin(page)
    await signIn(page, people.deputy)
    await page.getByRole('heading', { name: 'The new grant is active' }).waitFor()
    const pass = async (days: number): Promise<Page> => {
      skip(days * day)
      await service.serving.alarms.wake()
      const { page: later } = await sit()
      await later.clock.setSystemTime(clock.now())
      await later.goto(`${service.url}/console/`)
      return later
    }
    const needs = (of: Page): ReturnType<Page['getByRole']> =>
      of.getByRole('region', { name: 'What needs a person now' })

    const ahead = await pass(80)
    const ends = ahead.getByRole('region', { name: 'Ahead' })
    await needs(ahead)
      .getByText(/refresh token/i)
      .first()
      .waitFor()
    await ends
      .getByText(/in (9|10) days/)
      .first()
      .waitFor()
    expect(await ends.textContent()).not.toContain('kept alive')
    expect(await findFlawsAnywhere(ahead, 'overview-day-80')).toEqual([])

    const lapsed = await pass(11)
    await lapsed.goto(`${service.url}/console/connections/csp`)
    await lapsed.getByRole('button', { name: 'Refresh csp now' }).click()
    await lapsed.getByText('AADSTS700082').first().waitFor()
    await service.serving.alarms.wake()
    await lapsed.goto(`${service.url}/console/`)
    await needs(lapsed).getByText('the refresh token was idle for too long').first().waitFor()
    expect(await findFlawsAnywhere(lapsed, 'overview-day-91')).toEqual([])
    await needs(lapsed).getByRole('link', { name: 'Open csp' }).first().click()
    await lapsed.getByRole('main').getByText('Action needed').first().waitFor()
    expect(await findFlawsAnywhere(lapsed, 'connection-day-91')).toEqual([])
    await lapsed.getByRole('link', { name: 'Reconnect' }).first().click()
    await begin(lapsed)
    await signIn(lapsed, people.deputy)
    await lapsed.getByRole('heading', { name: 'The new grant is active' }).waitFor()
    await backToConsole(lapsed)
    await updated(lapsed)
    await service.serving.alarms.wake()
    const client = await service.client('viewer')
    await expect
      .poll(async () => (await client.alarms.list()).items.map(({ kind }) => kind))
      .not.toContain('grant_lapsed')
  }, 120_000)
})
