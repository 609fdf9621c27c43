import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { compose, type Composition } from '../../src/server/index.ts'
import { aSession } from '../contract/sessions.contract.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { makeWorkspace, runImport, tenantId, type Workspace } from '../support/workspace.ts'

let workspace: Workspace
let composition: Composition
let input: string
/** Imported users, in the order of the directory. */
let users: readonly { readonly id: string; readonly userPrincipalName: string }[]
const unknownId = '00000000-0000-4000-8000-000000000000'

beforeAll(async () => {
  const permissions = ['User.Read.All', 'Application.Read.All']
  workspace = await makeWorkspace({ users: 30, permissions })
  await runImport(workspace, { collections: ['users', 'servicePrincipals'] })
  users = [...workspace.simulator.users()] as unknown as typeof users
  composition = await compose({ configPath: workspace.configPath, env: {}, role: 'main' })
})
afterAll(async () => {
  await composition.close()
  await workspace.close()
})
beforeEach(() => {
  input = ''
})

/** Runs `evergrant …` as the user `ann` of the operating system. */
const evergrant = (...args: readonly string[]): Promise<CommandOutcome> =>
  runCommand(args, { cwd: workspace.folder, env: { USER: 'ann' }, input })
const user = (at: number): { readonly id: string; readonly userPrincipalName: string } =>
  users[at] ?? { id: '', userPrincipalName: '' }
const address = (at: number): string => `${tenantId}/${user(at).id}`

/** A command that is refused, and why. */
async function refusal(...args: readonly string[]): Promise<string> {
  const { exit, out, note } = await evergrant(...args)
  expect({ args, exit, out }).toEqual({ args, exit: 2, out: '' })
  return note
}

describe('accounts', () => {
  it('are not found by what nobody has, and an option that cannot be is refused', async () => {
    for (const text of ['nobody@contoso.example', unknownId, 'a/b/c', `${tenantId}/nobody`]) {
      expect(await refusal('accounts', 'show', text)).toContain('[account_unknown]')
      expect(await refusal('accounts', 'disable', text)).toContain('[account_unknown]')
    }
    const { userPrincipalName } = user(0)
    for (const args of [
      ['accounts', 'list', '--kind', 'device'],
      ['accounts', 'list', '--limit', '0'],
      ['accounts', 'disable', userPrincipalName, '--reason', 'x'.repeat(501)],
    ]) {
      expect(await refusal(...args)).toContain('[usage]')
    }
  })

  it('are named and never picked where several could be meant', async () => {
    const twice = user(1).userPrincipalName
    const run = await runImport(workspace, {
      name: 'second',
      options: { tenantId: unknownId },
    })
    expect(run.run.state).toBe('completed')
    const note = await refusal('accounts', 'disable', twice)
    expect(note).toContain('[usage]')
    expect(note).toContain(address(1))
    expect(note).toContain(`${unknownId}/${user(1).id}`)
    expect((await evergrant('accounts', 'show', address(1), '--json')).json()).toMatchObject({
      disabled: null,
    })
  })

  it('are listed, searched and shown', async () => {
    const { id, userPrincipalName } = user(2)
    const search = `--search=${userPrincipalName.toUpperCase()}`
    const found = await evergrant('accounts', 'list', '--tenant', tenantId, search, '--json')
    expect(found.json()).toMatchObject([
      { tenant_id: tenantId, kind: 'user', id, name: userPrincipalName, imported: true },
    ])
    const page = await evergrant('accounts', 'list', '--tenant', tenantId, '--limit', '7')
    expect(page.out.trim().split('\n')).toHaveLength(8)
    expect(page.note).toContain('more than 7')
    const shown = await evergrant('accounts', 'show', userPrincipalName, '--kind', 'user')
    expect(shown.exit).toBe(2)
    const one = await evergrant('accounts', 'show', address(2))
    expect(one.out).toContain(userPrincipalName)
    expect(one.out).toMatch(/^state +enabled$/m)
  })

  it('of applications are shown by the id of the application', async () => {
    const shown = await evergrant('accounts', 'show', workspace.simulator.client.id, '--json')
    expect(shown.json()).toMatchObject({ kind: 'servicePrincipal', account_enabled: true })
  })

  it('are disabled with who and why, and enabled again', async () => {
    const session = aSession({
      account: { tenantId, kind: 'user', id: user(3).id },
      expiresAt: Date.now() + 3_600_000,
    })
    await composition.store.sessions.addSession(session)
    const disabled = await evergrant('accounts', 'disable', address(3), '--reason', 'left')
    expect(disabled.out).toBe(`${address(3)}: disabled, 1 session ended\n`)
    const shown = await evergrant('accounts', 'show', address(3), '--json')
    expect(shown.json()).toMatchObject({ disabled: { by: 'ann', reason: 'left' } })
    expect(await composition.store.sessions.findSession(session.hash)).toHaveProperty('revokedAt')
    const again = await evergrant('accounts', 'disable', address(3), '--json')
    expect(again.json()).toEqual({ account: address(3), changed: false, sessions_ended: 0 })
    const list = await evergrant('accounts', 'list', '--disabled')
    expect(list.out).toContain('disabled here')
    expect((await evergrant('accounts', 'enable', address(3))).out).toContain(': enabled')
    expect((await evergrant('accounts', 'enable', address(3))).out).toContain('was not disabled')
  })

  it('are disabled before any import knows them', async () => {
    const future = `${tenantId}/${unknownId}`
    const outcome = await evergrant('accounts', 'disable', future)
    expect(outcome).toMatchObject({ exit: 0, note: `No import knows ${future}.\n` })
    const list = await evergrant('accounts', 'list', '--disabled', '--json')
    expect(list.json()).toMatchObject([{ id: unknownId, imported: false, updated_at: null }])
    expect((await evergrant('accounts', 'enable', future)).out).toContain(': enabled')
  })
})

