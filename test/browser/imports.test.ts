import { appendFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createRunControl } from '../../src/imports/index.ts'
import { findFlaws } from '../support/accessibility.ts'
import { keepScreenshot, startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { consoleLooks, openConsole, type OpenOptions } from '../support/console-person.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'
import { atPage, runImport } from '../support/workspace.ts'

let service: ServiceFixture
let browser: TestBrowser
let person: Person | undefined
/** A run of users, groups and members that is over. */
let runId = ''
/** A run that was stopped after its first page. */
let interruptedId = ''

beforeAll(async () => {
  service = await startService({
    workspace: { users: 250, groups: { count: 5, giantSize: 20 } },
    prepare: async (workspace) => {
      const collections = ['users', 'groups', 'members'] as const
      runId = (await runImport(workspace, { collections })).run.id
      await runImport(workspace, { name: 'nightly', to: 'ndjson:out' })
      const control = createRunControl()
      atPage(workspace.simulator, 1, () => control.request('stop'))
      const stopped = await runImport(workspace, { name: 'stopped', to: 'ndjson:stopped', control })
      interruptedId = stopped.run.id
      const held =
        '{ connection: contoso-graph, collections: [users], to: "ndjson:./held", pageSize: 100, schedule: "0 2 * * *" }'
      await appendFile(workspace.configPath, `imports:\n  held: ${held}\n`)
    },
  })
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

/** Waits until the log shows just these lines, by how each begins. */
async function expectLines(page: Page, beginnings: readonly string[]): Promise<void> {
  const lines = page.getByRole('log').getByRole('listitem')
  for (const [index, text] of beginnings.entries()) {
    await lines.nth(index).getByText(text).waitFor()
  }
  expect(await lines.count()).toBe(beginnings.length)
}

describe('a viewer', () => {
  it('is told that there is no such run, in words', async () => {
    const { page } = await open('/imports/run_nothing', { role: 'viewer' })
    expect(await page.getByRole('alert').textContent()).toContain('import_unknown')
  })
})

describe('imports', () => {
  it('are found by name, state and verdict, and the address keeps what was looked for', async () => {
    const { page } = await open('/imports', { role: 'viewer' })
    await page.getByRole('link', { name: 'contoso-graph' }).waitFor()
    await page.getByRole('searchbox', { name: 'Search' }).fill('nightly')
    await page.waitForURL('**/imports?name=nightly')
    await page.getByRole('link', { name: 'contoso-graph' }).waitFor({ state: 'detached' })
    await page.reload()
    await page.getByRole('link', { name: 'nightly' }).waitFor()
    expect(await page.getByRole('link', { name: 'contoso-graph' }).count()).toBe(0)
    await page.getByLabel('Verdict').selectOption('Incomplete')
    await page.getByText('No run matches').waitFor()
  })

  it('show of a run what was counted, what was read and why that is complete', async () => {
    const { page } = await open(`/imports/${runId}`, { role: 'viewer' })
    await page.getByText('Every page was read, and the distinct rows agree').waitFor()
    const manifest = page.getByRole('table', { name: 'Manifest' })
    const users = manifest.getByRole('row', { name: /^users/ })
    expect(await users.getByRole('cell').allTextContents()).toEqual([
      'Complete',
      '250',
      '250',
      '250',
      '0',
      '–',
    ])
    expect(await manifest.getByRole('row', { name: /^members/ }).count()).toBe(1)
  })

  it('show the job execution log in the words of the command line, and filter it', async () => {
    const { page } = await open(`/imports/${runId}`, { role: 'viewer' })
    const log = page.getByRole('log')
    await log.getByText('import of users, groups, members to store started').waitFor()
    await page.getByLabel('About', { exact: true }).selectOption('Token refreshes')
    await expectLines(page, ['token changed before counting users'])
    await page.waitForURL('**?kind=token')
    await page.getByLabel('Level').selectOption('Errors')
    await log.getByText('No line matches').waitFor()
  })
})

describe('a viewer of imports', () => {
  it('is told which role starting, pausing and cancelling take', async () => {
    const { page } = await open('/imports', { role: 'viewer' })
    await page.getByRole('button', { name: 'Start held' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('tooltip', { name: 'Needs the role operator.' }).waitFor()
    expect(await page.getByRole('dialog').count()).toBe(0)
    const pause = page.getByRole('button', { name: 'Pause the schedule of held' })
    expect(await pause.getAttribute('aria-disabled')).toBe('true')
  })
})

describe('an import of the configuration', () => {
  it('pauses and goes on with its schedule', async () => {
    const { page } = await open('/imports', { role: 'operator' })
    const row = page.getByRole('table', { name: 'Configured imports' }).getByRole('row', {
      name: /held/,
    })
    await row.getByText('0 2 * * * UTC').waitFor()
    await row.getByRole('button', { name: 'Pause the schedule of held' }).click()
    await row.getByText('Paused').waitFor()
    await row.getByRole('button', { name: 'Resume the schedule of held' }).click()
    await row.getByText('Paused').waitFor({ state: 'detached' })
    expect(await row.getByText('Next').count()).toBe(1)
  })

  it('is started, followed while it runs, and cancelled after a question', async () => {
    const held = service.workspace.simulator.control.addFault({
      match: { kind: 'users', nth: 2 },
      effect: { kind: 'hold' },
    })
    try {
      const { page } = await open('/imports', { role: 'operator' })
      await page.getByRole('button', { name: 'Start held' }).click()
      const start = page.getByRole('dialog', { name: 'Start held' })
      await start.getByRole('button', { name: 'Start', exact: true }).click()
      await page.waitForURL('**/imports/run_*')
      await page.getByText('100 of about 250 rows').waitFor()
      await page.getByRole('log').getByText('users page 1:').waitFor()
      await page.getByRole('button', { name: 'Pause' }).click()
      await page.getByRole('button', { name: 'Follow' }).click()
      await page.getByRole('button', { name: 'Cancel' }).click()
      const dialog = page.getByRole('dialog', { name: 'Cancel this run of held?' })
      await dialog.getByText('cannot be resumed').waitFor()
      await dialog.getByRole('button', { name: 'Cancel' }).last().click()
      await dialog.waitFor({ state: 'detached' })
      // The worker reads the wish with its next heartbeat; released before, it could be done first.
      const askedAt = Date.now()
      const id = page.url().replace(/^.*\/|\?.*$/g, '')
      const { runs } = service.serving.composition.store
      const beatAt = async (): Promise<number> => (await runs.getRun(id))?.heartbeatAt ?? 0
      await expect.poll(beatAt, { timeout: 20_000 }).toBeGreaterThan(askedAt)
      held.release()
      await page.getByRole('status').getByText('Cancelled', { exact: true }).waitFor()
      await page.getByRole('log').getByText('cancelled:').waitFor()
      expect(await page.getByRole('button', { name: 'Cancel' }).count()).toBe(0)
    } finally {
      held.remove()
    }
  })
})

describe('an interrupted run', () => {
  it('says so with what was committed, and is resumed to its end', async () => {
    const { page } = await open(`/imports/${interruptedId}`, { role: 'operator' })
    await page.getByRole('status').getByText('Interrupted').waitFor()
    await page.getByText('Not every page was read').waitFor()
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.getByRole('status').getByText('Finished').waitFor()
    await page.getByRole('log').getByText('resumed users at page').waitFor()
    const users = page.getByRole('table', { name: 'Manifest' }).getByRole('row', { name: /^users/ })
    expect(await users.getByText('Complete', { exact: true }).count()).toBe(1)
    expect(await page.getByRole('button', { name: 'Resume' }).count()).toBe(0)
  })
})

describe.each(consoleLooks)('at $width pixels, $colorScheme', (look) => {
  it.each([
    ['imports', '/imports'],
    ['import-run', `/imports/RUN`],
  ])('%s stand without a flaw', async (name, path) => {
    const { page, complaints } = await open(path.replace('RUN', runId), look)
    await page.getByRole('status').first().waitFor()
    await page.getByText('nightly').or(page.getByText('Job execution log')).first().waitFor()
    await keepScreenshot(page, `${name}-${look.width}-${look.colorScheme}`)
    expect(await findFlaws(page)).toEqual([])
    expect(complaints).toEqual([])
  })
})
