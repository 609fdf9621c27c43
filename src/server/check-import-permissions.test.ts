import { expect, test } from 'vitest'
import { collections, type CollectionName } from '../directory/index.ts'
import { permissionsLacking } from './check-import-permissions.ts'

const names = Object.keys(collections) as readonly CollectionName[]

test.each(names)('without any permission %s lack their own', (name) => {
  const { furtherPermission, permission } = collections[name]
  const all = furtherPermission === undefined ? [permission] : [permission, furtherPermission]
  expect(permissionsLacking(name, [])).toEqual(all)
  expect(permissionsLacking(name, all)).toEqual([])
})

test.each([
  ['members', 'Group.Read.All'],
  ['owners', 'Group.ReadWrite.All'],
  ['devices', 'Device.ReadWrite.All'],
  ['roleMembers', 'RoleManagement.ReadWrite.Directory'],
  ['administrativeUnits', 'Directory.Read.All'],
] as const)('of %s, %s is enough', (name, permission) => {
  expect(permissionsLacking(name, [permission])).toEqual([])
})

test('sign-in activity lacks a permission even where the whole directory may be read', () => {
  expect(permissionsLacking('signInActivity', ['Directory.Read.All'])).toEqual([
    'AuditLog.Read.All',
  ])
})
