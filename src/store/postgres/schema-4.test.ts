import { expect, it } from 'vitest'
import { aVault, createEagerClock, tenantId } from '../../../test/contract/builders.ts'
import { emptyDatabase } from '../../../test/support/postgres.ts'
import { migratePostgresStore, openPostgresStore, type Store } from '../index.ts'
import { migrations } from './migrations.ts'

it('a directory that the release before imported is one of accounts, once it is migrated', async () => {
  const database = await emptyDatabase()
  const { url, password } = database
  const vault = aVault()
  const older = migrations.filter(({ version }) => version < 4)
  const open = async (): Promise<Store> =>
    await openPostgresStore({
      url,
      password,
      vault,
      clock: createEagerClock(),
      role: 'bulk',
    })
  await migratePostgresStore({ url, password, vault, migrations: older })
  const id = crypto.randomUUID()
  await database.query(`
    INSERT INTO evergrant.directory_spaces (tenant_id, kind, objects, next_row)
    VALUES ('${tenantId}', 'user', 1, 1);
    INSERT INTO evergrant.directory_objects (space_id, row_id, updated_at, object_id, properties)
    SELECT space_id, 0, 9, '${id}', '{"id":"${id}","mail":"ann@contoso.com"}'
    FROM evergrant.directory_spaces`)

  await migratePostgresStore({ url, password, vault })
  const after = await open()
  const key = { tenantId, kind: 'user', id } as const
  expect(await after.accounts.getAccount(key)).toMatchObject({ properties: { id } })
  expect(await after.accounts.disableAccount(key, { at: 1, by: 'ann' })).toBe(true)
  expect(await after.readGenerations()).toMatchObject({ accounts: 1, sessions: 0 })
  expect(await database.query('SELECT * FROM evergrant."servicePrincipals"')).toEqual([])

  await after.close()
  await database.dispose()
})
