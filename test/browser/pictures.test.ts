import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { enterConsole } from '../support/console-person.ts'
import { readDocument } from '../support/document-blocks.ts'
import { signers, startPicturedService, type PicturedService } from '../support/pictured-service.ts'

/**
 * Pictures of the documents, as the real console shows them. `EVERGRANT_PICTURES=docs/images`
 * writes them; without it the pages only have to show what the pictures do.
 */
const folder = process.env['EVERGRANT_PICTURES']
const documents = ['README.md', 'docs/guides/consent.md', 'docs/guides/console.md']

let service: PicturedService
let browser: TestBrowser
const persons: Person[] = []
beforeAll(async () => {
  // Addresses stand in pictures: those of the guides where pictures are kept, else any free ones.
  const ports = { service: 8_420, simulator: 7_001 }
  service = await startPicturedService(folder === undefined ? undefined : ports)
  browser = await startBrowser()
}, 120_000)
afterEach(async () => {
  for (const person of persons.splice(0)) await person.close()
})
afterAll(async () => {
  await browser.close()
  await service.close()
})

type Look = NonNullable<Parameters<typeof enterConsole>[2]>

async function open(path: string, look: Look = {}): Promise<Page> {
  const person = await enterConsole(service, browser, look)
  persons.push(person)
  await person.page.goto(`${service.url}/console${path}`)
  await person.page.getByRole('heading', { level: 1 }).waitFor()
  return person.page
}

/** Waits for what the page has to show, and takes its picture; returns what it does not show. */
async function picture(
  page: Page,
  name: string,
  shows: readonly (string | RegExp)[],
  isWhole = false,
): Promise<readonly unknown[]> {
  const missing: unknown[] = []
  for (const text of shows) {
    const shown = page.getByText(text).filter({ visible: true }).first()
    await shown.waitFor({ timeout: 10_000 }).catch(() => missing.push(text))
  }
  await page.getByText('Loading').waitFor({ state: 'detached', timeout: 10_000 })
  const machinePaths = (await page.locator('body').textContent())?.match(/\/tmp\/\S*/g) ?? []
  if (folder !== undefined) {
    await mkdir(folder, { recursive: true })
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: isWhole })
  }
  return [...missing, ...machinePaths.map((path) => `not ${path}`)]
}

describe('the console', () => {
  it.each([
    ['overview', {}],
    ['overview-dark', { colorScheme: 'dark' }],
  ] as const)('says first what needs a person: %s', async (name, look) => {
    const page = await open('/', look)
    await page.setViewportSize({ width: 1_280, height: 1_440 })
    expect(
      await picture(page, name, [
        /csp-backup.*gets no tokens/,
        /contoso-graph.*expires/,
        'Refreshed',
      ]),
    ).toEqual([])
  })

  it('shows how every connection stands', async () => {
    const page = await open('/connections')
    expect(
      await picture(page, 'connections', ['Healthy', 'Paused', 'Action needed', 'billing']),
    ).toEqual([])
  })

  it('says of a lapsed grant why, who must act, and what to do', async () => {
    const page = await open('/connections/csp-backup')
    expect(
      await picture(page, 'connection-lapsed', [
        'Action needed',
        'AADSTS50173',
        'Who must act',
        'Reconnect',
      ]),
    ).toEqual([])
  })

  it('says what will happen before somebody signs in', async () => {
    const page = await open('/connections/csp/consent')
    expect(
      await picture(page, 'consent-automatic', [
        'What will happen',
        `${service.url}/consent/callback`,
        'Sign in and consent',
      ]),
    ).toEqual([])
  })

  it('follows links', async () => {
    const page = await open('/connections/csp/consent?tab=link')
    await page.getByText('carol@contoso.example').first().scrollIntoViewIfNeeded()
    expect(await picture(page, 'consent-links', ['Ben Backup', 'Opened', 'Active'])).toEqual([])
  })

  it('fits a telephone', async () => {
    const page = await open('/connections/csp', { width: 390 })
    expect(await picture(page, 'connection-phone', ['csp', 'Healthy', signers.csp])).toEqual([])
  })
})

describe('pages for whoever signs in', () => {
  it('say who asks for what, and what came of it', async () => {
    const { url } = await service.client.links.create({
      address: 'csp',
      recipient: 'Anna Administrator',
      note: 'Ticket 7',
    })
    service.simulator.control.setAutoSignIn(signers.csp)
    const person = await browser.person({ runsScripts: false })
    persons.push(person)
    const { page } = person
    await page.goto(url)
    expect(
      await picture(page, 'consent-link', ['Anna Administrator', 'Ticket 7', 'AdminAgents'], true),
    ).toEqual([])
    await page.getByRole('button').click()
    await page.getByText('The new grant is active').waitFor()
    expect(await picture(page, 'consent-done', ['The sign-in had a second factor'], true)).toEqual(
      [],
    )
  })
})

describe('the pictures in docs/images', () => {
  it('are those that documents show, and small', async () => {
    const shown = documents.flatMap((path) =>
      [...readDocument(path).matchAll(/images\/([\w-]+\.png)/g)].map(([, name = '']) => name),
    )
    const images = join(import.meta.dirname, '../../docs/images')
    const kept = await readdir(images)
    expect([...new Set(shown)].toSorted()).toEqual(kept.toSorted())
    const sizes = await Promise.all(kept.map(async (name) => (await stat(join(images, name))).size))
    expect(Math.max(...sizes)).toBeLessThanOrEqual(200 * 1_024)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(1.5 * 1_024 * 1_024)
  })
})