describe('people', () => {
  const lines = (...rows: readonly string[]): string =>
    ['person,tenant,account,role,connections', ...rows].join('\n')

  it('are not taken over from a list with a mistake, and every one is named by its line', async () => {
    await evergrant('people', 'link', 'Zoe', address(9))
    input = lines(
      `Ann,${tenantId},${user(4).userPrincipalName},operator,contoso-graph`,
      `Ann,${tenantId},nobody@contoso.example,,`,
      `Bob,contoso.example,${user(5).id},king,nothing`,
      `Bob,${tenantId},${unknownId},,`,
      `Bob,${tenantId},${user(4).id},,`,
      `Bob,${tenantId},${user(9).id},,`,
      `psn_1,${tenantId},${user(6).id},,`,
      `Bob,${tenantId}`,
    )
    const note = await refusal('people', 'import', '-')
    for (const said of [
      'line 3: no user "nobody@contoso.example"',
      'line 4: expected the tenant’s id, a GUID, but saw "contoso.example"',
      'line 4: expected the role viewer, operator, admin or none, but saw "king"',
      'line 4: there is no connection "nothing"',
      `line 5: no user ${tenantId}/${unknownId} was imported`,
      'line 6: the account stands on line 2 already',
      'line 7: the account belongs to "Zoe"',
      'line 8: expected a person’s name',
      'line 9: expected 5 cells, but saw 2',
    ]) {
      expect(note).toContain(said)
    }
    expect((await evergrant('people', 'list', '--json')).json()).toMatchObject([{ name: 'Zoe' }])
    expect(await refusal('people', 'import', 'missing.csv')).toContain('missing.csv')
  })

  it('are taken over from a file as a whole, once it was tried', async () => {
    const rows = [
      `Ann,${tenantId},${user(4).userPrincipalName.toUpperCase()},operator,contoso-graph`,
      `Ann,${tenantId},${user(5).id},,`,
      `Bob,${tenantId},${user(6).id},,`,
    ]
    await writeFile(workspace.path('people.csv'), lines(...rows))
    const tried = await evergrant('people', 'import', 'people.csv', '--dry-run')
    expect(tried.out).toBe('3 accounts of 2 people could be linked\n')
    expect((await evergrant('people', 'show', 'Ann')).exit).toBe(2)
    const done = await evergrant('people', 'import', 'people.csv', '--json')
    expect(done.json()).toEqual({ links: 3, people: 2 })
    expect((await evergrant('people', 'show', 'Ann', '--json')).json()).toMatchObject({
      name: 'Ann',
      accounts: [user(4).id, user(5).id]
        .toSorted((a, b) => (a < b ? -1 : 1))
        .map((id) =>
          id === user(4).id
            ? { id, role: 'operator', connections: ['contoso-graph'] }
            : { id, role: null, connections: [] },
        ),
    })
  })

  it('are linked and unlinked one account at a time', async () => {
    expect(await refusal('people', 'link', 'Cid', address(6))).toContain('belongs to "Bob"')
    expect(await refusal('people', 'link', 'Cid', address(7), '--role', 'king')).toContain('king')
    expect(await refusal('people', 'show', 'Cid')).toContain('[person_unknown]')
    const linked = await evergrant('people', 'link', 'Cid', address(7), '--role', 'viewer')
    expect(linked.out).toBe(`${address(7)}: linked to Cid\n`)
    expect((await evergrant('people', 'list', '--search', 'C')).out).toMatch(/Cid .* viewer/)
    expect((await evergrant('people', 'unlink', address(7))).out).toContain(': unlinked')
    expect((await evergrant('people', 'unlink', address(7))).out).toContain('to nobody')
    expect((await evergrant('people', 'show', 'Cid')).out).toContain('Cid')
  })
})
