import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { createClient, type Client } from '../../src/client/index.ts'
import type { ScheduleRecord } from '../../src/imports/index.ts'
import { nextTick, type Jobs } from '../../src/jobs/index.ts'
import { createManualClock, newId, ownerOf } from '../../src/kernel/index.ts'
import { createImportRunner } from '../../src/server/api/import-runner.ts'
import { startServing, type Serving } from '../../src/server/index.ts'
import { openSchedules } from '../../src/server/open-schedules.ts'
import { options } from '../contract/builders.ts'
import { runCommand } from '../support/command.ts'
import { emptyDatabase, type TestDatabase } from '../support/postgres.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'
import { createSkippingClock, type SkippingClock } from '../support/skipping-clock.ts'

const hourMs = 3_600_000
let fixture: ServiceFixture
let others: Serving[] = []
let database: TestDatabase | undefined
afterEach(async () => {
  for (const other of others) await other.close(0)
  others = []
  await fixture.close()
  await database?.dispose()
  database = undefined
})

const imports = (schedule: string): string =>
  `imports:\n  people: { connection: contoso-graph, collections: [users], to: "ndjson:./out", schedule: "${schedule}" }\n  by-hand: { connection: contoso-graph, collections: [users] }\n`

async function start(schedule: string, clock: SkippingClock): Promise<void> {
  fixture = await startService({
    prepare: async ({ configPath }) => await appendFile(configPath, imports(schedule)),
    serving: { clock },
  })
}

async function startAnother(clock?: SkippingClock): Promise<Serving> {
  const other = await startServing({
    configPath: fixture.workspace.configPath,
    env: {},
    listen: { host: '127.0.0.1', port: 0 },
    keepAlive: false,
    logTo: { write: () => {} },
    ...(clock === undefined ? {} : { clock }),
  })
  others.push(other)
  return other
}

const recordOf = async (serving: Serving): Promise<ScheduleRecord | undefined> => {
  const all = await serving.composition.store.schedules.listSchedules()
  return all.find(({ name }) => name === 'people')
}
const isKnown = async (serving: Serving): Promise<void> => {
  await expect.poll(async () => await recordOf(serving)).toBeDefined()
}
const comesTo = async (
  serving: Serving,
  outcome: ScheduleRecord['outcome'],
): Promise<ScheduleRecord> => {
  await expect.poll(async () => (await recordOf(serving))?.outcome).toBe(outcome)
  return (await recordOf(serving)) as ScheduleRecord
}
const runsOf = async (serving: Serving): Promise<readonly { id: string; state: string }[]> =>
  await serving.composition.store.runs.listRuns({ name: 'people', limit: 10 })
const isDone = async (serving: Serving, id: string): Promise<void> => {
  await expect
    .poll(async () => (await serving.composition.store.runs.getRun(id))?.state, { timeout: 15_000 })
    .toBe('completed')
}
/** Moves to a second after the next two o’clock, in UTC. */
const skipToTwo = (clock: SkippingClock): void => {
  const sinceMidnight = clock.now() % (24 * hourMs)
  const two = 2 * hourMs + 1_000
  clock.skip(sinceMidnight < two ? two - sinceMidnight : two + 24 * hourMs - sinceMidnight)
}
const clientOf = async (role: 'viewer' | 'operator'): Promise<Client> =>
  createClient({ url: fixture.url, key: await fixture.addCaller(role, { role }) })

