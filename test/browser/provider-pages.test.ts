import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findFlaws } from '../support/accessibility.ts'
import { keepScreenshot, startBrowser, type TestBrowser } from '../support/browser.ts'
import { makeConsentWorld, people, type ConsentWorld } from '../support/consent-world.ts'
import { signInAtProvider } from '../support/provider-sign-in.ts'

/** The sign-in pages of the simulator: whoever rehearses with them is kept out by none. */

let world: ConsentWorld
let browser: TestBrowser
beforeAll(async () => {
  world = await makeConsentWorld()
  world.simulator.control.setAutoSignIn(null)
  browser = await startBrowser()
})
afterEach(() => {
  world.simulator.control.setPolicies([])
  world.simulator.control.setAccount(people.guest, { needsAdminApproval: false })
})
afterAll(async () => {
  await browser.close()
  await world.close()
})

/** A page as it is and at twice its size, on a desk and in a hand. */
async function look(page: Page, name: string): Promise<void> {
  for (const [width, height] of [
    [1280, 900],
    [640, 450],
    [390, 844],
  ] as const) {
    await page.setViewportSize({ width, height })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      expect(await findFlaws(page), `${name}, ${width}, ${colorScheme}`).toEqual([])
      if (width !== 640) await keepScreenshot(page, `${name}-${width}-${colorScheme}`)
    }
  }
}

const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click()

describe('the pages of the simulated Entra', () => {
  it('keep nobody out on the way to a consent', async () => {
    const { page, complaints, close } = await browser.person()
    await page.goto((await world.begin()).authorization_url)
    await signInAtProvider(page, world.simulator, {
      accepts: false,
      look: (step) => look(page, `provider-${step.toLowerCase().replaceAll(' ', '-')}`),
    })
    expect(complaints.filter((text) => !text.includes('ERR_'))).toEqual([])
    await close()
  })

  it('say what was wrong as an alert beside the field that it is about', async () => {
    const { page, close } = await browser.person()
    await page.goto((await world.begin()).authorization_url)
    await page.getByRole('textbox', { name: 'Account' }).fill('nobody@contoso.example')
    await press(page, 'Next')
    await page.getByRole('alert').getByText('AADSTS50034').waitFor()
    await look(page, 'provider-no-account')
    await page.getByRole('textbox', { name: 'Account' }).fill(people.admin)
    await press(page, 'Next')
    await page.getByLabel('Password').fill('wrong')
    await press(page, 'Sign in')
    await page.getByRole('alert').getByText('AADSTS50126').waitFor()
    await look(page, 'provider-wrong-password')
    await page.getByLabel('Password').fill(people.password)
    await press(page, 'Sign in')
    await page.getByLabel('Code').fill('000000')
    await press(page, 'Verify')
    await page.getByRole('alert').getByText('AADSTS500121').waitFor()
    const code = page.getByLabel('Code')
    expect(await code.getAttribute('aria-invalid')).toBe('true')
    expect(await code.getAttribute('aria-describedby')).toContain('complaint')
    expect(await page.evaluate('document.activeElement.id')).toBe('otc')
    await close()
  })

  it.each([
    ['You cannot access this right now', 'blocked'],
    ['Need admin approval', 'approval'],
  ] as const)('refuse in words, with a way back: %s', async (title, name) => {
    const { control } = world.simulator
    if (name === 'blocked') control.setPolicies([{ code: 53003 }])
    else control.setAccount(people.guest, { needsAdminApproval: true })
    const { page, close } = await browser.person()
    await page.goto((await world.begin()).authorization_url)
    await page.getByRole('textbox', { name: 'Account' }).fill(people.guest)
    await press(page, 'Next')
    if (name === 'approval') {
      await page.getByLabel('Code').fill(control.totp(people.guest))
      await press(page, 'Verify')
    }
    await page.getByRole('heading', { level: 1, name: title }).waitFor()
    await look(page, `provider-${name}`)
    expect(await page.title()).toBe(title)
    await close()
  })

  it('tell whoever comes with a broken address', async () => {
    const { page, close } = await browser.person()
    const url = new URL((await world.begin()).authorization_url)
    url.searchParams.set('redirect_uri', 'https://evil.example/')
    url.searchParams.set('client_id', 'nobody')
    await page.goto(url.href)
    await page.getByRole('heading', { level: 1, name: /having trouble/ }).waitFor()
    await look(page, 'provider-broken')
    expect(await page.title()).toContain('trouble')
    await close()
  })
})
