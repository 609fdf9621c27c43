import { expect, it } from 'vitest'
import { importUsers } from '../../../test/contract/accounts.contract.ts'
import { aVault, createEagerClock, tenantId } from '../../../test/contract/builders.ts'
import { emptyDatabase } from '../../../test/support/postgres.ts'
import { migratePostgresStore, openPostgresStore, type Store } from '../index.ts'
import { migrations } from './migrations.ts'

it('a directory that the release before imported is one of accounts, once it is migrated', async () => {
  const database = await emptyDatabase()
  const { url, password } = database
  const vault = aVault()
  const older = migrations.filter(({ version }) => version < 4)
  const open = async (known: typeof migrations): Promise<Store> =>
    await openPostgresStore({
      url,
      password,
      vault,
      clock: createEagerClock(),
      role: 'bulk',
      migrations: known,
    })
  await migratePostgresStore({ url, password, vault, migrations: older })
  const before = await open(older)
  const [id = ''] = await importUsers(before, [{ mail: 'ann@contoso.com' }])

  await migratePostgresStore({ url, password, vault })
  const after = await open(migrations)
  const key = { tenantId, kind: 'user', id } as const
  expect(await after.accounts.getAccount(key)).toMatchObject({ properties: { id } })
  expect(await after.accounts.disableAccount(key, { at: 1, by: 'ann' })).toBe(true)
  expect(await after.readGenerations()).toMatchObject({ accounts: 1, sessions: 0 })
  expect(await database.query('SELECT * FROM evergrant."servicePrincipals"')).toEqual([])

  // It only adds: a node of the release before, still running beside, goes on.
  await importUsers(before, [{ id, mail: 'ann@fabrikam.com' }])
  expect(await before.directory.findObject(key)).toMatchObject({
    properties: { mail: 'ann@fabrikam.com' },
  })
  await before.close()
  await after.close()
  await database.dispose()
})
