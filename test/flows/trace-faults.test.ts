import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import type { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTraceRecorder, type TraceRecorder } from '../../src/gateway/index.ts'
import { createManualClock, systemRandom, type ManualClock } from '../../src/kernel/index.ts'
import { compose, type AnyEvent, type Composition } from '../../src/server/index.ts'
import {
  startTraceWriter,
  type TraceWriter,
  type TraceWriterOptions,
} from '../../src/server/open-traces.ts'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

const dying = new URL('../support/dying-trace-worker.ts', import.meta.url)

let workspace: Workspace
let composition: Composition
let recorder: TraceRecorder
let writer: TraceWriter
let clock: ManualClock
let dropped: number[]
let said: unknown[]

beforeEach(async () => {
  workspace = await makeWorkspace({ users: 1 })
  composition = await compose({
    configPath: workspace.configPath,
    env: { WAYS_TO_DIE: workspace.path('ways') },
    role: 'main',
  })
  clock = createManualClock()
  dropped = []
  said = []
  const emit = (event: AnyEvent): void => {
    if (event.type === 'gateway.traces_dropped') dropped.push(event.count)
  }
  composition.events.on(emit)
  recorder = createTraceRecorder({ clock, random: systemRandom, emit, capacity: 50 })
})
afterEach(async () => {
  await closed(writer.close())
  await composition.close()
  await workspace.close()
})

/** Moves time on until something has ended. */
async function closed(work: Promise<void>): Promise<void> {
  let isOver = false
  const over = work.finally(() => {
    isOver = true
  })
  await vi.waitFor(async () => {
    await clock.advance(1_000)
    expect(isOver).toBe(true)
  }, 10_000)
  await over
}

/** Starts the writer; its threads die in these ways, one after the other. */
async function start(ways: string, options: TraceWriterOptions = {}): Promise<void> {
  await writeFile(workspace.path('ways'), ways)
  writer = startTraceWriter(composition, recorder, {
    clock,
    script: dying,
    onTrouble: (trouble) => said.push('code' in trouble ? trouble.code : String(trouble.fault)),
    onRecovered: () => said.push('recovered'),
    ...options,
  })
}

/** Ends so many calls and returns the ids of their traces. */
function calls(count: number, status = 200): readonly string[] {
  const ids = Array.from({ length: count }, () => {
    const trace = recorder.begin('call')
    trace.end(status === 200 ? 'served' : 'failed', status)
    return trace.id
  })
  return ids.toSorted()
}

async function stored(): Promise<readonly string[]> {
  const traces = await composition.store.traces.listTraces({ limit: 1_000 })
  return traces.map(({ id }) => id).toSorted()
}

/** The next thread that is started. */
async function nextThread(): Promise<Worker> {
  const [thread] = (await once(process, 'worker')) as [Worker]
  return thread
}

/** Resolves when a thread has ended, however that came. */
async function ended(thread: Worker): Promise<void> {
  await new Promise<void>((resolve) => thread.once('exit', () => resolve()))
}

/** Resolves once a thread has taken the last way to die, and so runs. */
async function running(): Promise<void> {
  await vi.waitFor(
    async () => expect(await readFile(workspace.path('ways'), 'utf8')).toBe(''),
    10_000,
  )
}

