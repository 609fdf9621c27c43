import { readFile } from 'node:fs/promises'
import Database from 'better-sqlite3'
import { afterEach, describe, expect, test } from 'vitest'
import { collections, type CollectionName } from '../../src/directory/index.ts'
import { createRunControl } from '../../src/imports/index.ts'
import { emptyDatabase } from '../support/postgres.ts'
import {
  csvRows,
  expectedRows,
  postgresRows,
  sqliteRows,
  type Snapshot,
} from '../support/snapshots.ts'
import { atPage, makeWorkspace, runImport, type Workspace } from '../support/workspace.ts'

const wanted = [
  'devices',
  'administrativeUnits',
  'directoryRoles',
  'owners',
  'roleMembers',
  'manager',
  'signInActivity',
] as const satisfies readonly CollectionName[]
const permissions = [
  'User.Read.All',
  'AuditLog.Read.All',
  'GroupMember.Read.All',
  'Device.Read.All',
  'AdministrativeUnit.Read.All',
  'RoleManagement.Read.Directory',
]

let workspace: Workspace
const open = async (granted: readonly string[] = permissions): Promise<void> => {
  workspace = await makeWorkspace({
    users: 700,
    groups: { count: 40, giantSize: 50 },
    permissions: granted,
    signInActivityPageCap: 120,
  })
}
afterEach(() => workspace.close())

describe('a collection whose permission is missing', () => {
  test.each([
    ['devices', 'Device.Read.All'],
    ['administrativeUnits', 'AdministrativeUnit.Read.All'],
    ['directoryRoles', 'RoleManagement.Read.Directory'],
    ['roleMembers', 'RoleManagement.Read.Directory'],
    ['owners', 'GroupMember.Read.All'],
    ['manager', 'User.Read.All'],
    ['signInActivity', 'AuditLog.Read.All'],
  ] as const)('%s fails, and the remedy names %s', async (collection, permission) => {
    await open(permissions.filter((one) => one !== permission))
    const { run } = await runImport(workspace, { collections: [collection] })
    expect(run).toMatchObject({ state: 'failed', problem: { actor: 'operator' } })
    expect(run.problem?.remedy).toContain(permission)
  })

  test('the holders of roles alone are not shown: none is read, and the remedy says what to grant', async () => {
    await open()
    workspace.simulator.control.addFault({
      match: { kind: 'roleMembers', times: Infinity },
      effect: { kind: 'status', status: 403 },
    })
    const { run } = await runImport(workspace, { collections: ['roleMembers'] })
    expect(run.problem).toMatchObject({
      code: 'graph_permission_missing',
      detail: expect.stringContaining('the members of directory roles') as string,
      remedy: expect.stringContaining('RoleManagement.Read.Directory') as string,
    })
  })
})

