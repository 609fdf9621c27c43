import { createHmac } from 'node:crypto'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createRunControl, printOfKey } from '../../src/imports/index.ts'
import { Secret } from '../../src/kernel/index.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import {
  atPage,
  groundTruth,
  makeWorkspace,
  runImport,
  storedUsers,
  type Workspace,
} from '../support/workspace.ts'

const pepper = 'planted~pepper~of~the~tests'
const keyPrint = printOfKey({ key: new Secret(pepper), from: 'pepper' })
const chosen = ['id', 'displayName', 'mail', 'mobilePhone', 'businessPhones']
let workspace: Workspace
beforeEach(async () => {
  workspace = await makeWorkspace({ users: 250 })
  await writeFile(workspace.path('pepper'), pepper, { mode: 0o600 })
  const policy =
    'policy: { drop: [mobilePhone], hash: { columns: [mail, businessPhones], key: { file: ./pepper } } }'
  const entry = (name: string, to: string): string =>
    `  ${name}: { connection: contoso-graph, collections: [users], columns: [${chosen.slice(1).join(', ')}], to: "${to}", pageSize: 50, ${policy} }\n`
  await appendFile(
    workspace.configPath,
    `imports:\n${entry('kept', 'store')}${entry('lines', 'ndjson:./out')}${entry('cells', 'csv:./out')}${entry('rows', 'sqlite:./rows.db')}`,
  )
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await workspace.close()
})

const run = async (name: string): Promise<CommandOutcome> =>
  await runCommand(['imports', 'run', name], { cwd: workspace.folder })
const hashOf = (text: string): string =>
  createHmac('sha256', pepper).update(text).digest('base64url')

/** The directory as a destination may know it. */
function policed(): Map<string, unknown> {
  const truth = groundTruth(workspace.simulator, chosen)
  return new Map(
    [...truth].map(([id, json]) => {
      const {
        mobilePhone: _,
        mail,
        businessPhones,
        ...row
      } = JSON.parse(json) as {
        readonly mobilePhone?: unknown
        readonly mail: string | null
        readonly businessPhones: readonly string[]
      }
      const sealed = {
        mail: mail === null ? null : hashOf(mail.toLowerCase()),
        businessPhones: businessPhones.map(hashOf),
      }
      return [id, { ...row, ...sealed }] as const
    }),
  )
}

const parsed = (rows: ReadonlyMap<string, string>): Map<string, unknown> =>
  new Map([...rows].map(([id, json]) => [id, JSON.parse(json) as unknown]))

it('refuses a policy with a column that the import does not have, and a key that is too short', async () => {
  const text = await readFile(workspace.configPath, 'utf8')
  await writeFile(workspace.configPath, text.replaceAll('columns: [mail,', 'columns: [mial,'))
  expect((await run('kept')).note).toContain('"mial"')
  await writeFile(workspace.configPath, text)
  await writeFile(workspace.path('pepper'), 'planted')
  const short = await run('kept')
  expect(short).toMatchObject({ exit: 2 })
  expect(short.note).toContain('at least 16 characters')
  expect(short.note).not.toContain('planted')
})

const keys = [
  ['short', 'planted'],
  ['blank', ' '.repeat(40)],
] as const
const typed = async (...options: readonly string[]): Promise<CommandOutcome> =>
  await runCommand(['import', 'contoso-graph', 'users', ...options], {
    cwd: workspace.folder,
    env: { EVERGRANT_HASH_KEY: keys.find(([name]) => options.includes(name))?.[1] ?? pepper },
  })

it.each([
  [['--drop', 'mobilPhone'], '--drop: expected columns of this import'],
  [['--hash', 'mail,mial'], '--hash: expected columns of this import'],
  [['--hash', 'mail', '--drop', 'mail'], '"mail" is to be dropped and hashed'],
  [['--hash', 'mail', '--name', 'short'], 'EVERGRANT_HASH_KEY: expected a key of at least 16'],
  [['--hash', 'mail', '--name', 'blank'], 'other than blanks, but it has 0'],
])('names what was typed when it refuses %j', async (options, told) => {
  const { exit, note } = await typed(...options)
  expect({ exit, note }).toEqual({ exit: 2, note: expect.stringContaining(told) as string })
  expect(note).not.toContain('planted')
})

it('hashes columns that are named on the command line, with a key of the environment', async () => {
  const command = ['import', 'contoso-graph', 'users', '--hash', 'mail']
  const keyless = await runCommand(command, { cwd: workspace.folder })
  expect(keyless).toMatchObject({ exit: 2 })
  expect(keyless.note).toContain('EVERGRANT_HASH_KEY')
  // The worker that drives it has the environment of the process.
  vi.stubEnv('EVERGRANT_HASH_KEY', pepper)
  const { exit, note } = await typed('--select', 'mail', '--hash', 'Mail')
  expect({ exit, note: exit === 0 ? '' : note }).toEqual({ exit: 0, note: '' })
  const wanted = [...groundTruth(workspace.simulator, ['id', 'mail'])].map(([id, json]) => {
    const { mail } = JSON.parse(json) as { readonly mail: string | null }
    return [id, { id, mail: mail === null ? null : hashOf(mail.toLowerCase()) }] as const
  })
  expect(parsed(await storedUsers(workspace))).toEqual(new Map(wanted))
})

