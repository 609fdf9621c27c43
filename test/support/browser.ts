import { mkdir } from 'node:fs/promises'
import {
  chromium as playwright,
  type Browser,
  type BrowserContext,
  type Page,
} from 'playwright-core'
import { inject } from 'vitest'

/** A real browser, and what it complained about. */
export interface TestBrowser {
  /** A person with cookies of their own. */
  person(options?: PersonOptions): Promise<Person>
  close(): Promise<void>
}

/** How somebody’s browser is set up. */
export interface PersonOptions {
  readonly width?: 1280 | 390
  readonly colorScheme?: 'light' | 'dark'
  /** False for somebody whose browser runs no script. */
  readonly runsScripts?: boolean
}

/** Somebody at a browser. */
export interface Person {
  readonly context: BrowserContext
  readonly page: Page
  /** Errors of scripts and refusals of the pages’ policies, as they came. */
  readonly complaints: readonly string[]
  close(): Promise<void>
}

/**
 * Starts Chromium. It reaches loopback alone: nothing else is there, and it is not to look for
 * anything else.
 */
export async function startBrowser(): Promise<TestBrowser> {
  const browser: Browser = await playwright.launch({
    executablePath: inject('chromiumPath'),
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  return {
    person: async ({ width = 1280, colorScheme = 'light', runsScripts = true } = {}) => {
      const context = await browser.newContext({
        viewport: { width, height: width === 1280 ? 900 : 844 },
        colorScheme,
        javaScriptEnabled: runsScripts,
        ignoreHTTPSErrors: true,
        locale: 'en-GB',
        timezoneId: 'UTC',
        reducedMotion: 'reduce',
      })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text())
      })
      return { context, page, complaints, close: () => context.close() }
    },
    close: () => browser.close(),
  }
}

const screenshotFolder = process.env['EVERGRANT_SCREENSHOTS']

/** Keeps a picture of a page where `EVERGRANT_SCREENSHOTS` names a folder; for people to look at. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  if (screenshotFolder === undefined) return
  await mkdir(screenshotFolder, { recursive: true })
  await page.screenshot({ path: `${screenshotFolder}/${name}.png`, fullPage: true })
}
