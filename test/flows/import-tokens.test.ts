import { afterEach, describe, expect, test } from 'vitest'
import { compose } from '../../src/server/index.ts'
import { createSkippingClock } from '../support/skipping-clock.ts'
import {
  atPage,
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

describe('a token about to die', () => {
  test('is renewed before the page that would meet its end: no request ever meets a 401', async () => {
    const clock = createSkippingClock()
    const { simulator } = await open({ users: 4_000, clock, tokenLifetimeSeconds: 60 })
    // Every page takes five seconds: a token serves six pages, then half of its life is over.
    simulator.events.on((event) => {
      if (event.type === 'simulator.request_answered' && event.rows !== undefined) clock.skip(5_000)
    })
    const { run, lines } = await runImport(workspace, { clock })
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    const changes = lines('token_changed')
    expect(changes.map((change) => change.reason)).toEqual([
      'first',
      ...Array.from({ length: changes.length - 1 }, () => 'expiring'),
    ])
    expect(changes.length).toBeGreaterThanOrEqual(6)
    expect(run.totals.refreshes).toBe(changes.length - 1)
    for (const page of lines('page_committed')) expect(page.tokenLifeMs).toBeGreaterThan(20_000)
    expect(simulator.stats()).toMatchObject({
      tokenRejections: 0,
      tokensIssued: changes.length,
    })
    expect(await storedUsers(workspace)).toEqual(groundTruth(simulator))
  })

  test('says in the log what changed: old and new expiry, page, duration', async () => {
    const clock = createSkippingClock()
    const { simulator } = await open({ users: 1_000, clock, tokenLifetimeSeconds: 60 })
    atPage(simulator, 5, () => clock.skip(40_000))
    const { lines } = await runImport(workspace, { clock })
    const [first, second] = lines('token_changed')
    expect(first).toMatchObject({ reason: 'first', oldExpiresAt: null, page: 0 })
    expect(second).toMatchObject({ reason: 'expiring', oldExpiresAt: first?.newExpiresAt, page: 6 })
    expect(second?.newExpiresAt).toBeGreaterThan(first?.newExpiresAt ?? Infinity)
    expect(second?.durationMs).toBeGreaterThanOrEqual(0)
  })

  test('carries on while its renewal fails, with a warning, and is renewed as soon as that works', async () => {
    const clock = createSkippingClock()
    const { simulator } = await open({ users: 3_000, clock, tokenLifetimeSeconds: 600 })
    simulator.events.on((event) => {
      if (event.type === 'simulator.request_answered' && event.rows !== undefined)
        clock.skip(15_000)
    })
    atPage(simulator, 2, () =>
      simulator.control.addFault({
        match: { kind: 'token', times: 2 },
        effect: { kind: 'status', status: 503 },
      }),
    )
    const { run, lines } = await runImport(workspace, { clock })
    expect(run.verdict).toBe('complete')
    const warnings = lines('token_refresh_failed')
    expect(warnings.length).toBeGreaterThanOrEqual(1)
    expect(warnings[0]?.remainingLifeMs).toBeGreaterThan(0)
    expect(lines('token_changed').map((change) => change.reason)).toContain('expiring')
    expect(simulator.stats().tokenRejections).toBe(0)
  })
})

describe('a token that dies in use', () => {
  test.each([
    ['revoked', 'rejected', false],
    ['under continuous access evaluation', 'claims_challenge', true],
  ])('%s is renewed once and the same page replayed', async (_what, reason, cae) => {
    const { simulator } = await open({ users: 2_000 })
    atPage(simulator, 7, () => simulator.control.revokeTokens({ cae }))
    const { run, lines } = await runImport(workspace)
    expect(run.verdict).toBe('complete')
    expect(lines('token_changed').map((change) => change.reason)).toEqual(['first', reason])
    expect(simulator.stats()).toMatchObject({ tokenRejections: 1, tokensIssued: 2 })
    expect(run.totals).toMatchObject({ rows: 2_000, pages: 20, retries: 0 })
    expect(await storedUsers(workspace)).toEqual(groundTruth(simulator))
  })

  test('is one change of token, however many cursors meet its end', async () => {
    const { simulator } = await open({ users: 500 })
    const held = simulator.control.addFault({
      match: { kind: 'users', nth: 10, times: 4 },
      effect: { kind: 'hold' },
    })
    const running = runImport(workspace, { options: { concurrency: 8, pageSize: 20 } })
    await held.happened(4)
    simulator.control.revokeTokens()
    held.release()
    const { run, lines } = await running
    expect(run.verdict).toBe('complete')
    expect(simulator.stats().tokenRejections).toBeGreaterThanOrEqual(4)
    expect(simulator.stats().tokensIssued).toBe(2)
    expect(lines('token_changed').map((change) => change.reason)).toEqual(['first', 'rejected'])
    expect(run.totals.refreshes).toBe(1)
  })

  test.each([
    ['InvalidAuthenticationToken', 'Lifetime validation failed, the token is expired.'],
    ['Authentication_ExpiredToken', 'Your access token has expired. Please renew it.'],
  ])('with the code %s is recognised', async (code, message) => {
    const { simulator } = await open({ users: 500 })
    simulator.control.addFault({
      match: { kind: 'users', nth: 3 },
      effect: { kind: 'status', status: 401, code, message },
    })
    const { run, lines } = await runImport(workspace)
    expect(run.verdict).toBe('complete')
    expect(lines('token_changed').map((change) => change.reason)).toEqual(['first', 'rejected'])
  })

  test('again and again, even fresh, ends the run with what a person must do', async () => {
    const clock = createSkippingClock()
    const { simulator } = await open({ users: 500, clock })
    simulator.control.addFault({
      match: { kind: 'users', nth: 3, times: 1_000 },
      effect: {
        kind: 'status',
        status: 401,
        code: 'InvalidAuthenticationToken',
        message: 'expired',
      },
    })
    const { run } = await runImport(workspace, { clock })
    expect(run).toMatchObject({ state: 'interrupted', problem: { code: 'token_refused' } })
    expect(simulator.stats().tokensIssued).toBeLessThanOrEqual(4)
  })
})

test('a token that another process renewed is adopted, not asked for again', async () => {
  const clock = createSkippingClock()
  const { simulator } = await open({ users: 2_000, clock, tokenLifetimeSeconds: 600 })
  const other = await compose({ configPath: workspace.configPath, env: {}, role: 'main', clock })
  let refreshed: Promise<unknown> = Promise.resolve()
  atPage(simulator, 5, () => {
    // The run's token nears the threshold, and page 6 is held back until another process has renewed.
    clock.skip(295_000)
    simulator.control.addFault({ match: { kind: 'users' }, effect: { kind: 'hang', ms: 1_000 } })
    refreshed = other.engine.refresh('contoso-graph').then(() => clock.skip(10_000))
  })
  const { run, lines } = await runImport(workspace, { clock })
  await refreshed
  await other.close()
  expect(run.verdict).toBe('complete')
  expect(lines('token_changed').map((change) => change.reason)).toEqual(['first', 'adopted'])
  expect(simulator.stats().tokensIssued).toBe(2)
})
