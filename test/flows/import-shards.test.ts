import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { SimulatedTenant } from '../../src/simulator/index.ts'
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

/** Small pages, so that few users are many pages. */
const several = { concurrency: 8, pageSize: 20 } as const

describe('a collection is read by one cursor, and the log says why', () => {
  test('where the tenant takes no advanced queries (Azure AD B2C)', async () => {
    const { simulator } = await open({ users: 500, tenant: { advancedQueries: false } })
    const { run, lines } = await runImport(workspace, { options: several })
    expect(lines('collection_planned')).toEqual([
      expect.objectContaining({ cursors: 1, detail: 'Graph does not count the rows' }),
    ])
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete_with_drift' })
    expect(await storedUsers(workspace)).toEqual(groundTruth(simulator))
  })

  test('where parts of it are refused', async () => {
    const { simulator } = await open({ users: 500, maximumOrClauses: 0 })
    const { run, lines } = await runImport(workspace, { options: several })
    expect(lines('collection_planned')[0]).toMatchObject({ cursors: 1, shards: 1 })
    expect(lines('collection_planned')[0]?.detail).toContain('Too many child clauses')
    expect(run.verdict).toBe('complete')
    expect(await storedUsers(workspace)).toEqual(groundTruth(simulator))
  })

  test('where it is small, or comes fast', async () => {
    await open({ users: 300 })
    const { lines } = await runImport(workspace, { options: { concurrency: 'auto' } })
    expect(lines('collection_planned')).toEqual([
      {
        type: 'collection_planned',
        collection: 'users',
        cursors: 1,
        shards: 1,
        detail: '300 rows are few',
      },
    ])
  })
})

describe('a collection is read by several cursors', () => {
  const kinds: readonly (readonly [
    string,
    Partial<SimulatedTenant>,
    Omit<WorkspaceOptions, 'tenant'>,
  ])[] = [
    ['names as most directories have them', {}, {}],
    ['staff numbers', { naming: 'numbers' }, {}],
    ['one giant prefix', { naming: 'one_prefix' }, {}],
    ['at most 15 clauses in all', {}, { orClausesCounted: 'filter' }],
  ]
  test.each(kinds)('%s', async (_what, tenant, options) => {
    const { simulator } = await open({ users: 2_000, tenant, ...options })
    const { run, lines } = await runImport(workspace, { options: several, to: 'ndjson:out' })
    const [planned] = lines('collection_planned')
    expect(planned?.cursors).toBe(8)
    expect(planned?.shards).toBeGreaterThan(8)
    expect(run).toMatchObject({ verdict: 'complete', totals: { rows: 2_000 } })
    expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(groundTruth(simulator))
  })

  test('as many as hide the latency, when nothing is asked for', async () => {
    const { simulator } = await open({ users: 1_000, latencyMs: 60 })
    const options = { concurrency: 'auto', pageSize: 20 } as const
    const { lines } = await runImport(workspace, { options })
    expect(lines('collection_planned')[0]?.cursors).toBeGreaterThan(4)
    expect(await storedUsers(workspace)).toEqual(groundTruth(simulator))
  })

  test('a resume reads the parts that were planned, and nothing twice', async () => {
    const clock = createSkippingClock()
    const { simulator } = await open({ users: 2_000, clock })
    atPage(simulator, 60, () => simulator.control.outage(true))
    const first = await runImport(workspace, { clock, options: several, to: 'ndjson:out' })
    expect(first.run.state).toBe('interrupted')
    simulator.control.outage(false)
    const { run, lines } = await runImport(workspace, { clock, options: several, to: 'ndjson:out' })
    expect(run.id).toBe(first.run.id)
    expect(lines('collection_planned')).toHaveLength(1)
    expect(run).toMatchObject({ verdict: 'complete', totals: { rows: 2_000 } })
    expect(await fileUsers(workspace.path('out/users.ndjson'))).toEqual(groundTruth(simulator))
  }, 30_000)
})

