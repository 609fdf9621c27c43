import { afterEach, expect, test } from 'vitest'
import {
  driveRun,
  hostFiles,
  prepareRun,
  type FilePort,
  type RunEnd,
} from '../../src/imports/index.ts'
import type { Clock } from '../../src/kernel/index.ts'
import { compose, type Composition } from '../../src/server/index.ts'
import { createSkippingClock } from '../support/skipping-clock.ts'
import {
  fileUsers,
  groundTruth,
  makeWorkspace,
  requestOf,
  runImport,
  type Workspace,
} from '../support/workspace.ts'

let workspace: Workspace
afterEach(() => workspace.close())

interface Gate {
  readonly reached: Promise<void>
  readonly pass: () => Promise<void>
  readonly open: () => void
}

function gate(): Gate {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  return {
    reached: reached.promise,
    pass: () => {
      reached.resolve()
      return opened.promise
    },
    open: opened.resolve,
  }
}

/** Files of a process that stands still before it writes its n-th page, or before it publishes. */
function stallingFiles(stall: Gate, at: number | 'publish'): FilePort {
  let appended = 0
  return {
    ...hostFiles,
    openSegment: async (path) => {
      const file = await hostFiles.openSegment(path)
      return {
        ...file,
        append: async (data) => {
          if (++appended === at) await stall.pass()
          await file.append(data)
        },
      }
    },
    publish: async (...args) => {
      if (at === 'publish') await stall.pass()
      await hostFiles.publish(...args)
    },
  }
}

test.each([1, 5, 'publish'] as const)(
  'a process that stood still past its lease (at %s) and wakes writes nothing more, not even to files',
  async (at) => {
    workspace = await makeWorkspace({ users: 1_000 })
    const stall = gate()
    const stalled = await compose({
      configPath: workspace.configPath,
      env: {},
      role: 'bulk',
      files: stallingFiles(stall, at),
    })
    const setup = { to: 'ndjson:out', options: { publish: 'partial' } } as const
    const request = await requestOf(stalled, workspace, setup)
    const { run, instanceId } = await prepareRun(stalled.desk, request)
    // Its heart stands still with it.
    const clock = { ...stalled.clock, schedule: () => () => {} }
    const driven = driveRun({ ...stalled.driving('contoso-graph'), clock }, run, instanceId)
    await stall.reached

    const later = createSkippingClock()
    later.skip(31_000)
    const successor = await runImport(workspace, { ...setup, clock: later })
    expect(successor.run).toMatchObject({ id: run.id, state: 'completed', verdict: 'complete' })
    const published = await fileUsers(workspace.path('out/users.ndjson'))
    expect(published).toEqual(groundTruth(workspace.simulator))

    workspace.simulator.control.setUserCount(1_010)
    const next = await runImport(workspace, setup)
    stall.open()
    expect(await driven).toEqual({
      state: 'interrupted',
      detail: 'another process took the run over',
    })
    await stalled.close()
    expect(next.run.verdict).toBe('complete')
    expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(
      groundTruth(workspace.simulator),
    )
    expect(successor.log.at(-1)?.body.type).toBe('run_completed')
  },
)

test('a process that wakes while its successor still writes does not touch its segment', async () => {
  workspace = await makeWorkspace({ users: 1_000 })
  const first = gate()
  const second = gate()
  const start = async (
    files: FilePort,
    clock: Clock = createSkippingClock(),
  ): Promise<{ readonly composition: Composition; readonly end: Promise<RunEnd> }> => {
    const composition = await compose({
      configPath: workspace.configPath,
      env: {},
      role: 'bulk',
      files,
      clock,
    })
    const request = await requestOf(composition, workspace, { to: 'ndjson:out' })
    const { run, instanceId } = await prepareRun(composition.desk, request)
    const still = { ...composition.clock, schedule: () => () => {} }
    const drive = { ...composition.driving('contoso-graph'), clock: still }
    return { composition, end: driveRun(drive, run, instanceId) }
  }
  const stalled = await start(stallingFiles(first, 4))
  await first.reached
  const later = createSkippingClock()
  later.skip(31_000)
  const successor = await start(stallingFiles(second, 3), later)
  await second.reached
  first.open()
  await stalled.end
  await stalled.composition.close()
  second.open()
  expect(await successor.end).toMatchObject({ state: 'completed', verdict: 'complete' })
  await successor.composition.close()
  expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(
    groundTruth(workspace.simulator),
  )
})
