import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findBarriers, findFlaws } from '../support/accessibility.ts'
import {
  keepScreenshot,
  startBrowser,
  type Person,
  type PersonOptions,
  type TestBrowser,
} from '../support/browser.ts'
import { startConsentService, type ConsentService } from '../support/consent-service.ts'
import { people } from '../support/consent-world.ts'
import { enterConsole } from '../support/console-person.ts'
import { signInAtProvider } from '../support/provider-sign-in.ts'

/** Both procedures and the hand-off, from page to page, as people go through them. */

let service: ConsentService
let browser: TestBrowser
const persons: Person[] = []
beforeAll(async () => {
  service = await startConsentService()
  // Nobody is signed in at the provider until they sign in on its pages.
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

async function openWizard(tab: string): Promise<Page> {
  const person = await enterConsole(service, browser, { role: 'operator' })
  persons.push(person)
  await person.page.goto(`${service.url}/console/connections/csp/consent?tab=${tab}`)
  await person.page.getByRole('tab').first().waitFor()
  return person.page
}

async function stranger(options: PersonOptions = { runsScripts: false }): Promise<Page> {
  const person = await browser.person(options)
  persons.push(person)
  return person.page
}

const updated = (page: Page): Promise<void> => page.getByText('Refresh token updated').waitFor()
const signIn = (page: Page): Promise<void> => signInAtProvider(page, service.world.simulator)
const pasted = (page: Page): ReturnType<Page['getByRole']> =>
  page.getByRole('textbox', { name: 'Code, or the whole address' })

/** Presses Tab until something of that name has the focus, which has to be seen. */
async function tabTo(page: Page, name: RegExp): Promise<void> {
  for (let presses = 0; presses < 60; presses++) {
    await page.keyboard.press('Tab')
    const [text, outline] = (await page.evaluate(`(() => {
      const { activeElement: one } = document
      const text = one.getAttribute('aria-label') ?? one.innerText
      return [text.trim(), getComputedStyle(one).outlineStyle]
    })()`)) as readonly [string, string]
    if (!name.test(text)) continue
    if (outline === 'none') throw new Error(`nobody sees that "${text}" has the focus`)
    return
  }
  throw new Error(`${String(name)} is not reached by Tab`)
}

describe('Automatic Update', () => {
  it('goes by the keyboard alone, through the pages of the provider and back', async () => {
    const page = await openWizard('automatic')
    const { keyboard } = page
    const { control } = service.world.simulator
    await tabTo(page, /^Sign in and consent$/)
    await keyboard.press('Enter')
    for (const [step, typed] of [
      ['Sign in', () => people.admin],
      ['Enter password', () => people.password],
      ['Enter code', () => control.totp(people.admin)],
    ] as const) {
      await page.getByRole('heading', { level: 1, name: step }).waitFor()
      await keyboard.type(typed())
      await keyboard.press('Enter')
    }
    await page.getByRole('heading', { level: 1, name: 'Permissions requested' }).waitFor()
    await tabTo(page, /^Accept$/)
    await keyboard.press('Enter')
    await page.getByRole('heading', { name: 'The new grant is active' }).waitFor()
    await tabTo(page, /^Back to the console$/)
    await keyboard.press('Enter')
    await updated(page)
    await page.getByText(people.admin).first().waitFor()
    expect(page.url()).toBe(`${service.url}/console/connections/csp/consent`)
  })

  it('finishes nothing twice: back and reload show what became of it', async () => {
    const page = await openWizard('automatic')
    await page.getByRole('button', { name: 'Sign in and consent' }).click()
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor()
    await page.reload()
    await signIn(page)
    await page.getByRole('heading', { name: 'The new grant is active' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'The new grant is active' }).waitFor()
    // The page before is one of the provider’s that a form led to: browsers show it to nobody, and
    // are on the way to a page of their own about that when one goes on.
    const done = page.url()
    await page.goBack().catch(() => undefined)
    const goOn = (): Promise<boolean> =>
      page.goto(done).then(
        () => true,
        () => false,
      )
    await expect.poll(goOn, { timeout: 10_000 }).toBe(true)
    await page.getByRole('heading', { name: 'The new grant is active' }).waitFor()
    await page.getByRole('link', { name: 'Back to the console' }).click()
    await updated(page)
    await page.reload()
    await updated(page)
    expect(await page.getByRole('alert').count()).toBe(0)
  })
})

describe('Manual Update', () => {
  it('is finished with the code that a second browser without script shows', async () => {
    const page = await openWizard('manual')
    await page.getByRole('button', { name: 'Make the address' }).click()
    const address = await page.getByRole('textbox', { name: 'Address to open' }).textContent()
    const other = await stranger()
    await other.goto(address ?? '')
    await signIn(other)
    await other.getByRole('heading', { name: 'Hand this code on' }).waitFor()
    expect(await other.locator('main').textContent()).toMatch(
      /by \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/,
    )
    expect(other.url()).not.toContain('&code=')
    const code = (await other.locator('pre').first().textContent()) ?? ''
    await pasted(page).fill(code)
    await page.getByRole('button', { name: 'Update' }).click()
    await updated(page)
    await pasted(page).fill(code)
    await page.getByRole('button', { name: 'Update' }).click()
    await page.getByRole('alert').getByText('consent_used').waitFor()
  })

  describe('by a page that is hosted elsewhere', () => {
    let host: Server
    let hosted: string
    let file: string
    /** Begins at the wizard, with the exported page as the redirect URI. */
    async function begin(): Promise<readonly [page: Page, address: string]> {
      const page = await openWizard('manual')
      await page.getByText('They cannot reach this service').click()
      const downloaded = page.waitForEvent('download')
      await page.getByRole('button', { name: 'Download the onboarding page' }).click()
      file = join(service.world.folder, 'page.html')
      await (await downloaded).saveAs(file)
      const html = await readFile(file, 'utf8')
      host = createServer((request, response) => {
        const isPage = (request.url ?? '').startsWith('/welcome')
        response.writeHead(isPage ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' })
        response.end(isPage ? html : '')
      }).listen(0, '127.0.0.1')
      await once(host, 'listening')
      hosted = `http://localhost:${(host.address() as AddressInfo).port}/welcome`
      await page.getByRole('textbox', { name: 'Where the page is hosted' }).fill(hosted)
      await page.getByRole('button', { name: /Make (the|another) address/ }).click()
      const shown = page.getByRole('textbox', { name: 'Address to open' })
      return [page, (await shown.textContent()) ?? '']
    }
    afterEach(() => {
      host.closeAllConnections()
      host.close()
    })

    it('takes the whole address where that page may run no script', async () => {
      const [page, address] = await begin()
      const other = await stranger()
      await other.goto(address)
      await signIn(other)
      await other.getByText('Copy the whole address from the address bar').waitFor()
      await pasted(page).fill(other.url())
      await page.getByRole('button', { name: 'Update' }).click()
      await updated(page)
      expect(service.log()).not.toContain(new URL(other.url()).searchParams.get('code'))
    })

    it('takes what that page shows where it may, and what the file of it shows', async () => {
      const [page, address] = await begin()
      const other = await stranger({ width: 390, colorScheme: 'dark' })
      await other.goto(address)
      await signIn(other)
      await other.getByText('One step is left').waitFor()
      expect(other.url()).toBe(hosted)
      expect(await findFlaws(other)).toEqual([])
      await keepScreenshot(other, 'hosted-page-390-dark')
      const shown = (await other.locator('#code pre').textContent()) ?? ''
      const opened = await stranger({})
      await opened.goto(`${pathToFileURL(file).href}?${shown}`)
      expect(await opened.locator('#code pre').textContent()).toBe(shown)
      await pasted(page).fill(shown)
      await page.getByRole('button', { name: 'Update' }).click()
      await updated(page)
    })
  })
})

describe('a hand-off link', () => {
  it('is used in a second browser while the first one follows it', async () => {
    const page = await openWizard('link')
    await page.getByRole('textbox', { name: 'Who is to use it' }).fill('Anna Admin')
    await page.getByRole('button', { name: 'Make the link' }).click()
    const shown = page.getByRole('textbox', { name: 'The link is shown now and not again' })
    const url = (await shown.textContent()) ?? ''
    const row = page.getByRole('row', { name: /Anna Admin/ })
    const other = await stranger()
    await other.goto(url)
    await row.getByText('Opened', { exact: true }).waitFor()
    await other.reload()
    await other.getByRole('button', { name: 'Go to the sign-in' }).click()
    await row.getByText('Signing in', { exact: true }).waitFor()
    const third = await stranger({})
    await third.goto(url)
    await third.getByRole('heading', { level: 1 }).waitFor()
    expect(await third.getByRole('button').count()).toBe(0)
    expect(await findBarriers(third)).toEqual([])
    await signIn(other)
    await other.getByRole('heading', { name: 'The new grant is active' }).waitFor()
    await other.getByText('Nothing has to be sent back').waitFor()
    expect(await other.getByRole('link', { name: 'Back to the console' }).count()).toBe(0)
    await row.getByText('Active', { exact: true }).waitFor()
    await updated(page)
    await other.goto(url)
    await other.getByRole('heading', { name: 'The new grant is active' }).waitFor()
  })
})
