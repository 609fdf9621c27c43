import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createRunControl } from '../../src/imports/index.ts'
import type { FaultEffect } from '../../src/simulator/index.ts'
import { createSkippingClock } from '../support/skipping-clock.ts'
import {
  atPage,
  fileUsers,
  groundTruth,
  makeWorkspace,
  runImport,
  storedUsers,
  type Workspace,
  type WorkspaceOptions,
} from '../support/workspace.ts'

let workspace: Workspace
const open = async (options: WorkspaceOptions = {}): Promise<Workspace> => {
  workspace = await makeWorkspace(options)
  return workspace
}
afterEach(() => workspace.close())

describe('what passes is waited out, and no row is lost or doubled', () => {
  const passing: readonly (readonly [string, FaultEffect])[] = [
    ['429 with Retry-After', { kind: 'status', status: 429, retryAfter: 7, penalty: true }],
    ['429 without Retry-After', { kind: 'status', status: 429 }],
    [
      '429 with a date',
      { kind: 'status', status: 429, retryAfter: new Date(Date.now() + 9_000).toUTCString() },
    ],
    ['429 as plain text', { kind: 'text429', retryAfter: 3 }],
    ['500', { kind: 'status', status: 500 }],
    ['502', { kind: 'status', status: 502 }],
    ['503', { kind: 'status', status: 503 }],
    ['504', { kind: 'status', status: 504 }],
    ['a reset', { kind: 'reset' }],
    ['a chunked body cut short', { kind: 'truncate', framing: 'chunked' }],
    ['a body of known length cut short', { kind: 'truncate', framing: 'full_length' }],
    ['content cut short in good framing', { kind: 'truncate', framing: 'cut_length' }],
    ['a sign-in page in place of JSON', { kind: 'html' }],
    ['garbage in place of JSON', { kind: 'garbage' }],
    ['an error object under status 200', { kind: 'ok_with_error_body' }],
    ['a slow body', { kind: 'slow', ms: 200 }],
    ['an empty page', { kind: 'empty_page' }],
  ]
  test.each(passing)('%s', async (_what, effect) => {
    const clock = createSkippingClock()
    const { simulator } = await open({ users: 1_000, clock })
    const fault = simulator.control.addFault({ match: { kind: 'users', nth: 4 }, effect })
    const { run } = await runImport(workspace, { clock, to: 'ndjson:out' })
    expect(fault.state().applied).toBe(1)
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    expect(run.totals.rows).toBe(1_000)
    expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(groundTruth(simulator))
  })

  test('a Retry-After is honoured to the second: calling earlier would restart the penalty', async () => {
    const clock = createSkippingClock()
    const { simulator } = await open({ users: 500, clock })
    const effect = { kind: 'status', status: 429, retryAfter: 120, penalty: true } as const
    simulator.control.addFault({ match: { kind: 'users', nth: 2 }, effect })
    const { run, lines } = await runImport(workspace, { clock })
    expect(run.totals.retries).toBe(1)
    expect(lines('request_retried')[0]).toMatchObject({ waitMs: 120_000, page: 2, attempt: 1 })
    expect(lines('waiting_ended')[0]?.waitedMs).toBeGreaterThanOrEqual(120_000)
  })

  test.each(['0', '-5', 'Sun, 06 Nov 1994 08:49:37 GMT', '1e3'])(
    'a Retry-After of %j is no leave to hammer: waits grow as without one',
    async (retryAfter) => {
      const clock = createSkippingClock()
      const { simulator } = await open({ users: 300, clock })
      const effect = { kind: 'status', status: 503, retryAfter } as const
      simulator.control.addFault({ match: { kind: 'users', nth: 2, times: 8 }, effect })
      const { run, lines } = await runImport(workspace, { clock })
      expect(run).toMatchObject({ verdict: 'complete', totals: { retries: 8 } })
      expect(lines('request_retried').at(-1)?.waitMs).toBeGreaterThanOrEqual(30_000)
    },
  )

  test('resource units are throttled by the tenant for real, and the run completes', async () => {
    const clock = createSkippingClock()
    const throttle = { size: 'S' } as const
    const { simulator } = await open({ users: 3_000, clock, throttle })
    const { run } = await runImport(workspace, { clock, options: { pageSize: 5 } })
    expect(run.verdict).toBe('complete')
    expect(await storedUsers(workspace)).toEqual(groundTruth(simulator))
  })

  test('a throttle that holds is lived with: few refusals, nothing missing', async () => {
    const clock = createSkippingClock()
    const throttle = { burstUnits: 60, unitsPerSecond: 1 }
    const { simulator } = await open({ users: 10_000, clock, throttle })
    const { run, lines } = await runImport(workspace, {
      clock,
      to: 'ndjson:out',
      options: { pageSize: 100 },
    })
    expect(run).toMatchObject({ verdict: 'complete', totals: { rows: 10_000 } })
    expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(groundTruth(simulator))
    const { pausedMs, throttled, units } = run.totals
    expect(lines('pace_lowered')[0]).toMatchObject({ cause: 'throttled', slots: 1 })
    expect(throttled).toBeGreaterThan(0)
    expect(throttled).toBeLessThan(50)
    expect(pausedMs).toBeGreaterThan(0)
    expect(units).toBeGreaterThanOrEqual(101)
  })

  test('an outage of ten minutes does not end the job; its state says that it waits, and for what', async () => {
    const clock = createSkippingClock()
    const { simulator } = await open({ users: 1_000, clock, tokenLifetimeSeconds: 300 })
    atPage(simulator, 3, () => simulator.control.outage(600_000, 'refused'))
    const seen = new Set<string>()
    const { run, lines } = await runImport(workspace, {
      clock,
      before: (composition) => {
        composition.events.on((event) => {
          if (event.type !== 'import.request_retried' || !('runId' in event)) return
          void composition.store.runs
            .getRun(event.runId)
            .then((now) => seen.add(`${now?.state}: ${now?.reason ?? ''}`))
        })
      },
    })
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    expect([...seen].filter((state) => state.startsWith('waiting: '))).not.toEqual([])
    expect(lines('waiting_started')).toHaveLength(1)
    expect(lines('waiting_ended')[0]?.waitedMs).toBeGreaterThanOrEqual(590_000)
    expect(await storedUsers(workspace)).toEqual(groundTruth(simulator))
  })

  test('an outage of more than an hour ends the session, not the job: it can be resumed', async () => {
    const clock = createSkippingClock()
    const { simulator } = await open({ users: 1_000, clock })
    atPage(simulator, 3, () => simulator.control.outage(true))
    const first = await runImport(workspace, { clock })
    expect(first.run).toMatchObject({
      state: 'interrupted',
      problem: { code: 'graph_unavailable' },
    })
    simulator.control.outage(false)
    const second = await runImport(workspace, { clock })
    expect(second.run).toMatchObject({ id: first.run.id, state: 'completed', verdict: 'complete' })
    expect(await storedUsers(workspace)).toEqual(groundTruth(simulator))
  })
})

