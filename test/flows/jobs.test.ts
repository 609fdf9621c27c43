import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createBossJobs,
  type BossJobsOptions,
  type Job,
  type JobEvent,
  type Jobs,
} from '../../src/jobs/index.ts'
import { Secret, systemClock } from '../../src/kernel/index.ts'
import { emptyDatabase, type TestDatabase } from '../support/postgres.ts'

let database: TestDatabase
const nodes: Jobs[] = []

beforeEach(async () => {
  database = await emptyDatabase()
})
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()))
  await database.dispose()
})

async function startNode(more: Partial<BossJobsOptions> = {}): Promise<Jobs> {
  const node = await createBossJobs({
    url: database.url,
    password: database.password,
    clock: systemClock,
    random: (length) => new Uint8Array(length),
    lookMs: 1_000,
    ...more,
  })
  nodes.push(node)
  return node
}

/** A job that notes its runs, and whoever waits for them. */
function counting(work: Job['runDue'] = () => Promise.resolve({ more: false })): Job & {
  readonly runs: { readonly at: number }[]
  readonly atOnce: () => number
  run(count: number): Promise<void>
} {
  const runs: { at: number }[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  let running = 0
  let most = 0
  return {
    name: 'sweep',
    runs,
    atOnce: () => most,
    run: (count) =>
      new Promise((resolve) => {
        if (runs.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    runDue: async (options) => {
      runs.push({ at: Date.now() })
      most = Math.max(most, ++running)
      for (const { count, resolve } of waiting) if (runs.length >= count) resolve()
      try {
        return await work(options)
      } finally {
        running--
      }
    },
  }
}

const hour = 3_600_000

describe('a queue that cannot be used', () => {
  it('is refused when the user may not make its schema, and taken once it is there', async () => {
    const user = `clerk_${crypto.randomUUID().slice(0, 8)}`
    await database.query(`CREATE ROLE ${user} LOGIN PASSWORD '${database.password().reveal()}'`)
    const url = database.url.replace('postgres@', `${user}@`)
    const refused = startNode({ url })
    await expect(refused).rejects.toMatchObject({ code: 'jobs_schema_forbidden' })
    await expect(refused).rejects.toThrow(`user "${user}" may not make or use schema`)
    await database.query(`CREATE SCHEMA evergrant_jobs AUTHORIZATION ${user}`)
    const job = counting()
    const node = await startNode({ url })
    await node.add(job, { everyMs: hour })
    await job.run(1)
    expect(job.runs).toHaveLength(1)
  })

  it('is refused when nothing listens there, or the password is wrong, which is never shown', async () => {
    const nowhere = startNode({ url: 'postgres://postgres@127.0.0.1:1/none' })
    await expect(nowhere).rejects.toMatchObject({ code: 'store_unavailable' })
    const wrong = await startNode({ password: () => new Secret('planted-wrong') }).catch(
      (error: unknown) => error as Error,
    )
    expect(wrong).toMatchObject({ code: 'store_unavailable' })
    expect(inspect(wrong, { depth: 20, showHidden: true })).not.toContain('planted')
  })
})

describe('two nodes on one database', () => {
  it('start at once, and run each tick once', async () => {
    const [first, second] = await Promise.all([startNode(), startNode()])
    const job = counting()
    await Promise.all([first, second].map((node) => node.add(job, { everyMs: 1_000 })))
    await job.run(3)
    const seconds = job.runs.map(({ at }) => Math.floor(at / 1_000))
    const whole = (seconds.at(-1) ?? 0) - (seconds[0] ?? 0) + 1
    expect(job.runs.length).toBeLessThanOrEqual(whole + 1)
    expect(job.atOnce()).toBe(1)
  })

  it('run a job one at a time however often it is woken, and no wake-up is lost', async () => {
    const [first, second] = [await startNode(), await startNode()]
    const gate = Promise.withResolvers<void>()
    const job = counting(async () => {
      await gate.promise
      return { more: false }
    })
    for (const node of [first, second]) await node.add(job, { everyMs: hour })
    await job.run(1)
    await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? first : second).wake('sweep')))
    const waiting = await database.query(
      "SELECT state FROM evergrant_jobs.job WHERE name = 'sweep'",
    )
    expect(new Set(waiting.map(({ state }) => state))).toEqual(new Set(['active', 'created']))
    expect(waiting).toHaveLength(2)
    gate.resolve()
    await job.run(2)
    expect(job.atOnce()).toBe(1)
  })

  it('go on when one of them stops', async () => {
    const [first, second] = [await startNode(), await startNode()]
    const theirs = counting()
    const ours = counting()
    await first.add(theirs, { everyMs: 1_000 })
    await second.add(ours, { everyMs: 1_000 })
    await first.stop()
    const { length } = ours.runs
    await ours.run(length + 2)
    expect(ours.runs.length).toBeGreaterThan(length)
  })

  it('hand on what a stopping node leaves undone', async () => {
    const [first, second] = [await startNode(), await startNode()]
    const leaving = counting(
      ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ more: true }))
        }),
    )
    await first.add(leaving, { everyMs: hour })
    await leaving.run(1)
    const taking = counting()
    await second.add(taking, { everyMs: hour })
    await first.stop()
    await taking.run(1)
    expect(taking.runs).toHaveLength(1)
  })

  it('go on with a job that one of them left, and lose no wake-up of what anyone may do', async () => {
    const [first, second] = [await startNode(), await startNode()]
    let left = 3
    const work: Job['runDue'] = () => Promise.resolve({ more: --left > 0 ? 'anywhere' : false })
    const theirs = counting(work)
    const ours = counting(work)
    await first.add(theirs, { everyMs: hour })
    await second.add(ours, { everyMs: hour })
    await expect.poll(() => left, { timeout: 15_000 }).toBeLessThanOrEqual(0)
    await first.leave('sweep')
    await first.leave('sweep')
    const before = { theirs: theirs.runs.length, ours: ours.runs.length }
    await second.wake('sweep')
    await ours.run(before.ours + 1)
    expect(theirs.runs).toHaveLength(before.theirs)
  })

  it('take over the wake-up of a node that died', async () => {
    const first = await startNode()
    const dead = counting(
      ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ more: false }))
        }),
    )
    await first.add(dead, { everyMs: hour })
    await dead.run(1)
    const taking = counting()
    const second = await startNode()
    await second.add(taking, { everyMs: hour })
    // Instead of waiting for the heartbeats of a dead process to grow old.
    await database.query("UPDATE evergrant_jobs.job SET heartbeat_on = now() - interval '1 minute'")
    await taking.run(1)
    expect(taking.runs).toHaveLength(1)
  })
})

describe('a job that fails', () => {
  it('is tried again, and leaves neither secret nor words in the database', async () => {
    const events: JobEvent[] = []
    const node = await startNode({ emit: (event) => events.push(event) })
    let failures = 1
    const job = counting(() =>
      failures-- > 0
        ? Promise.reject(new Error('planted-secret in the words'))
        : Promise.resolve({ more: false }),
    )
    await node.add(job, { everyMs: hour })
    await job.run(1)
    await node.wake('sweep')
    await job.run(2)
    expect(events[0]).toMatchObject({ type: 'job.failed', code: 'internal', attempt: 1 })
    const rows = await database.query('SELECT * FROM evergrant_jobs.job')
    expect(JSON.stringify(rows)).not.toContain('planted')
    expect(rows.length).toBeGreaterThan(0)
  })
})
