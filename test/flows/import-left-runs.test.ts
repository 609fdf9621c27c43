import { rm } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  driveRun,
  handOnRun,
  prepareRun,
  takeOverRuns,
  withTrueState,
  type ImportEvent,
  type PreparedRun,
  type RunDesk,
  type RunRecord,
  type TakeOverContext,
} from '../../src/imports/index.ts'
import { EvergrantError, newId } from '../../src/kernel/index.ts'
import { compose, type Composition } from '../../src/server/index.ts'
import { createSkippingClock, type SkippingClock } from '../support/skipping-clock.ts'
import { makeWorkspace, requestOf, type Workspace } from '../support/workspace.ts'

let workspace: Workspace
let composition: Composition
let clock: SkippingClock
let events: ImportEvent[]
let taken: PreparedRun[]
const declined: TakeOverContext['declined'] = new Map()

beforeEach(async () => {
  workspace = await makeWorkspace({ users: 250 })
  clock = createSkippingClock()
  const { configPath } = workspace
  composition = await compose({ configPath, env: {}, role: 'bulk', driver: 'service', clock })
  events = []
  taken = []
  declined.clear()
})
afterEach(async () => {
  await composition.close()
  await workspace.close()
})

/** Begins a run that nobody drives yet; it reads one page first when asked to. */
async function begin(
  to: string,
  { pages = 0, desk = composition.desk }: { readonly pages?: number; readonly desk?: RunDesk } = {},
): Promise<PreparedRun> {
  const prepared = await prepareRun(desk, await requestOf(composition, workspace, { to }))
  if (pages > 0) {
    // Stopped after its first page as a dead process stops: without a word.
    const drive = composition.driving('contoso-graph')
    const { store } = drive
    let committed = 0
    const dying = {
      ...store,
      commitPage: async (...args: Parameters<typeof store.commitPage>) => {
        const outcome = await store.commitPage(...args)
        if (++committed >= pages) throw new Error('died')
        return outcome
      },
      updateRun: async (...args: Parameters<typeof store.updateRun>) => {
        if (committed >= pages) throw new Error('died')
        await store.updateRun(...args)
      },
    }
    await driveRun({ ...drive, store: dying }, prepared.run, prepared.instanceId).catch(() => {})
  }
  return prepared
}
const look = async (desk: RunDesk = composition.desk): Promise<void> =>
  await takeOverRuns({
    desk,
    emit: (event) => void events.push(event),
    start: (prepared) => void taken.push(prepared),
    declined,
  })
const die = (): void => clock.skip(31_000)
const runOf = async ({ run }: PreparedRun): Promise<RunRecord> => {
  const stored = await composition.store.runs.getRun(run.id)
  if (stored === undefined) throw new Error('the run vanished')
  return stored
}
const linesOf = async ({ run }: PreparedRun): Promise<readonly string[]> =>
  (await composition.store.runs.readLog(run.id, 0, 100)).map(({ body }) => body.type)