describe('all the further collections in one run', () => {
  test('are the ground truth in the store, each in a view of its own', async () => {
    await open()
    const { end, run } = await runImport(workspace, { collections: [...wanted, 'members'] })
    expect(end.problem).toBeUndefined()
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    const database = new Database(workspace.path('evergrant.db'), { readonly: true })
    const shapes = [...wanted, 'members' as const].map((collection) => {
      const rows = database.prepare(`SELECT * FROM "${collection}"`).all()
      return [collection, rows.length, Object.keys(rows[0] as object)] as const
    })
    expect(shapes).toEqual(
      [...wanted, 'members' as const].map((collection) => [
        collection,
        expectedRows(workspace.simulator, collection).size,
        ['tenant_id', ...collections[collection].defaultColumns],
      ]),
    )
    const managers = database.prepare('SELECT userId, managerId FROM manager').all()
    expect(new Set(managers.map((row) => JSON.stringify(row)))).toEqual(
      new Set([...workspace.simulator.managers()].map((row) => JSON.stringify(row))),
    )
    database.close()
  })

  test('are the ground truth as tables of an SQLite file', async () => {
    await open()
    const { run } = await runImport(workspace, { collections: wanted, to: 'sqlite:all.db' })
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    expect(await readEach((one) => sqliteRows(workspace.path('all.db'), one))).toEqual(truth())
  })

  test('are the ground truth as tables of PostgreSQL', async () => {
    await open()
    const database = await emptyDatabase()
    const env = { PGPASSWORD: database.password().reveal() }
    const { run } = await runImport(workspace, { collections: wanted, to: database.url, env })
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    expect(await readEach((one) => postgresRows(database, one))).toEqual(truth())
    await database.dispose()
  })

  test('are the ground truth as CSV', async () => {
    await open()
    const { run } = await runImport(workspace, { collections: wanted, to: 'csv:out' })
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    expect(await readEach((one) => csvRows(workspace.path(`out/${one}.csv`)))).toEqual(truth())
  })

  test('have the columns of the collection as NDJSON, and nothing of whoever has no manager', async () => {
    await open()
    const { run } = await runImport(workspace, { collections: wanted, to: 'ndjson:out' })
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    const lines = await ndjson('manager')
    expect(lines).toEqual([...workspace.simulator.managers()])
    expect(lines.length).toBeLessThan(700)
    expect(await ndjson('owners')).toEqual([...workspace.simulator.owners()])
    expect(await ndjson('roleMembers')).toEqual([...workspace.simulator.roleMembers()])
    expect(await ndjson('directoryRoles')).toEqual([
      ...workspace.simulator.directoryRoles(undefined, collections.directoryRoles.defaultColumns),
    ])
  })
})

async function readEach(
  read: (collection: CollectionName) => Promise<Snapshot>,
): Promise<ReadonlyMap<CollectionName, Snapshot>> {
  const seen = new Map<CollectionName, Snapshot>()
  for (const collection of wanted) seen.set(collection, await read(collection))
  return seen
}

function truth(): ReadonlyMap<CollectionName, Snapshot> {
  return new Map(wanted.map((one) => [one, expectedRows(workspace.simulator, one)] as const))
}

async function ndjson(name: string): Promise<readonly unknown[]> {
  const text = await readFile(workspace.path(`out/${name}.ndjson`), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))
}

test('each is judged by what Graph counts of it', async () => {
  await open()
  const { run } = await runImport(workspace, { collections: wanted, to: 'ndjson:out' })
  const { lines } = await runImport(workspace, { collections: wanted, name: 'again' })
  const details = new Map(
    lines('collection_judged').map((line) => [line.collection, line.detail] as const),
  )
  expect(run.verdict).toBe('complete')
  expect(details.get('devices')).toBe('80 distinct rows; $count was 80 before and 80 after')
  expect(details.get('owners')).toMatch(
    / of 40 groups; \$count of groups was 40 before and 40 after$/,
  )
  expect(details.get('manager')).toMatch(
    / of 700 users; \$count of users was 700 before and 700 after$/,
  )
  expect(details.get('roleMembers')).toMatch(/ of 12 directory roles; every page was read/)
  expect(details.get('directoryRoles')).toBe(
    '12 distinct rows; every page was read, and Graph counts none of them',
  )
})

test('sign-in activity comes in the pages that Graph says, beside the users', async () => {
  await open()
  const { lines, run } = await runImport(workspace, {
    collections: ['users', 'signInActivity'],
    options: { pageSize: 999 },
  })
  expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
  expect(lines('page_size_lowered')).toMatchObject([{ collection: 'signInActivity', to: 120 }])
  const pages = lines('page_committed').map(({ collection, rows }) => [collection, rows] as const)
  expect(pages[0]).toEqual(['users', 700])
  expect(pages.slice(1).every(([, rows]) => rows <= 120)).toBe(true)
})

