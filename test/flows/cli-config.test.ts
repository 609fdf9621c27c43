import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { runCommand } from '../support/command.ts'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

let workspace: Workspace
afterEach(() => workspace.close())

const parts = (script: string): string => `
network: { proxy: none, ca: [./ca.pem] }
imports:
  nightly: { connection: of-the-store, collections: [users, members], to: "csv:./out", csv: { delimiter: ";" } }
  weekly:
    connection: contoso-graph
    collections: [groups]
    to: postgres://eg@db.example.com/eg
    password: { exec: [sh, -c, ${JSON.stringify(script)}] }
    schedule: 0 2 * * 0
`

describe('evergrant config check', () => {
  it('prints everything as understood, having run each command once', async () => {
    workspace = await makeWorkspace({})
    const { configPath, folder, path, secret } = workspace
    const script = `echo run >> '${path('runs')}' && echo planted-password`
    const exec = `{ exec: [sh, -c, ${JSON.stringify(script)}] }`
    const written = await readFile(configPath, 'utf8')
    await writeFile(configPath, written.replace('{ file: ./secret }', exec) + parts(script))

    const { exit, out, note } = await runCommand(['config', 'check'], { cwd: folder })
    expect({ exit, note }).toEqual({
      exit: 0,
      note: expect.stringContaining('every secret it names is there') as string,
    })
    expect(await readFile(path('runs'), 'utf8')).toBe('run\n')
    expect(note).toContain('warning: imports.nightly.connection: No connection of this file')
    expect(out).toContain(`to: csv:${path('out')}`)
    expect(out).toContain('to: postgres://eg@db.example.com/eg?sslmode=verify-full')
    expect(out).toContain('keepWarm: false')
    expect(out + note).not.toContain(secret)
    expect((out + note).replaceAll(script, '')).not.toContain('planted-password')

    await writeFile(path('again.yaml'), out)
    const again = await runCommand(['config', 'check', '--config', 'again.yaml', '--json'], {
      cwd: folder,
    })
    expect(again.exit).toBe(0)
    expect(again.json()).toMatchObject({ problems: [], config: { network: { proxy: 'none' } } })
  })

  it('refuses imports that could not begin: a column they do not have, a key found by trying', async () => {
    workspace = await makeWorkspace({})
    const { configPath, folder, path, secret } = workspace
    await writeFile(path('pepper'), 'too short')
    const policies = {
      assets: '{ drop: [mial] }',
      joined: '{ hash: { columns: [mail], key: { file: ./pepper } } }',
    }
    const entries = Object.entries(policies).map(
      ([name, policy]) =>
        `  ${name}: { connection: contoso-graph, collections: [users], to: csv:./${name}, policy: ${policy} }\n`,
    )
    await writeFile(
      configPath,
      `${await readFile(configPath, 'utf8')}\nimports:\n${entries.join('')}`,
    )

    const { exit, out, note } = await runCommand(['config', 'check'], { cwd: folder })
    expect(exit).toBe(2)
    expect(note).toContain('"imports.assets.policy.drop": expected columns')
    expect(note).toContain('but saw "mial"')
    expect(note).toContain('"imports.joined.policy.hash.key": expected a key of at least 16')
    expect(out + note).not.toContain(secret)
    expect(note).not.toContain('is valid')

    const doctor = await runCommand(['doctor'], { cwd: folder })
    expect(doctor.exit).not.toBe(0)
    expect(doctor.out + doctor.note).toContain('but saw "mial"')
  })

  it('notes what an import with "delta" reads whole all the same, which fails nothing', async () => {
    workspace = await makeWorkspace({})
    const { configPath, folder } = workspace
    const entry = '{ connection: contoso-graph, collections: [users, owners], delta: true }'
    await writeFile(
      configPath,
      `${await readFile(configPath, 'utf8')}\nimports: { nightly: ${entry} }\n`,
    )
    const { exit, note } = await runCommand(['config', 'check', '--strict'], { cwd: folder })
    expect({ exit, note }).toEqual({
      exit: 0,
      note: expect.stringContaining(
        'note: imports.nightly.delta: Graph does not tell changes of owners: every run reads all of it.',
      ) as string,
    })
    const told = await runCommand(['config', 'check', '--json'], { cwd: folder })
    expect(told.json()).toMatchObject({ hints: [], notes: [{ asked_by: 'imports.nightly.delta' }] })
  })

  it('prints a JSON Schema that has every section', async () => {
    workspace = await makeWorkspace({})
    const { out } = await runCommand(['config', 'schema'], { cwd: workspace.folder })
    expect(Object.keys((JSON.parse(out) as { properties: object }).properties)).toEqual([
      'store',
      'encryption',
      'server',
      'network',
      'providers',
      'connections',
      'imports',
      'issuers',
      'alarms',
    ])
  })
})