describe('a run is left alone', () => {
  it('while it is driven, however often someone looks', async () => {
    await begin('store')
    clock.skip(20_000)
    await look()
    expect(taken).toEqual([])
  })

  it('when a command began it: whoever typed it decides', async () => {
    await begin('store', { desk: { ...composition.desk, driver: 'command' } })
    die()
    await look()
    expect(taken).toEqual([])
  })

  it('when it was asked to stop or to cancel, and ends as it was asked to', async () => {
    const { store } = composition
    const stopped = await begin('store')
    await store.runs.requestOf(stopped.run.id, 'stop', clock.now())
    die()
    await look()
    const state = { state: 'interrupted', reason: 'stopped by the operator' }
    expect(await runOf(stopped)).toMatchObject(state)
    await look()
    expect((await runOf(stopped)).owner).toBeUndefined()

    const cancelled = await begin('store')
    await store.runs.requestOf(cancelled.run.id, 'cancel', clock.now())
    die()
    await look()
    expect(await runOf(cancelled)).toMatchObject({ state: 'cancelled' })
    expect(taken).toEqual([])
  })

  it('when what it wrote stands on a disk that cannot be seen from here', async () => {
    const { run } = await begin('ndjson:out', { pages: 1 })
    await rm(workspace.path(`out/.evergrant-${run.id}`), { recursive: true })
    die()
    await look()
    await look()
    expect(taken).toEqual([])
    expect(events.map(({ type }) => type)).toEqual(['import.run_not_taken_over'])
    expect(events).toMatchObject([
      { runId: run.id, body: { detail: expect.stringContaining('cannot be seen') as string } },
    ])
  })

  it('when it hashes with a key that this service has not, for one that has it', async () => {
    const request = await requestOf(composition, workspace, { to: 'store' })
    const policy = { dropped: [], hashed: ['mail'], keyPrint: 'of-another-key' }
    const { desk } = composition
    const left = await prepareRun(desk, { ...request, options: { ...request.options, policy } })
    die()
    await look()
    expect(taken).toEqual([])
    const { owner } = await runOf(left)
    expect(owner).toMatchObject({ instanceId: left.instanceId, driver: 'service' })
  })

  it('and is said why: once, until something else is why', async () => {
    const request = await requestOf(composition, workspace, { to: 'store' })
    const policy = { dropped: [], hashed: ['mail'], keyPrint: 'of-another-key' }
    const options = { ...request.options, policy }
    const left = await prepareRun(composition.desk, { ...request, options })
    const ticket = clock.now()
    for (let looks = 0; looks < 3; looks++) {
      die()
      clock.skip(61_000)
      await look()
    }
    expect(await linesOf(left)).toEqual(['run_not_taken_over'])
    expect(events).toMatchObject([{ type: 'import.run_not_taken_over', runId: left.run.id }])
    const stored = await runOf(left)
    expect(stored.heartbeatAt).toBeLessThanOrEqual(ticket)
    const shown = withTrueState(stored, composition.identity, clock.now())
    expect(shown).toMatchObject({ state: 'interrupted' })
    expect(shown.reason).toMatch(/process \d+ .*cannot go on with it: .*key/)
    clock.skip(61_000)
    const columnKey = async (): Promise<never> => {
      throw new EvergrantError('secret_unavailable', 'KEY is not set')
    }
    await look({ ...composition.desk, columnKey })
    expect((await runOf(left)).reason).toContain('KEY is not set')
    expect(taken).toEqual([])

    // Its own service had only stood still.
    await composition.store.runs.heartbeat(left.run.id, left.instanceId, clock.now())
    const again = withTrueState(await runOf(left), composition.identity, clock.now())
    expect(again.state).toBe('running')
    expect(again).not.toHaveProperty('reason')
  })

  it('and is said why once also when the store was away in between, or the reasons take turns', async () => {
    const request = await requestOf(composition, workspace, { to: 'store' })
    const policy = { dropped: [], hashed: ['mail'], keyPrint: 'of-another-key' }
    const options = { ...request.options, policy }
    const left = await prepareRun(composition.desk, { ...request, options })
    const lookWhere = async (fault?: EvergrantError): Promise<void> => {
      clock.skip(61_000)
      if (fault === undefined) return await look()
      const columnKey = async (): Promise<never> => {
        throw fault
      }
      await look({ ...composition.desk, columnKey })
    }
    const unset = new EvergrantError('secret_unavailable', 'KEY is not set')
    const away = new EvergrantError('store_unavailable', 'the store does not answer')
    for (const fault of [undefined, away, undefined, unset, undefined, unset]) {
      await lookWhere(fault)
    }
    expect(events.map(({ type }) => type)).toEqual([
      'import.run_not_taken_over',
      'import.run_not_taken_over',
    ])
    expect(await linesOf(left)).toEqual(['run_not_taken_over', 'run_not_taken_over'])
    // The run's own word is the newest, however often it was said.
    await lookWhere()
    expect((await runOf(left)).reason).toMatch(/cannot go on with it: .*but there is none now/)
    expect(events).toHaveLength(2)
  })

  it('when its connection leads elsewhere by now, and is tried again after a minute', async () => {
    const left = await begin('store')
    let asked = 0
    const desk: RunDesk = {
      ...composition.desk,
      sourceOf: async () => {
        asked++
        return { tenantId: 'another', graphUrl: left.run.options.graphUrl }
      },
    }
    const lookFrom = async (): Promise<void> =>
      await takeOverRuns({ desk, emit: () => {}, start: (one) => void taken.push(one), declined })
    die()
    await lookFrom()
    await lookFrom()
    expect(asked).toBe(1)
    clock.skip(61_000)
    await lookFrom()
    expect(asked).toBe(2)
    expect(taken).toEqual([])
  })
})

