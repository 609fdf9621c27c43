import { appendFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createRunControl } from '../../src/imports/index.ts'
import { ownerOf } from '../../src/kernel/index.ts'
import { findFlawsAnywhere } from '../support/accessibility.ts'
import { startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { openConsole, type OpenOptions } from '../support/console-person.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'
import { atPage, runImport } from '../support/workspace.ts'

let service: ServiceFixture
let browser: TestBrowser
let person: Person | undefined
/** A run of users, groups and members that is over. */
let runId = ''
/** A run that was stopped after its first page. */
let interruptedId = ''
/** A run that is under way, with many cursors at different places. */
let wideId = ''

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
  wideId = await beginWideRun()
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

/** Begins a run that nobody drives but its heart, and has it stand in the middle of 80 shards. */
async function beginWideRun(): Promise<string> {
  const { clock, identity, store } = service.serving.composition
  const [like] = await store.runs.listRuns({ name: 'nightly', limit: 1 })
  if (like === undefined) throw new Error('no run to take the options of')
  const run = { id: 'run_wide', name: 'wide', options: like.options }
  const instanceId = 'ins_wide'
  const owner = {
    ...ownerOf(identity, instanceId),
    host: 'node-2',
    takenOver: { times: 1, pages: 9 },
  }
  await store.runs.createRun({ ...run, owner }, clock.now())
  const shared = { runId: run.id, collection: 'users' } as const
  const plan = { cursors: 16, why: '400,017 rows at 470 ms a page are read by 16' }
  const walks = Array.from({ length: 80 }, (_, shard) => {
    const expected = 5_000 + ((shard * 37) % 900)
    const isFinished = shard < 30
    const isBegun = shard < 46
    const rows = isFinished ? expected : isBegun ? ((shard * 331) % 4_600) + 300 : 0
    return {
      ...shared,
      shard,
      label: shard === 79 ? 'the rest' : `${'abcdefghijklmnopqrst'[shard % 20] ?? ''}${shard}`,
      filter: `startswith(userPrincipalName,'${shard}')`,
      expected,
      state: isFinished ? ('finished' as const) : ('walking' as const),
      pages: Math.ceil(rows / 999),
      rows,
      restarts: shard === 33 ? 1 : 0,
    }
  })
  const collection = { ...shared, plan, countBefore: 400_017, writtenRows: 0, segmentBytes: 0 }
  await store.runs.saveProgress({ collection, walks }, instanceId, [], clock.now())
  const totals = {
    ...like.totals,
    rows: walks.reduce((sum, { rows }) => sum + rows, 0),
    requests: 412,
    units: 824,
    throttled: 3,
    pausedMs: 12_000,
    retries: 3,
  }
  const body = { type: 'pace_lowered', cause: 'throttled', slots: 12, unitsPerSecond: 80 } as const
  const line = { at: clock.now(), level: 'warn', body } as const
  await store.runs.updateRun(run.id, instanceId, { totals }, [line], clock.now())
  return run.id
}

/** The wide run has no worker whose heart would beat. */
async function beatOfWideRun(): Promise<void> {
  const { clock, store } = service.serving.composition
  await store.runs.heartbeat(wideId, 'ins_wide', clock.now())
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

describe('a run with many cursors', () => {
  it('shows each of them, how far it is, what that costs and who drives it', async () => {
    await beatOfWideRun()
    const { page } = await open(`/imports/${wideId}`, { role: 'viewer' })
    const users = page.getByRole('group', { name: 'Progress of users' })
    await users
      .getByText('of about 400,017 rows · 30 of 80 shards read · began again once')
      .waitFor()
    await users.getByText('16 cursors over 80 shards: 400,017 rows at 470 ms').waitFor()
    await users.getByText('412 requests · 824 resource units · 3 sent again').waitFor()
    await page.getByText('It goes on with what another service left behind').waitFor()
    const shards = page.getByRole('list', { name: 'Shards of users' }).getByRole('listitem')
    expect(await shards.count()).toBe(80)
    expect(await shards.nth(0).textContent()).toBe('a0read, 5,000 of about 5,000')
    expect(await shards.nth(79).textContent()).toBe('the restnot begun, 0 of about 5,223')
    await page.getByRole('button', { name: 'The 80 shards of users in numbers' }).click()
    const table = page.getByRole('table', { name: 'Shards of users in numbers' })
    await table.getByRole('row', { name: /^n33 reading/ }).waitFor()
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
    // What the worker says reaches whoever follows the service.
    const heard = new Set<string>()
    const unfollow = service.serving.composition.events.on(({ type }) => heard.add(type))
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
      const told = ['import.run_started', 'import.progress', 'import.run_cancelled']
      expect([...heard]).toEqual(expect.arrayContaining(told))
      expect([...heard]).not.toContain('import.page_committed')
    } finally {
      unfollow()
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

describe('on a desk and in a hand, by day and by night,', () => {
  it.each([
    ['imports', '/imports'],
    ['import-run', `/imports/RUN`],
    ['import-run-wide', `/imports/WIDE`],
  ])('%s stand without a flaw', async (name, path) => {
    await beatOfWideRun()
    const address = path.replace('RUN', runId).replace('WIDE', wideId)
    const { page, complaints } = await open(address)
    await page.getByRole('status').first().waitFor()
    await page.getByText('nightly').or(page.getByText('Job execution log')).first().waitFor()
    expect(await findFlawsAnywhere(page, name)).toEqual([])
    expect(complaints).toEqual([])
  })
})
