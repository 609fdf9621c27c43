/**
 * Views of the collections that came with 0.7, and `members` of memberships alone: owners and
 * holders of roles stand in the same table of edges. Frozen once released.
 */

const views = {
  devices: {
    kind: 'device',
    columns: [
      'id',
      'deviceId',
      'displayName',
      'accountEnabled',
      'operatingSystem',
      'operatingSystemVersion',
      'trustType',
      'isCompliant',
      'isManaged',
      'registrationDateTime',
      'approximateLastSignInDateTime',
    ],
  },
  administrativeUnits: {
    kind: 'administrativeUnit',
    columns: ['id', 'displayName', 'description', 'visibility', 'membershipType', 'membershipRule'],
  },
  directoryRoles: {
    kind: 'directoryRole',
    columns: ['id', 'displayName', 'description', 'roleTemplateId'],
  },
  manager: { kind: 'manager', columns: ['userId', 'managerId'] },
  signInActivity: { kind: 'signInActivity', columns: ['id', 'signInActivity'] },
} as const

const objectView = (name: keyof typeof views): string => `
CREATE VIEW ${name} AS SELECT
  directory_spaces.tenant_id,
  ${views[name].columns.map((column) => `properties ->> '$.${column}' AS ${column}`).join(',\n  ')}
FROM directory_objects JOIN directory_spaces USING (space_id)
WHERE directory_spaces.kind = '${views[name].kind}' AND deleted_at IS NULL;
`

const text = (key: string): string => `iif(typeof(${key}) = 'blob', lower(
    substr(hex(${key}), 1, 8) || '-' || substr(hex(${key}), 9, 4) || '-' ||
    substr(hex(${key}), 13, 4) || '-' || substr(hex(${key}), 17, 4) || '-' ||
    substr(hex(${key}), 21)), ${key})`

const edgeView = (
  name: string,
  kind: string,
  columns: readonly [string, string, string],
): string => `
CREATE VIEW ${name} AS SELECT
  directory_spaces.tenant_id,
  ${text('group_id')} AS ${columns[0]},
  ${text('member_id')} AS ${columns[1]},
  member_type AS ${columns[2]}
FROM directory_edges JOIN directory_spaces USING (space_id)
WHERE directory_spaces.kind = '${kind}' AND deleted_at IS NULL;
`

export const schema14 = `
DROP VIEW members;
${edgeView('members', 'member', ['groupId', 'memberId', 'memberType'])}
${edgeView('owners', 'owner', ['groupId', 'ownerId', 'ownerType'])}
${edgeView('roleMembers', 'roleMember', ['roleId', 'memberId', 'memberType'])}
${objectView('devices')}
${objectView('administrativeUnits')}
${objectView('directoryRoles')}
${objectView('manager')}
${objectView('signInActivity')}
`