describe('a run that its service left', () => {
  it('is taken over by one of many that look at once', async () => {
    const left = await begin('store')
    die()
    await Promise.all([look(), look(), look()])
    expect(taken.map(({ run }) => run.id)).toEqual([left.run.id])
    expect(await runOf(left)).toMatchObject({
      state: 'running',
      owner: { driver: 'service', takenOver: { times: 1, pages: 0 } },
    })
    expect(await linesOf(left)).toEqual(['run_taken_over'])
    expect(events).toMatchObject([{ type: 'import.run_taken_over', body: { times: 1 } }])
  })

  it('is taken over at once when the service handed it on', async () => {
    const left = await begin('store')
    await handOnRun(composition.desk, left, 'the service that drove it ended')
    await expect(
      handOnRun(composition.desk, { ...left, instanceId: newId('ins', 1) }, 'x'),
    ).rejects.toMatchObject({ code: 'import_interrupted' })
    await look()
    expect(taken).toHaveLength(1)
  })

  it('is not held against it that services stop in order, but that its workers die', async () => {
    let left = await begin('store')
    const stopped = 'the service that drove it ended'
    for (let times = 1; times <= 5; times++) {
      await handOnRun(composition.desk, left, stopped)
      await look()
      left = taken.at(-1) as PreparedRun
    }
    expect(taken).toHaveLength(5)
    expect((await runOf(left)).owner?.takenOver).toEqual({ times: 0, pages: 0 })
    for (let times = 1; times <= 4; times++) {
      const fault = new EvergrantError('internal', 'its worker ended without a word')
      await handOnRun(composition.desk, left, fault.detail, fault)
      die()
      await look()
      left = taken.at(-1) as PreparedRun
    }
    expect(taken).toHaveLength(8)
    expect((await linesOf(left)).at(-1)).toBe('run_given_up')
  })

  it('is given up when three services in a row end before a page of it', async () => {
    const left = await begin('store')
    for (let times = 1; times <= 4; times++) {
      die()
      await look()
    }
    expect(taken).toHaveLength(3)
    const given = await runOf(left)
    expect(given).toMatchObject({ state: 'interrupted', verdict: 'incomplete' })
    expect(given.reason).toContain('3 services in a row')
    expect(given.problem?.code).toBe('import_given_up')
    expect(given.problem?.remedy).toContain(`evergrant imports resume ${left.run.id}`)
    expect(given.owner).toBeUndefined()
    expect((await linesOf(left)).at(-1)).toBe('run_given_up')
    expect(events.at(-1)).toMatchObject({ type: 'import.run_given_up', level: 'error' })
    die()
    await look()
    expect(taken).toHaveLength(3)
  })

  it('is taken over as often as it takes while pages are committed in between', async () => {
    const left = await begin('ndjson:out', { pages: 1 })
    for (let times = 1; times <= 5; times++) {
      die()
      await look()
      const { totals } = await runOf(left)
      const prepared = taken.at(-1)
      await composition.store.runs.updateRun(
        left.run.id,
        prepared?.instanceId ?? '',
        { totals: { ...totals, pages: totals.pages + 1 } },
        [],
        clock.now(),
      )
    }
    expect(taken).toHaveLength(5)
  })
})