test('whoever lost the manager between two runs has none any more', async () => {
  await open()
  await runImport(workspace, { collections: ['manager'] })
  const before = [...workspace.simulator.managers()]
  const [led] = before
  workspace.simulator.control.deleteUser(led?.managerId ?? '')
  const left = new Map(
    [...workspace.simulator.managers()].map((row) => [row.userId, row.managerId] as const),
  )
  const { run } = await runImport(workspace, { collections: ['manager'] })
  expect(run.verdict).toBe('complete')
  expect(run.totals.deleted).toBe(before.length - left.size)
  const database = new Database(workspace.path('evergrant.db'), { readonly: true })
  const rows = database.prepare('SELECT userId, managerId FROM manager').all() as readonly {
    readonly userId: string
    readonly managerId: string
  }[]
  database.close()
  expect(new Map(rows.map((row) => [row.userId, row.managerId] as const))).toEqual(left)
})

test('a device that is gone is marked as deleted', async () => {
  await open()
  await runImport(workspace, { collections: ['devices'] })
  workspace.simulator.control.setDeviceCount(76)
  const { run } = await runImport(workspace, { collections: ['devices'] })
  expect(run).toMatchObject({ verdict: 'complete', totals: { deleted: 4 } })
})

test('owners that were stopped on the way go on with the next group, and none is lost or doubled', async () => {
  await open()
  const control = createRunControl()
  let answered = 0
  const stop = workspace.simulator.events.on((event) => {
    if (event.type === 'simulator.request_answered' && event.kind === 'owners' && ++answered === 20)
      control.request('stop')
  })
  const setup = { collections: ['owners'], to: 'csv:out' } as const
  const first = await runImport(workspace, { ...setup, control })
  stop()
  expect(first.run.state).toBe('interrupted')
  const second = await runImport(workspace, setup)
  expect(second.run).toMatchObject({ id: first.run.id, state: 'completed', verdict: 'complete' })
  expect(await csvRows(workspace.path('out/owners.csv'))).toEqual(
    expectedRows(workspace.simulator, 'owners'),
  )
})

test('a group that is gone when its owners are asked for is passed over, and counted', async () => {
  await open()
  const [group] = workspace.simulator.groups(undefined, ['id'])
  const id = String(group?.['id'])
  workspace.simulator.control.addFault({
    match: { kind: 'owners', path: `/v1.0/groups/${id}/owners` },
    effect: { kind: 'status', status: 404 },
  })
  const { lines, run } = await runImport(workspace, { collections: ['owners'] })
  expect(run.state).toBe('completed')
  expect(lines('group_vanished')).toEqual([
    { type: 'group_vanished', collection: 'owners', groupId: id },
  ])
})

describe('several cursors', () => {
  const several = { concurrency: 8, pageSize: 20 } as const

  test('read sign-in activity whole, and what becomes of users meanwhile is applied', async () => {
    await open()
    const { simulator } = workspace
    const setup = { collections: ['signInActivity'], options: several } as const
    await runImport(workspace, setup)
    const gone = [...simulator.users(undefined, ['id'])].slice(0, 3)
    atPage(simulator, 10, () => {
      for (const { id } of gone) simulator.control.deleteUser(String(id))
      simulator.control.createUser({ userPrincipalName: 'zoe@contoso.example' })
    })
    const { lines, run } = await runImport(workspace, setup)
    expect(lines('collection_planned')[0]?.cursors).toBeGreaterThan(1)
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    const database = new Database(workspace.path('evergrant.db'), { readonly: true })
    const rows = database.prepare('SELECT id FROM signInActivity').all()
    database.close()
    const ids = (all: Iterable<unknown>): ReadonlySet<unknown> =>
      new Set([...all].map((row) => (row as { id: unknown }).id))
    expect(rows).toHaveLength(simulator.userCount())
    expect(ids(rows)).toEqual(ids(simulator.users(undefined, ['id'])))
  })

  test('read devices whole', async () => {
    await open()
    const { lines, run } = await runImport(workspace, {
      collections: ['devices'],
      to: 'csv:out',
      options: { concurrency: 4, pageSize: 5 },
    })
    expect(lines('collection_planned')[0]?.cursors).toBeGreaterThan(1)
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    expect(await csvRows(workspace.path('out/devices.csv'))).toEqual(
      expectedRows(workspace.simulator, 'devices'),
    )
  })
})
