import { appendFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { csvRows, expectedRows } from '../support/snapshots.ts'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

let workspace: Workspace
beforeEach(async () => {
  workspace = await makeWorkspace({ users: 120, groups: { count: 10 } })
  await appendFile(
    workspace.configPath,
    `imports:
  directory:
    connection: contoso-graph
    collections: [users, groups, members]
    to: csv:./snapshots
    columns: { users: [id, displayName, mail] }
    refreshBefore: 10m
    csv: { delimiter: "," }
`,
  )
})
afterEach(() => workspace.close())

const run = (...args: string[]): Promise<CommandOutcome> =>
  runCommand(args, { cwd: workspace.folder })

describe('imports run', () => {
  test('refuses a name that the configuration does not describe, naming those it does', async () => {
    const { exit, note } = await run('imports', 'run', 'directroy')
    expect(exit).toBe(2)
    expect(note).toContain('has no "directroy", but directory')
  })

  test('tells a mistake in the configuration as one, and where it stands', async () => {
    const entry =
      '  slim: { connection: contoso-graph, collections: [users], to: store, policy: { drop: [mial] } }\n'
    await appendFile(workspace.configPath, entry)
    const { exit, note } = await run('imports', 'run', 'slim')
    expect(exit).toBe(2)
    expect(note).toContain('[config_invalid]')
    expect(note).toContain('"imports.slim.policy.drop": expected columns of this import')
    expect(note).toContain('`evergrant config check`')
  })

  test('refuses options that the configuration decides', async () => {
    const { exit, note } = await run('imports', 'run', 'directory', '--page-size', '10')
    expect(exit).toBe(2)
    expect(note).toContain('--page-size')
  })

  test('is unknown by its name until it ran', async () => {
    const { exit, note } = await run('imports', 'log', 'directory')
    expect(exit).toBe(2)
    expect(note).toContain('there is no run "directory", and none of that name')
  })

  test('resumes and cancels runs by their ids alone, and tells those of a name', async () => {
    for (const command of ['resume', 'cancel']) {
      const { exit, note } = await run('imports', command, 'directory')
      expect(exit).toBe(2)
      expect(note).toMatch(/there is no run "directory"$/m)
    }
    const { json } = await run('imports', 'run', 'directory', '--json')
    const { id } = json() as { readonly id: string }
    for (const command of ['resume', 'cancel']) {
      const { exit, note } = await run('imports', command, 'directory')
      expect(exit).toBe(2)
      expect(note).toContain(`there is no run "directory"; the last one of that name is ${id}`)
    }
  })

  test('tells of a run that a person must act on in words: what, why and what to do', async () => {
    workspace.simulator.control.setPermissions(['User.Read.All'])
    const { exit } = await run('imports', 'run', 'directory')
    expect(exit).toBe(3)
    const { out } = await run('imports', 'show', 'directory')
    expect(out).toMatch(/^collections +users, groups, members$/m)
    expect(out).toMatch(/^reason +Graph answered 403 Authorization_RequestDenied/m)
    expect(out).toMatch(
      /^problem +Microsoft Graph says the application lacks a permission \[graph_permission_missing\]$/m,
    )
    expect(out).toMatch(/^remedy +Grant the application permission Group\.Read\.All/m)
    expect(out).toMatch(
      /^upstream +status 403, error Authorization_RequestDenied, request id [\w-]+$/m,
    )
    expect(out).not.toContain('{')
  })

  test('imports what stands there, under that name; imports show tells of each collection', async () => {
    const { exit, json } = await run('imports', 'run', 'directory', '--json')
    expect(exit).toBe(0)
    const done = json() as { readonly id: string; readonly requests: number }
    expect(done).toMatchObject({ name: 'directory', state: 'completed', verdict: 'complete' })
    expect(await csvRows(workspace.path('snapshots/users.csv'))).toEqual(
      expectedRows(workspace.simulator, 'users', ['id', 'displayName', 'mail']),
    )
    expect(await csvRows(workspace.path('snapshots/members.csv'))).toEqual(
      expectedRows(workspace.simulator, 'members'),
    )
    const shown = await run('imports', 'show', 'directory', '--shards')
    expect(shown.out).toContain(done.id)
    expect(shown.out).toMatch(/^users +finished +complete +120 +120/m)
    expect(shown.out).toMatch(/^members +finished +complete .* 10/m)
    expect(shown.out).toMatch(/^users +0 +all +finished +120/m)
    expect(shown.out).toContain('groups: 10 distinct rows; $count was 10 before and 10 after')
    const told = await run('imports', 'show', done.id, '--json')
    const { manifest } = told.json() as {
      readonly manifest: readonly { readonly effort: { readonly requests: number } }[]
    }
    expect(manifest[0]).toMatchObject({
      collection: 'users',
      state: 'read',
      counted: 'rows',
      counted_so_far: 120,
      distinct_rows: 120,
      drift: 0,
      columns_left_out: [],
      effort: { throttled: 0, fewest_slots: null },
    })
    const requests = manifest.reduce((sum, { effort }) => sum + effort.requests, 0)
    expect(requests).toBe(done.requests)
  })
})