it('asks nothing of a key where nothing is hashed', async () => {
  const entry =
    '  bare: { connection: contoso-graph, collections: [users], to: store, policy: { drop: [mobilePhone] } }\n'
  await appendFile(workspace.configPath, entry)
  const { exit, note } = await runCommand(['imports', 'run', 'bare'], {
    cwd: workspace.folder,
    env: { EVERGRANT_HASH_KEY: 'planted' },
  })
  expect({ exit, note: exit === 0 ? '' : note }).toEqual({ exit: 0, note: '' })
})

it('writes hashes and leaves columns out wherever rows go, and the key nowhere', async () => {
  const wanted = policed()
  const { exit, note } = await run('kept')
  expect({ exit, note: exit === 0 ? '' : note }).toEqual({ exit: 0, note: '' })
  const options = {
    columns: { users: chosen.filter((column) => column !== 'mobilePhone') },
    policy: {
      dropped: ['mobilePhone'],
      hashed: ['mail', 'businessPhones'],
      keyPrint,
    },
  }
  for (const [name, to] of [
    ['lines', 'ndjson:out'],
    ['cells', 'csv:out'],
    ['rows', 'sqlite:rows.db'],
  ] as const) {
    expect((await runImport(workspace, { name, to, options })).run.verdict).toBe('complete')
  }
  expect(parsed(await storedUsers(workspace))).toEqual(wanted)
  const lines = (await readFile(workspace.path('out/users.ndjson'), 'utf8')).trimEnd().split('\n')
  const rows = lines.map((line) => JSON.parse(line) as { readonly id: string })
  expect(new Map(rows.map((row) => [row.id, row]))).toEqual(wanted)
  const csv = await readFile(workspace.path('out/users.csv'), 'utf8')
  expect(csv.split('\r\n')[0]).toBe('tenant_id,id,displayName,mail,businessPhones')
  expect(csv.split('\r\n')).toHaveLength(252)
  const raw = groundTruth(workspace.simulator, ['id', 'mail', 'mobilePhone'])
  const written = await Promise.all(
    ['evergrant.db', 'evergrant.db-wal', 'rows.db', 'out/users.ndjson', 'out/users.csv'].map(
      async (file) => await readFile(workspace.path(file), 'latin1').catch(() => ''),
    ),
  )
  const all = written.join('\n')
  expect(all).not.toContain(pepper)
  for (const json of raw.values()) {
    const { mail, mobilePhone } = JSON.parse(json) as Record<string, string | null>
    for (const text of [mail, mobilePhone]) {
      expect(typeof text === 'string' && all.includes(text)).toBe(false)
    }
  }
})

it('hashes what is read anew because it changed while several cursors read', async () => {
  const { control } = workspace.simulator
  const users = [...workspace.simulator.users(undefined, ['id'])] as { readonly id: string }[]
  atPage(workspace.simulator, 3, () => {
    for (const { id } of users.slice(0, 20)) control.changeUser(id, { mail: 'Planted@x.example' })
  })
  const { lines, run: told } = await runImport(workspace, {
    name: 'kept',
    options: {
      columns: { users: ['id', 'mail'] },
      policy: { dropped: [], hashed: ['mail'], keyPrint },
      concurrency: 4,
      pageSize: 10,
    },
  })
  expect(told.state).toBe('completed')
  expect(lines('changes_applied')[0]?.changed).toBeGreaterThan(0)
  const stored = [...(await storedUsers(workspace)).values()].join('\n')
  expect(stored).not.toMatch(/planted/i)
  expect(stored.split(hashOf('planted@x.example'))).toHaveLength(21)
})

it('does not go on with another key, and does with the one it began with', async () => {
  const control = createRunControl()
  atPage(workspace.simulator, 2, () => control.request('stop'))
  const stopped = await runImport(workspace, {
    name: 'lines',
    to: 'ndjson:out',
    control,
    options: {
      columns: { users: ['id', 'mail'] },
      policy: {
        dropped: [],
        hashed: ['mail'],
        keyPrint,
      },
    },
  })
  expect(stopped.end.state).toBe('interrupted')
  const resume = async (): Promise<CommandOutcome> =>
    await runCommand(['imports', 'resume', stopped.run.id], { cwd: workspace.folder })
  await writeFile(workspace.path('pepper'), 'planted~another~key')
  const refused = await resume()
  expect(refused.note).toContain('that is another one now')
  expect(refused.note).not.toContain('planted')
  await writeFile(workspace.path('pepper'), pepper)
  expect(await resume()).toMatchObject({ exit: 0 })
  const lines = (await readFile(workspace.path('out/users.ndjson'), 'utf8')).trimEnd().split('\n')
  expect(lines).toHaveLength(250)
  for (const line of lines) expect(line).toMatch(/"mail":(null|"[\w-]{43}")/)
})