describe('users who come, go and change their names while they are read', () => {
  /**
   * Renames, creates and deletes at some pages; where to is another cursor's part more often than
   * not.
   */
  function stir(simulator: Workspace['simulator'], seed: number): void {
    const { control } = simulator
    const names = [...simulator.users(undefined, ['id'])].map(({ id }) => String(id))
    for (const page of [2, 9, 17, 26]) {
      atPage(simulator, page, () => {
        for (let i = 0; i < 5; i++) {
          const at = (seed * 7_919 + page * 131 + i * 37) % names.length
          const [id = ''] = names.splice(at, 1)
          const letter = 'zajm5'[(page + i) % 5] ?? ''
          if (i % 3 === 0) control.deleteUser(id)
          else
            control.changeUser(id, {
              userPrincipalName: `${letter}.${seed}${page}${i}@contoso.example`,
            })
          control.createUser({
            userPrincipalName: `${letter}new${seed}${page}${i}@contoso.example`,
          })
        }
      })
    }
  }

  test.each([1, 2, 3])('are all in the store when it is done (%i)', async (seed) => {
    const { simulator } = await open({ users: 700 })
    stir(simulator, seed)
    const { run, lines } = await runImport(workspace, { options: several })
    expect(lines('collection_planned')[0]?.cursors).toBe(8)
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    expect(lines('changes_applied')[0]?.changed).toBeGreaterThan(10)
    expect(await storedUsers(workspace)).toEqual(groundTruth(simulator))
  })

  test('… also where the index that cursors read from does not know of it for an hour', async () => {
    const { simulator } = await open({ users: 700, tenant: { indexLagMs: 3_600_000 } })
    stir(simulator, 4)
    const { run } = await runImport(workspace, { options: several })
    expect(run.state).toBe('completed')
    expect(await storedUsers(workspace)).toEqual(groundTruth(simulator))
  })

  test('… and stay when another run finds the index as it was', async () => {
    const { simulator } = await open({ users: 700, tenant: { indexLagMs: 3_600_000 } })
    const ids = [...simulator.users()].map((user) => String(user['id']))
    atPage(simulator, 12, () => {
      for (const id of ids.slice(0, 20)) simulator.control.changeUser(id, { department: 'new' })
      simulator.control.deleteUser(ids[30] ?? '')
      simulator.control.createUser({ userPrincipalName: 'new@contoso.example' })
    })
    for (const _ of [1, 2, 3]) {
      const { run } = await runImport(workspace, { options: several })
      expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
      expect(await storedUsers(workspace)).toEqual(groundTruth(simulator))
    }
  })
})

describe('whatever the names are', () => {
  const mark = fc.constantFrom(...Array.from(`aAeEn'.-_!#^~&+% 0159éÉñßıЖ美`))
  const opening = fc.constantFrom('', 'emp000', "o'brien", 'EMP00', 'a', 'adm-')
  const name = fc.tuple(
    opening,
    fc.string({ unit: mark, minLength: 1, maxLength: 5 }),
    fc.boolean(),
  )
  const names = fc.uniqueArray(
    name.map(([a, b, isGuest]) => `${a}${b}${isGuest ? '_home.example#EXT#' : ''}@contoso.example`),
    { maxLength: 250, size: 'max', selector: (text) => text.toLowerCase() },
  )

  test('every user is imported once', async () => {
    await fc.assert(
      fc.asyncProperty(names, async (list) => {
        const people = list.map((userPrincipalName) => ({ userPrincipalName }))
        const { simulator } = await open({ users: 0, tenant: { people } })
        const options = { concurrency: 8, pageSize: 5 } as const
        const { run } = await runImport(workspace, { options, to: 'ndjson:out' })
        expect(run).toMatchObject({ verdict: 'complete', totals: { rows: list.length } })
        const file = workspace.path('out/users.ndjson')
        expect(await fileUsers(file)).toEqual(groundTruth(simulator))
        await workspace.close()
      }),
      { numRuns: 8 },
    )
  }, 60_000)
})
