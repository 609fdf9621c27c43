import { expect, it } from 'vitest'
import { oldProgress, oldRunSql } from '../../../test/contract/old-run.ts'
import { aVault, createEagerClock } from '../../../test/contract/builders.ts'
import { emptyDatabase } from '../../../test/support/postgres.ts'
import { migratePostgresStore, openPostgresStore } from '../index.ts'
import { migrations } from './migrations.ts'

it('a run that the release before was interrupted in goes on where it stood', async () => {
  const database = await emptyDatabase()
  const { url, password } = database
  const vault = aVault()
  const older = migrations.filter(({ version }) => version < 11)
  await migratePostgresStore({ url, password, vault, migrations: older })
  await database.query(oldRunSql('evergrant.'))
  await migratePostgresStore({ url, password, vault })
  const clock = createEagerClock()
  const store = await openPostgresStore({ url, password, vault, clock, role: 'bulk' })
  expect(await store.runs.listProgress('run_old')).toEqual(oldProgress)
  await store.close()
  await database.dispose()
})
