import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { importUsers } from '../../../test/contract/accounts.contract.ts'
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
  const before = await open(migrations.filter(({ version }) => version < 6))
  const [id = ''] = await importUsers(before, [{ mail: 'ann@contoso.com' }])
  await before.close()

  const after = await open(migrations)
  const key = { tenantId, kind: 'user', id } as const
  expect(await after.accounts.getAccount(key)).toMatchObject({ properties: { id } })
  expect((await after.accounts.listAccounts({ kind: 'user', limit: 9 })).accounts).toHaveLength(1)
  expect(await after.accounts.disableAccount(key, { at: 1, by: 'ann' })).toBe(true)
  expect(await after.readGenerations()).toMatchObject({ accounts: 1, sessions: 0 })
  await after.close()
  expect(readdirSync(folder).filter((name) => name.includes('.schema-5-'))).toHaveLength(1)

  // It only adds: a process of the release before, still running beside, goes on.
  const beside = await open(migrations.filter(({ version }) => version < 6))
  await importUsers(beside, [{ id, mail: 'ann@fabrikam.com' }])
  expect(await beside.directory.findObject(key)).toMatchObject({
    properties: { mail: 'ann@fabrikam.com' },
  })
  await beside.close()
})
