import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { aVault, createEagerClock, tenantId } from '../../../test/contract/builders.ts'
import { openSqliteStore, type Store } from '../index.ts'
import { migrations } from './migrations.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-schema-14-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('members stay members, and owners have a view of their own', async () => {
  const path = join(folder, 'store.db')
  const open = async (known: typeof migrations): Promise<Store> =>
    await openSqliteStore({
      path,
      vault: aVault(),
      clock: createEagerClock(),
      role: 'bulk',
      migrations: known,
    })
  await (await open(migrations.filter(({ version }) => version < 14))).close()
  const database = new Database(path)
  database.exec(`
    INSERT INTO directory_spaces (space_id, tenant_id, kind) VALUES
      (1, '${tenantId}', 'member'), (2, '${tenantId}', 'owner');
    INSERT INTO directory_edges (space_id, group_id, member_id, member_type, seen_by, updated_at)
    VALUES (1, 'staff', 'ann', 'user', 1, 1), (2, 'staff', 'bob', 'user', 1, 1)`)
  await (await open(migrations)).close()
  expect(database.prepare('SELECT * FROM members').all()).toEqual([
    { tenant_id: tenantId, groupId: 'staff', memberId: 'ann', memberType: 'user' },
  ])
  expect(database.prepare('SELECT * FROM owners').all()).toEqual([
    { tenant_id: tenantId, groupId: 'staff', ownerId: 'bob', ownerType: 'user' },
  ])
  database.close()
})