describe('cursors that perish or lead astray', () => {
  test('an expired page token restarts the walk; no row is doubled', async () => {
    const { simulator } = await open({ users: 1_000 })
    atPage(simulator, 4, () => simulator.control.expirePageTokens())
    const { run, lines } = await runImport(workspace, { to: 'ndjson:out' })
    expect(run.verdict).toBe('complete')
    expect(lines('walk_restarted')).toHaveLength(1)
    expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(groundTruth(simulator))
  })

  test('page tokens that always expire end in a named outcome, not in a loop', async () => {
    const { simulator } = await open({ users: 1_000 })
    const effect = {
      kind: 'status',
      status: 400,
      code: 'Directory_ExpiredPageToken',
      message: 'The specified page token value has expired.',
    } as const
    simulator.control.addFault({ match: { path: /skiptoken/, times: 1_000 }, effect })
    const { run } = await runImport(workspace)
    expect(run).toMatchObject({
      state: 'interrupted',
      verdict: 'incomplete',
      problem: { code: 'walk_restarts_exhausted' },
    })
    simulator.control.clearFaults()
    simulator.control.expirePageTokens()
    const second = await runImport(workspace)
    expect(second.run).toMatchObject({ id: run.id, state: 'completed', verdict: 'complete' })
  })

  test('a link to another host never gets the token', async () => {
    const { simulator } = await open({ users: 1_000 })
    const effect = { kind: 'foreign_next_link', origin: 'http://127.0.0.2:9' } as const
    simulator.control.addFault({ match: { kind: 'users', nth: 3 }, effect })
    const { run } = await runImport(workspace)
    expect(run.problem).toMatchObject({
      code: 'next_link_foreign',
      detail: expect.stringContaining('http://127.0.0.2:9') as string,
    })
  })

  test.each([
    ['repeat_next_link', 'next_link_repeated'],
    ['endless_empty', 'pages_endless'],
  ] as const)('%s ends as %s', async (kind, code) => {
    const { simulator } = await open({ users: 1_000 })
    simulator.control.addFault({ match: { kind: 'users', nth: 3 }, effect: { kind } })
    const { run } = await runImport(workspace)
    expect(run).toMatchObject({ verdict: 'incomplete', problem: { code } })
  })
})