describe('the thread that writes traces', () => {
  it('is started again when it died, after pauses that grow, and is told of once', async () => {
    await start('throw exit throw')
    const ids = calls(3)
    for (const pauseMs of [1_000, 1_000, 2_000]) {
      const starting = nextThread()
      await clock.advance(pauseMs - 1)
      // Nothing but the pause is waited for: no thread, and no answer of one.
      expect(clock.pending()).toBe(1)
      await clock.advance(1)
      await ended(await starting)
    }
    expect(await stored()).toEqual([])
    await clock.advance(4_000)
    await writer.flush()
    expect(await stored()).toEqual(ids)
    expect(said).toEqual(['Error: a fault of the thread', 'recovered'])
    expect(dropped).toEqual([])
  })

  it('leaves no trace twice when it died after it wrote them, but before it said so', async () => {
    await start('after-commit')
    const ids = calls(40)
    const thread = nextThread()
    await clock.advance(1_000)
    await ended(await thread)
    expect(await stored()).toEqual(ids)
    await writer.flush()
    expect(await stored()).toEqual(ids)
    expect(said).toEqual(['Error: the thread that writes traces ended with 1', 'recovered'])
  })

  it('is given up with the batch that every thread dies of; the next batch is written', async () => {
    await start('exit exit exit exit exit')
    calls(2)
    for (let death = 0; death < 4; death++) await writer.flush()
    expect(dropped).toEqual([])
    await writer.flush()
    expect(dropped).toEqual([2])
    const ids = calls(2)
    await writer.flush()
    expect(await stored()).toEqual(ids)
    expect(said).toHaveLength(2)
  })

  it('keeps no batch for ever that the store refuses as it is', async () => {
    await start('')
    const file = new Database(workspace.path('evergrant.db'))
    file.exec(
      "CREATE TRIGGER odd BEFORE INSERT ON traces WHEN new.status = 418 BEGIN SELECT raise(ABORT, 'odd'); END",
    )
    file.close()
    calls(1, 418)
    for (let attempt = 0; attempt < 5; attempt++) await writer.flush()
    const ids = calls(1)
    await writer.flush()
    expect(await stored()).toEqual(ids)
    expect(dropped).toEqual([1])
    expect(said).toEqual(['internal', 'recovered'])
  })

  it('is replaced when it says nothing for a minute', async () => {
    await start('silent')
    const ids = calls(1)
    const thread = nextThread()
    await clock.advance(1_000)
    const silent = await thread
    const gone = ended(silent)
    await running()
    await clock.advance(59_999)
    expect(silent.threadId).toBeGreaterThan(0)
    await clock.advance(1)
    await gone
    await writer.flush()
    expect(await stored()).toEqual(ids)
  })

  it('is not asked to start again once the writer has closed', async () => {
    await start('')
    await writer.close()
    calls(1)
    await writer.flush()
    expect(await stored()).toEqual([])
    expect(clock.pending()).toBe(0)
  })
})

describe('while the store is away', () => {
  it('the recorder holds what it can, drops plain successes first, and all goes on by itself', async () => {
    await start('')
    const file = new Database(workspace.path('evergrant.db'))
    const ours = file.pragma('application_id', { simple: true }) as number
    // What another program's file looks like.
    file.pragma('application_id = 1')
    const ids = calls(10)
    await clock.advance(1_000)
    const began = performance.now()
    const failures = calls(30, 502)
    calls(5_000)
    // Whoever calls waits for none of it.
    expect((performance.now() - began) / 5_030).toBeLessThan(0.2)
    expect(recorder.size).toBe(50)
    await writer.flush()
    expect(said).toEqual(['store_foreign'])
    expect(dropped).toEqual([])
    file.pragma(`application_id = ${ours}`)
    file.close()
    await writer.flush()
    await writer.flush()
    const written = await stored()
    expect(written).toHaveLength(60)
    expect(written).toEqual(expect.arrayContaining([...ids, ...failures]))
    expect(dropped).toEqual([4_980])
    expect(said).toEqual(['store_foreign', 'recovered'])
  })
})

describe('a writer that closes', () => {
  it('writes what is held, though no thread runs yet', async () => {
    await start('')
    const ids = calls(5)
    await writer.close()
    expect(await stored()).toEqual(ids)
    expect(dropped).toEqual([])
  })

  it('waits four seconds for the store and one for the thread, and counts what is lost', async () => {
    await start('silent')
    calls(60)
    const thread = nextThread()
    const closing = writer.close()
    await thread
    await running()
    await clock.advance(3_999)
    expect(dropped).toEqual([10])
    await clock.advance(1)
    await vi.waitFor(() => expect(dropped).toEqual([10, 50]))
    await clock.advance(1_000)
    await closing
    expect(clock.pending()).toBe(0)
    expect(said).toEqual([])
  })

  it('has nothing to wait for where nothing was called', async () => {
    await start('')
    await writer.close()
    expect(clock.pending()).toBe(0)
  })
})
