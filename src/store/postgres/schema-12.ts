/**
 * Views of the collections that came with 0.7, and `members` of memberships alone: owners and
 * holders of roles stand in the same table of edges. Frozen once released.
 */

const objectView = (name: string, kind: string, columns: readonly string[]): string => `
CREATE VIEW evergrant."${name}" AS SELECT tenant_id,
  ${columns.map((column) => `properties::json ->> '${column}' AS "${column}"`).join(', ')}
FROM evergrant.directory_objects JOIN evergrant.directory_spaces USING (space_id)
WHERE kind = '${kind}' AND deleted_at IS NULL;
`

const edgeView = (
  name: string,
  kind: string,
  columns: readonly [string, string, string],
): string => `
CREATE OR REPLACE VIEW evergrant."${name}" AS SELECT tenant_id,
  regexp_replace(group_id, '^~', '') AS "${columns[0]}",
  regexp_replace(member_id, '^~', '') AS "${columns[1]}",
  member_type AS "${columns[2]}"
FROM evergrant.directory_edges JOIN evergrant.directory_spaces USING (space_id)
WHERE kind = '${kind}' AND deleted_at IS NULL;
`

export const schema12 = `
${edgeView('members', 'member', ['groupId', 'memberId', 'memberType'])}
${edgeView('owners', 'owner', ['groupId', 'ownerId', 'ownerType'])}
${edgeView('roleMembers', 'roleMember', ['roleId', 'memberId', 'memberType'])}
${objectView('devices', 'device', [
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
])}
${objectView('administrativeUnits', 'administrativeUnit', [
  'id',
  'displayName',
  'description',
  'visibility',
  'membershipType',
  'membershipRule',
])}
${objectView('directoryRoles', 'directoryRole', [
  'id',
  'displayName',
  'description',
  'roleTemplateId',
])}
${objectView('manager', 'manager', ['userId', 'managerId'])}
${objectView('signInActivity', 'signInActivity', ['id', 'signInActivity'])}
`