describe('refusals that only a person mends', () => {
  test('a missing permission is named before anything is written', async () => {
    await open({ users: 10, permissions: [] })
    const { run } = await runImport(workspace)
    expect(run).toMatchObject({ state: 'failed', problem: { code: 'graph_permission_missing' } })
    expect(run.problem?.remedy).toContain('User.Read.All')
  })

  test('a permission lost on the way interrupts; granted again, the same command goes on', async () => {
    const { simulator } = await open({ users: 1_000 })
    const effect = {
      kind: 'status',
      status: 403,
      code: 'Authorization_RequestDenied',
      message: 'Insufficient privileges to complete the operation.',
    } as const
    simulator.control.addFault({ match: { kind: 'users', nth: 5 }, effect })
    const first = await runImport(workspace)
    expect(first.run).toMatchObject({
      state: 'interrupted',
      problem: { code: 'graph_permission_missing' },
    })
    const second = await runImport(workspace)
    expect(second.run).toMatchObject({ id: first.run.id, verdict: 'complete' })
    expect(second.run.totals.pages).toBe(10)
  })

  test('a filter Graph does not know ends with Graph’s own words', async () => {
    await open({ users: 10 })
    const { run } = await runImport(workspace, { options: { filter: 'displayName similarTo 5' } })
    expect(run).toMatchObject({ state: 'failed', problem: { code: 'graph_request_rejected' } })
  })
})

describe('a column that Graph does not give', () => {
  test('since there is none of that name ends the run before a row is read', async () => {
    await open({ users: 250 })
    const { run } = await runImport(workspace, {
      options: { columns: { users: ['id', 'displayName', 'noSuchProperty', 'mail'] } },
    })
    expect(run).toMatchObject({
      state: 'failed',
      totals: { rows: 0 },
      problem: {
        code: 'graph_request_rejected',
        remedy: expect.stringContaining('noSuchProperty') as string,
      },
    })
  })

  test.each([
    ['signInActivity', 'graph_property_forbidden', 'AuditLog.Read.All'],
    ['aboutMe', 'graph_property_unsupported', 'one user at a time'],
  ])(
    'such as %s is left out, the rest is read, and log and verdict say so',
    async (column, code, remedy) => {
      const { simulator } = await open({ users: 250 })
      const { lines, run } = await runImport(workspace, {
        options: { columns: { users: ['id', 'displayName', column, 'mail'] } },
      })
      expect(run).toMatchObject({ state: 'completed', verdict: 'complete', totals: { rows: 250 } })
      expect(run.reason).toContain(`without ${column}, which Graph refused`)
      const dropped = lines('column_dropped')
      expect(dropped).toMatchObject([{ collection: 'users', column, code }])
      expect(dropped[0]?.remedy).toContain(remedy)
      expect(await storedUsers(workspace)).toEqual(
        groundTruth(simulator, ['id', 'displayName', 'mail']),
      )
    },
  )

  test('is left out with others, and stays a column of the table, empty', async () => {
    await open({ users: 150 })
    const columns = { users: ['id', 'skills', 'displayName', 'signInActivity', 'aboutMe'] }
    const { lines, run } = await runImport(workspace, { to: 'csv:out', options: { columns } })
    expect(run).toMatchObject({ verdict: 'complete' })
    const names = lines('column_dropped').map(({ column }) => column)
    expect(new Set(names)).toEqual(new Set(['skills', 'signInActivity', 'aboutMe']))
    const [head = '', row = ''] = (await readFile(workspace.path('out/users.csv'), 'utf8')).split(
      '\r\n',
    )
    expect(head).toBe('tenant_id,id,skills,displayName,signInActivity,aboutMe')
    expect(row).toMatch(/^[\w-]+,[\w-]+,,[^,]+,,$/)
  })

  test('is left out by all cursors of a collection, and told once', async () => {
    const { simulator } = await open({ users: 1_500 })
    const { lines, run } = await runImport(workspace, {
      options: {
        columns: { users: ['id', 'aboutMe', 'mail', 'signInActivity'] },
        concurrency: 8,
        pageSize: 20,
      },
    })
    expect(lines('collection_planned')[0]?.cursors).toBeGreaterThan(1)
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    expect(
      lines('column_dropped')
        .map(({ column }) => column)
        .toSorted(),
    ).toEqual(['aboutMe', 'signInActivity'])
    expect(await storedUsers(workspace)).toEqual(groundTruth(simulator, ['id', 'mail']))
  })

  test('is not asked for again by a resume', async () => {
    const { simulator } = await open({ users: 500 })
    const setup = { options: { columns: { users: ['id', 'aboutMe', 'mail'] } } }
    const control = createRunControl()
    atPage(simulator, 2, () => control.request('stop'))
    expect((await runImport(workspace, { ...setup, control })).end.state).toBe('interrupted')
    const { run, lines } = await runImport(workspace, setup)
    expect(run).toMatchObject({ verdict: 'complete', totals: { rows: 500 } })
    expect(lines('column_dropped')).toHaveLength(1)
    expect(run.reason).toContain('without aboutMe')
  })

  test('ends the run where rows with it were read before: the permission was withdrawn meanwhile', async () => {
    const { simulator } = await open({
      users: 500,
      permissions: ['User.Read.All', 'AuditLog.Read.All'],
    })
    const effect = {
      kind: 'status',
      status: 403,
      code: 'Authentication_MSGraphPermissionMissing',
    } as const
    simulator.control.addFault({ match: { kind: 'users', nth: 3 }, effect })
    const { run } = await runImport(workspace, {
      options: { columns: { users: ['id', 'signInActivity'] } },
    })
    expect(run).toMatchObject({
      state: 'interrupted',
      problem: { code: 'graph_property_forbidden' },
    })
  })
})

