import Database from 'better-sqlite3'
import { afterEach, describe, expect, test } from 'vitest'
import { compose } from '../../src/server/index.ts'
import { expectedRows, sqliteRows } from '../support/snapshots.ts'
import { makeWorkspace, runImport, tenantId, type Workspace } from '../support/workspace.ts'

let workspace: Workspace
afterEach(() => workspace.close())

const collections = ['servicePrincipals'] as const
const permissions = ['Application.Read.All']

describe('an import of service principals', () => {
  test('names the permission it lacks', async () => {
    workspace = await makeWorkspace({ users: 1, permissions: ['User.Read.All'] })
    const { end } = await runImport(workspace, { collections })
    expect(end.problem).toMatchObject({
      code: 'graph_permission_missing',
      remedy: expect.stringContaining('Application.Read.All') as string,
    })
  })

  test('is complete, and a table holds the same as Graph', async () => {
    workspace = await makeWorkspace({ users: 1, permissions })
    const { run } = await runImport(workspace, { collections, to: 'sqlite:apps.db' })
    expect(run).toMatchObject({ state: 'completed', verdict: 'complete' })
    const rows = await sqliteRows(workspace.path('apps.db'), 'servicePrincipals')
    expect(rows).toEqual(expectedRows(workspace.simulator, 'servicePrincipals'))
    expect(rows.size).toBe(1)
  })

  test('makes accounts that are found by the application’s id, apart from users', async () => {
    workspace = await makeWorkspace({ users: 3, permissions: [...permissions, 'User.Read.All'] })
    const { simulator } = workspace
    await runImport(workspace, { collections: ['users', 'servicePrincipals'] })
    const [expected] = simulator.servicePrincipals()
    await using composition = await compose({
      configPath: workspace.configPath,
      env: {},
      role: 'main',
    }).then((made) => ({ ...made, [Symbol.asyncDispose]: async () => await made.close() }))
    const { accounts } = composition.store
    const find = async (kind: 'user' | 'servicePrincipal', column: string): Promise<unknown> =>
      await accounts.findAccounts({
        tenantId,
        kind,
        where: [{ column, value: simulator.client.id, compare: 'exact' }],
        limit: 2,
      })
    expect(await find('user', 'appId')).toEqual([])
    expect(await find('servicePrincipal', 'appId')).toMatchObject([
      { id: expected?.['id'], properties: { appId: simulator.client.id, accountEnabled: true } },
    ])
    const listed = await accounts.listAccounts({ kind: 'servicePrincipal', limit: 9 })
    expect(listed.accounts).toHaveLength(1)
  })

  test('is a view of the store, with the default columns', async () => {
    workspace = await makeWorkspace({ users: 1, permissions })
    await runImport(workspace, { collections })
    const database = new Database(workspace.path('evergrant.db'), { readonly: true })
    const rows = database.prepare('SELECT * FROM servicePrincipals').all()
    database.close()
    const [expected] = expectedRows(workspace.simulator, 'servicePrincipals').values()
    const [row] = rows as readonly Record<string, unknown>[]
    expect(Object.keys(row ?? {}).toSorted()).toEqual(
      (JSON.parse(expected ?? '[]') as readonly [string, unknown][]).map(([name]) => name),
    )
    expect(row).toMatchObject({ tenant_id: tenantId, appId: workspace.simulator.client.id })
  })
})
