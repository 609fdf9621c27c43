import { administrativeUnitFilters, administrativeUnitProperties } from './administrative-unit.ts'
import { drawAdministrativeUnit, type AdministrativeUnit } from './administrative-unit.ts'
import { deviceFilters, deviceProperties, drawDevice, type Device } from './device.ts'
import { directoryRoleFilters, directoryRoleNames } from './directory-roles.ts'
import { directoryRoleProperties, type ActivatedRole } from './directory-roles.ts'
import type { ObjectSource } from './graph-objects.ts'

const directoryReaders = ['Directory.Read.All', 'Directory.ReadWrite.All']
/** What is enough to read directory roles and who holds them. */
export const roleReaders: readonly string[] = [
  'RoleManagement.Read.Directory',
  'RoleManagement.ReadWrite.Directory',
  ...directoryReaders,
]

/** `/devices`. */
export const deviceSource: ObjectSource<Device> = {
  entitySet: 'devices',
  resource: 'Device',
  type: 'device',
  permissions: ['Device.Read.All', 'Device.ReadWrite.All', ...directoryReaders],
  properties: deviceProperties,
  filters: deviceFilters,
  *rows({ deviceCount, groups }, from) {
    for (let index = from; index < deviceCount; index++) yield [index, drawDevice(groups, index)]
  },
}

/** `/directory/administrativeUnits`. */
export const administrativeUnitSource: ObjectSource<AdministrativeUnit> = {
  entitySet: 'directory/administrativeUnits',
  resource: 'AdministrativeUnit',
  type: 'administrativeUnit',
  permissions: [
    'AdministrativeUnit.Read.All',
    'AdministrativeUnit.ReadWrite.All',
    ...directoryReaders,
  ],
  properties: administrativeUnitProperties,
  filters: administrativeUnitFilters,
  *rows({ administrativeUnitCount, population }, from) {
    for (let index = from; index < administrativeUnitCount; index++) {
      yield [index, drawAdministrativeUnit(population.seed, index)]
    }
  },
}

/** `/directoryRoles`: every role is activated. */
export const directoryRoleSource: ObjectSource<ActivatedRole> = {
  entitySet: 'directoryRoles',
  resource: 'DirectoryRole',
  type: 'directoryRole',
  permissions: roleReaders,
  properties: directoryRoleProperties,
  filters: directoryRoleFilters,
  isPaged: false,
  *rows({ id: tenantId }, from) {
    for (const [index, role] of directoryRoleNames.entries()) {
      if (index >= from) yield [index, { tenantId, role }]
    }
  },
}