describe('a column that Graph gives to one cursor and refuses another', () => {
  const setup = {
    to: 'ndjson:out',
    options: {
      columns: { users: ['id', 'signInActivity', 'mail'] },
      concurrency: 8,
      pageSize: 20,
    },
  } as const
  const refuse = (simulator: Workspace['simulator'], pages: number): void => {
    let answered = 0
    let fault: { readonly remove: () => void } | undefined
    simulator.events.on((event) => {
      if (event.type !== 'simulator.request_answered' || fault !== undefined) return
      if (event.rows === undefined || event.rows === 0 || ++answered < pages) return
      fault = simulator.control.addFault({
        match: { path: /\/users\?\$select=id,signInActivity(?!.*skiptoken)/i, times: Infinity },
        effect: { kind: 'status', status: 403, code: 'Authentication_MSGraphPermissionMissing' },
      })
    })
  }

  test('ends the run: rows with it and rows without it are no snapshot', async () => {
    const { simulator } = await open({
      users: 1_500,
      permissions: ['User.Read.All', 'AuditLog.Read.All'],
    })
    // Beyond the samples of names, when some cursors have read pages and others have not begun.
    refuse(simulator, 30)
    const { lines, run } = await runImport(workspace, setup)
    expect(lines('page_committed').length).toBeGreaterThan(0)
    expect(run).toMatchObject({
      state: 'interrupted',
      problem: { code: 'graph_property_forbidden' },
    })
    expect(lines('column_dropped')).toEqual([])
  })
})

test('a page size above the cap of the selection is lowered to it', async () => {
  await open({
    users: 1_000,
    permissions: ['User.Read.All', 'AuditLog.Read.All'],
    signInActivityPageCap: 120,
  })
  const { run, lines } = await runImport(workspace, {
    options: { columns: { users: ['id', 'signInActivity'] }, pageSize: 500 },
  })
  expect(run).toMatchObject({ verdict: 'complete', totals: { rows: 1_000, pages: 9 } })
  expect(lines('page_size_lowered')).toMatchObject([{ from: 500, to: 120 }])
})

test('a filtered run reads what the filter leaves, in advanced mode on every page', async () => {
  const { simulator } = await open({ users: 1_000 })
  const { run } = await runImport(workspace, { options: { filter: 'accountEnabled eq false' } })
  const truth = groundTruth(simulator)
  for (const [id, user] of truth) if (!user.includes('"accountEnabled":false')) truth.delete(id)
  expect(truth.size).toBeGreaterThan(0)
  expect(run.verdict).toBe('complete')
  expect(await storedUsers(workspace)).toEqual(truth)
})

test('a tenant that will not count is read whole, and the verdict says so', async () => {
  const { simulator } = await open({ users: 300 })
  const effect = { kind: 'status', status: 400, code: 'Request_BadRequest' } as const
  simulator.control.addFault({ match: { kind: 'count', times: 10 }, effect })
  const { run, lines } = await runImport(workspace)
  expect(run).toMatchObject({ state: 'completed', verdict: 'complete_with_drift' })
  expect(lines('counted').map((line) => line.count)).toEqual([null, null])
})

test('a tenant that shrinks behind the walk is within its counts; one that lies about them drifted', async () => {
  const { simulator } = await open({ users: 1_000 })
  atPage(simulator, 9, () => simulator.control.setUserCount(910))
  const shrunk = await runImport(workspace)
  expect(shrunk.run).toMatchObject({ state: 'completed', verdict: 'complete' })
  const effect = { kind: 'status', status: 200, body: '4711' } as const
  simulator.control.addFault({ match: { kind: 'count', times: 2 }, effect })
  const drifted = await runImport(workspace)
  expect(drifted.run).toMatchObject({ state: 'completed', verdict: 'complete_with_drift' })
  expect(drifted.lines('run_completed')[0]?.detail).toContain('4711')
})

test('an empty tenant is complete', async () => {
  await open({ users: 0 })
  const { run } = await runImport(workspace, { to: 'ndjson:out' })
  expect(run).toMatchObject({ verdict: 'complete', totals: { rows: 0, pages: 1 } })
  expect((await fileUsers(workspace.path('out/users.ndjson'))).size).toBe(0)
})