describe('a service', { timeout: 60_000 }, () => {
  it('begins an import when it is due, once, and makes up for one that it was down for', async () => {
    const clock = createSkippingClock()
    await start('0 2 * * *', clock)
    const { serving } = fixture
    await isKnown(serving)
    expect(await runsOf(serving)).toEqual([])

    skipToTwo(clock)
    await serving.schedules.wake()
    const { runId = '' } = await comesTo(serving, 'started')
    await isDone(serving, runId)
    await serving.schedules.wake()
    await serving.schedules.close()
    expect(await runsOf(serving)).toMatchObject([{ id: runId, state: 'completed' }])
    expect(fixture.log()).toContainEqual(
      expect.objectContaining({ event: 'import.schedule_started', name: 'people' }),
    )

    await serving.close(0)
    skipToTwo(clock)
    clock.skip(hourMs)
    const next = await startAnother(clock)
    await expect.poll(async () => (await runsOf(next)).length).toBe(2)
    const again = await comesTo(next, 'started')
    expect(again.runId).not.toBe(runId)
    await isDone(next, again.runId ?? '')
  })

  it('begins nothing so late that the next one is nearer, and raises an alarm', async () => {
    const clock = createSkippingClock()
    await start('0 2 * * *', clock)
    await isKnown(fixture.serving)
    await fixture.serving.close(0)
    skipToTwo(clock)
    clock.skip(13 * hourMs)
    const next = await startAnother(clock)
    await comesTo(next, 'missed')
    expect(await runsOf(next)).toEqual([])
    await next.alarms.wake()
    await next.alarms.close()
    const [alarm] = await next.composition.store.alarms.listAlarms({ limit: 1, isOpen: true })
    expect(alarm).toMatchObject({ kind: 'import_missed', subject: 'people' })
  })

  it('knows a schedule from the reload on that brings it, and another from its change on', async () => {
    const clock = createSkippingClock()
    fixture = await startService({ serving: { clock } })
    const { serving, workspace } = fixture
    await appendFile(workspace.configPath, imports('0 2 * * *'))
    await serving.reload()
    await isKnown(serving)
    const { knownSince } = (await recordOf(serving)) as ScheduleRecord
    clock.skip(60_000)
    const text = await readFile(workspace.configPath, 'utf8')
    await writeFile(workspace.configPath, text.replace('0 2 * * *', '0 3 * * *'))
    await serving.reload()
    await expect.poll(async () => (await recordOf(serving))?.cron).toBe('0 3 * * *')
    expect((await recordOf(serving))?.knownSince).toBeGreaterThan(knownSince)
    expect(await runsOf(serving)).toEqual([])
  })

  it('begins what another process took and died over before a run began', async () => {
    const clock = createSkippingClock()
    await start('0 2 * * *', clock)
    const { serving } = fixture
    await isKnown(serving)
    skipToTwo(clock)
    const dueAt = clock.now() - 1_000
    const { schedules } = serving.composition.store
    expect(await schedules.claimDue('people', '0 2 * * *', dueAt, clock.now())).toBe(true)
    await serving.schedules.wake()
    clock.skip(61_000)
    await serving.schedules.wake()
    const { handledAt, runId = '' } = await comesTo(serving, 'started')
    expect(handledAt).toBe(dueAt)
    await isDone(serving, runId)
    await serving.schedules.close()
    expect(await runsOf(serving)).toHaveLength(1)
  })

  it('leaves an instant out while a run is going', async () => {
    const clock = createSkippingClock()
    await start('0 2 * * *', clock)
    const { serving } = fixture
    const { store, identity } = serving.composition
    await isKnown(serving)
    skipToTwo(clock)
    const now = clock.now()
    const owner = ownerOf(identity, newId('ins', now))
    await store.runs.createRun({ id: newId('run', now), name: 'people', options, owner }, now)
    await serving.schedules.wake()
    await comesTo(serving, 'skipped')
    expect(await runsOf(serving)).toHaveLength(1)
  })

  it('begins nothing while paused, and nothing that was due meanwhile', async () => {
    const clock = createSkippingClock()
    await start('0 2 * * *', clock)
    const { serving, workspace } = fixture
    const viewer = await clientOf('viewer')
    const refused = viewer.imports.pause({ name: 'people' })
    await expect(refused).rejects.toMatchObject({ code: 'role_missing' })
    const operator = await clientOf('operator')
    await expect(operator.imports.pause({ name: 'nobody' })).rejects.toMatchObject({
      code: 'import_undefined',
    })
    await expect(operator.imports.pause({ name: 'by-hand' })).rejects.toMatchObject({
      code: 'schedule_missing',
    })

    const paused = await operator.imports.pause({ name: 'people' })
    expect(paused).toMatchObject({ paused: true, paused_by: 'operator', next_due_at: null })
    expect(await operator.imports.pause({ name: 'people' })).toEqual(paused)
    skipToTwo(clock)
    await serving.schedules.wake()
    const resumed = await operator.imports.unpause({ name: 'people' })
    expect(resumed).toMatchObject({ paused: false, last_due: null, last_run: null })
    expect(Date.parse(String(resumed.next_due_at))).toBeGreaterThan(clock.now())
    await serving.schedules.wake()
    await serving.schedules.close()
    expect(await runsOf(serving)).toEqual([])
    const { items } = await viewer.imports.configured()
    expect(items).toMatchObject([
      { name: 'by-hand', schedule: null, next_due_at: null },
      { name: 'people', schedule: '0 2 * * *', to: expect.stringMatching(/^ndjson:\//) as string },
    ])

    const cwd = workspace.folder
    const told = await runCommand(['imports', 'schedule', 'pause', 'people', '--json'], { cwd })
    expect(told.json()).toMatchObject({ paused: true, paused_by: 'command line' })
    const listed = await runCommand(['imports', 'schedule'], { cwd })
    expect(listed.out).toMatch(/^NAME +SCHEDULE +NEXT DUE +LAST OUTCOME +LAST RUN +STATE$/m)
    expect(listed.out).toMatch(/people +0 2 \* \* \* +paused/)
    const again = await runCommand(['imports', 'schedule', 'resume', 'people'], { cwd })
    expect(again).toMatchObject({ exit: 0 })
    const done = await runCommand(['audit', 'list', '--target', 'people', '--json'], { cwd })
    const entries = done.json() as readonly Record<'action' | 'actor_kind' | 'outcome', string>[]
    expect(
      entries.map(({ action, actor_kind: by, outcome }) => `${action} ${by} ${outcome}`).toSorted(),
    ).toEqual([
      'imports.pause command done',
      'imports.pause key done',
      'imports.pause key done',
      'imports.pause key refused',
      'imports.unpause command done',
      'imports.unpause key done',
    ])
    const unknown = await runCommand(['imports', 'schedule', 'resume', 'nobody'], { cwd })
    expect(unknown).toMatchObject({ exit: 2 })
  })
})

describe('a service that another one takes every wake-up from', { timeout: 60_000 }, () => {
  it('begins what is due all the same', async () => {
    await start('0 2 * * *', createSkippingClock())
    const { composition, schedules } = fixture.serving
    await schedules.close()
    const atTwo = nextTick('0 2 * * *', Date.now()) ?? 0
    const clock = createManualClock(atTwo - 60_000)
    const deaf: Jobs = {
      add: async () => {},
      wake: async () => {},
      leave: async () => {},
      stop: async () => {},
    }
    const runner = createImportRunner(composition)
    // Tickers sleep fractions of milliseconds, which the host's clock does not tell.
    const whole = { ...clock, now: () => Math.floor(clock.now()) }
    const alone = await openSchedules({ ...composition, clock: whole }, deaf, runner, () => true)
    try {
      await clock.advance(59_000)
      expect(await runsOf(fixture.serving)).toEqual([])
      await expect
        .poll(async () => {
          await clock.advance(10_000)
          return (await recordOf(fixture.serving))?.outcome
        })
        .toBe('started')
      const { runId = '' } = await comesTo(fixture.serving, 'started')
      await isDone(fixture.serving, runId)
    } finally {
      await alone.close()
      await runner.close()
    }
  })
})

describe('two services on one PostgreSQL', { timeout: 120_000 }, () => {
  it('begin what is due once each, though more is due at the same time', async () => {
    database = await emptyDatabase()
    fixture = await startService({
      workspace: { database },
      prepare: async ({ folder }) => {
        await runCommand(['migrate'], { cwd: folder })
      },
    })
    // As if a service had run until ten minutes ago; this one knows of no schedule.
    const { store, clock } = fixture.serving.composition
    const at = new Date(clock.now() - 120_000)
    const cron = `${at.getUTCMinutes()} ${at.getUTCHours()} * * *`
    for (const name of ['people', 'more']) {
      await store.schedules.knowSchedule(name, cron, clock.now() - 600_000)
    }
    const more = `  more: { connection: contoso-graph, collections: [users], to: "csv:./more", schedule: "${cron}" }\n`
    await appendFile(fixture.workspace.configPath, imports(cron) + more)
    const [second, third] = await Promise.all([startAnother(), startAnother()])
    await expect
      .poll(async () => (await store.schedules.listSchedules()).map(({ outcome }) => outcome), {
        timeout: 20_000,
      })
      .toEqual(['started', 'started'])
    for (const { runId = '' } of await store.schedules.listSchedules()) {
      await isDone(fixture.serving, runId)
    }
    await Promise.all([second, third].map(async ({ schedules }) => await schedules.close()))
    const runs = await store.runs.listRuns({ limit: 10 })
    expect(runs.map(({ name }) => name).toSorted()).toEqual(['more', 'people'])
  })
})
