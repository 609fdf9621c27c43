import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { aVault, createEagerClock, tenantId } from '../../../test/contract/builders.ts'
import { openSqliteStore, type Store } from '../index.ts'
import { migrations } from './migrations.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-schema-6-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('a directory that the release before imported is one of accounts, once it is migrated', async () => {
  const open = async (known: typeof migrations): Promise<Store> =>
    await openSqliteStore({
      path: join(folder, 'store.db'),
      vault: aVault(),
      clock: createEagerClock(),
      role: 'bulk',
      migrations: known,
    })
  await (await open(migrations.filter(({ version }) => version < 6))).close()
  const id = crypto.randomUUID()
  writeOldUser(join(folder, 'store.db'), { id, mail: 'ann@contoso.com' })

  const after = await open(migrations)
  const key = { tenantId, kind: 'user', id } as const
  expect(await after.accounts.getAccount(key)).toMatchObject({ properties: { id } })
  expect((await after.accounts.listAccounts({ kind: 'user', limit: 9 })).accounts).toHaveLength(1)
  expect(await after.accounts.disableAccount(key, { at: 1, by: 'ann' })).toBe(true)
  expect(await after.readGenerations()).toMatchObject({ accounts: 1, sessions: 0 })
  await after.close()
  expect(readdirSync(folder).filter((name) => name.includes('.schema-5-'))).toHaveLength(1)
})

/** Writes a user as the release before had imported it. */
function writeOldUser(path: string, user: { readonly id: string; readonly mail: string }): void {
  const database = new Database(path)
  database
    .prepare(
      "INSERT INTO directory_spaces (space_id, tenant_id, kind, objects) VALUES (1, ?, 'user', 1)",
    )
    .run(tenantId)
  database
    .prepare(
      'INSERT INTO directory_objects (row_id, space_id, updated_at, properties) VALUES (1, 1, 9, ?)',
    )
    .run(JSON.stringify(user))
  database
    .prepare('INSERT INTO directory_keys VALUES (?, 1, 1)')
    .run(Buffer.from(user.id.replaceAll('-', ''), 'hex'))
  database.close()
}
