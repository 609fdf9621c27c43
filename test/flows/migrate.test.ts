import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { migrations } from '../../src/store/postgres/migrations.ts'
import { generateKey } from '../../src/vault/index.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { emptyDatabase, type TestDatabase } from '../support/postgres.ts'

let folder: string
let database: TestDatabase
const run = async (...args: readonly string[]): Promise<CommandOutcome> =>
  await runCommand(args, { cwd: folder, env: { PASSWORD: database.password().reveal() } })
const configure = async (store: string): Promise<void> => {
  await writeFile(
    join(folder, 'evergrant.yaml'),
    `store: ${store}
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
providers:
  lab: { type: oauth2, tokenEndpoint: http://127.0.0.1:1/token }
connections:
  api:
    provider: lab
    client: { id: c, credentials: [{ secret: { env: PASSWORD } }] }
    grant: client_credentials
    scope: read
`,
  )
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evergrant-flow-'))
  database = await emptyDatabase()
  await writeFile(join(folder, 'evergrant.key'), generateKey().reveal(), { mode: 0o600 })
  await configure(`{ url: ${database.url}, password: { env: PASSWORD } }`)
})
afterEach(async () => {
  await database.dispose()
  await rm(folder, { recursive: true })
})

const newest = migrations.at(-1)?.version

describe('evergrant migrate', () => {
  it('is what every other command asks for while the database has no tables', async () => {
    const refused = await run('connections', 'list')
    expect(refused).toMatchObject({ exit: 2 })
    expect(refused.note).toContain('evergrant migrate')
  })

  it('refuses another key than the one the store was made with', async () => {
    await run('migrate')
    await writeFile(join(folder, 'evergrant.key'), generateKey().reveal())
    const refused = await run('migrate', '--json')
    expect(refused.exit).toBe(2)
    expect(refused.out + refused.note).toContain('key_wrong')
  })

  it('prepares the database, tells what it did, and lets the other commands work', async () => {
    const first = await run('migrate')
    expect(first).toMatchObject({ exit: 0 })
    expect(first.out).toContain(`${database.url}: from no tables to schema ${newest}`)
    const again = await run('migrate', '--json')
    expect(again.json()).toEqual({
      store: 'postgres',
      place: database.url,
      from: newest,
      to: newest,
      steps: [],
    })
    expect(await run('connections', 'list')).toMatchObject({ exit: 0 })
  })

  it('makes the look-ups that the issuers of the configuration need', async () => {
    await run('migrate')
    const lookups = async (): Promise<number> =>
      (
        await database.query(
          `SELECT FROM pg_indexes WHERE schemaname = 'evergrant' AND indexname LIKE 'directory_lookup_%'`,
        )
      ).length
    expect(await lookups()).toBe(0)
    await appendFile(
      join(folder, 'evergrant.yaml'),
      `issuers:
  lab:
    type: oidc
    issuer: https://sso.example.com
    tenant: 11111111-2222-3333-4444-555555555555
    audiences: [api://evergrant]
    match: [{ claim: employee, column: employeeId }]
`,
    )
    expect(await run('migrate')).toMatchObject({ exit: 0 })
    expect(await lookups()).toBe(4)
  })

  it('has nothing to do for SQLite', async () => {
    await configure('sqlite:./evergrant.db')
    const told = await run('migrate')
    expect(told).toMatchObject({ exit: 0 })
    expect(told.out).toContain('up to date')
  })
})
