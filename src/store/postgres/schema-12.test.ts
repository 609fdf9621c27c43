import { expect, it } from 'vitest'
import { aVault, tenantId } from '../../../test/contract/builders.ts'
import { emptyDatabase } from '../../../test/support/postgres.ts'
import { migratePostgresStore } from '../index.ts'
import { migrations } from './migrations.ts'

it('members stay members, and owners and managers have views of their own', async () => {
  const database = await emptyDatabase()
  const { url, password } = database
  const vault = aVault()
  const older = migrations.filter(({ version }) => version < 12)
  await migratePostgresStore({ url, password, vault, migrations: older })
  await database.query(`
    INSERT INTO evergrant.directory_spaces (tenant_id, kind, next_row) VALUES
      ('${tenantId}', 'member', 0), ('${tenantId}', 'owner', 0), ('${tenantId}', 'manager', 1);
    INSERT INTO evergrant.directory_edges
      (space_id, group_id, member_id, member_type, seen_by, updated_at)
    SELECT space_id, 'staff', CASE kind WHEN 'member' THEN 'ann' ELSE 'bob' END, 'user', 1, 1
    FROM evergrant.directory_spaces WHERE kind <> 'manager';
    INSERT INTO evergrant.directory_objects (space_id, row_id, updated_at, object_id, properties)
    SELECT space_id, 0, 9, 'ann', '{"userId":"ann","managerId":"bob"}'
    FROM evergrant.directory_spaces WHERE kind = 'manager'`)
  await migratePostgresStore({ url, password, vault })
  expect(await database.query('SELECT * FROM evergrant.members')).toEqual([
    { tenant_id: tenantId, groupId: 'staff', memberId: 'ann', memberType: 'user' },
  ])
  expect(await database.query('SELECT * FROM evergrant.owners')).toEqual([
    { tenant_id: tenantId, groupId: 'staff', ownerId: 'bob', ownerType: 'user' },
  ])
  expect(await database.query('SELECT * FROM evergrant.manager')).toEqual([
    { tenant_id: tenantId, userId: 'ann', managerId: 'bob' },
  ])
  await database.dispose()
})
