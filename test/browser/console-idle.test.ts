import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page, Request } from 'playwright-core'
import { startBrowser, type TestBrowser } from '../support/browser.ts'
import { openConsole } from '../support/console-person.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let service: ServiceFixture
let browser: TestBrowser
beforeAll(async () => {
  service = await startService()
  browser = await startBrowser()
})
afterAll(async () => {
  await browser.close()
  await service.close()
})

/** The next time the page asks who is signed in. */
function nextLook(page: Page): Promise<Request> {
  return page.waitForRequest((request) => request.url().endsWith('/console/session'))
}

describe('the console, while nobody is there', () => {
  it('says of what it asks by itself that nobody asked, until somebody is back', async () => {
    const { page, close } = await openConsole(service, browser, '/')
    await page.clock.install()
    await page.reload()
    await page.getByRole('heading', { level: 1 }).waitFor()
    const whileThere = nextLook(page)
    // The heading may stand there a moment before the page has set its clock.
    const looked = whileThere.then(() => true)
    const waited = async (): Promise<boolean> =>
      await new Promise((resolve) => setTimeout(() => resolve(false), 1_000))
    do await page.clock.runFor(31_000)
    while (!(await Promise.race([looked, waited()])))
    expect((await whileThere).headers()['evergrant-background']).toBeUndefined()
    await page.clock.runFor(60_000)
    const whileAway = nextLook(page)
    await page.clock.runFor(31_000)
    expect((await whileAway).headers()['evergrant-background']).toBe('1')
    await page.keyboard.press('Shift')
    const back = nextLook(page)
    await page.clock.runFor(31_000)
    expect((await back).headers()['evergrant-background']).toBeUndefined()
    await close()
  })

  it('tells before the session ends, and lets whoever is there stay', async () => {
    const { page, close } = await openConsole(service, browser, '/')
    await page.clock.install()
    await page.reload()
    await page.getByRole('heading', { level: 1 }).waitFor()
    const { idle_expires_at: end } = await page.evaluate<{ idle_expires_at: string }>(
      `fetch('/console/session').then((answer) => answer.json())`,
    )
    // Only the page’s clock moves, as if it had been left alone so long.
    const notice = page
      .getByRole('alert')
      .filter({ hasText: 'signed out in less than two minutes' })
    await page.clock.setSystemTime(new Date(end).getTime() - 60_000)
    await page.clock.runFor(6_000)
    await notice.waitFor()
    const asked = nextLook(page)
    await notice.getByRole('button', { name: 'Stay signed in' }).click()
    expect((await asked).headers()['evergrant-background']).toBeUndefined()
    await close()
  })
})
