import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { oldProgress, oldRunSql } from '../../../test/contract/old-run.ts'
import { aVault, createEagerClock } from '../../../test/contract/builders.ts'
import { openSqliteStore, type Store } from '../index.ts'
import { migrations } from './migrations.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-schema-13-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('a run that the release before was interrupted in goes on where it stood', async () => {
  const path = join(folder, 'store.db')
  const open = async (known: typeof migrations): Promise<Store> =>
    await openSqliteStore({
      path,
      vault: aVault(),
      clock: createEagerClock(),
      role: 'bulk',
      migrations: known,
    })
  await (await open(migrations.filter(({ version }) => version < 13))).close()
  const database = new Database(path)
  database.exec(oldRunSql(''))
  database.close()
  const store = await open(migrations)
  expect(await store.runs.listProgress('run_old')).toEqual(oldProgress)
  await store.close()
})
