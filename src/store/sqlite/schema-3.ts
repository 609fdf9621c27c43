/**
 * Groups, memberships and tombstones. Frozen once released: changes are new migrations.
 *
 * A row that a complete import no longer met keeps its place with `deleted_at` set. A space counts
 * its live rows (`objects`) apart from those (`tombstones`). A membership remembers the last run
 * that met it (`seen_by`); its ids are spelt as in `directory_keys`.
 */
export const schema3 = `
ALTER TABLE directory_spaces ADD COLUMN tombstones INTEGER NOT NULL DEFAULT 0;
ALTER TABLE directory_objects ADD COLUMN deleted_at INTEGER;

ALTER TABLE import_walks ADD COLUMN group_id TEXT;
ALTER TABLE import_walks ADD COLUMN group_url TEXT;
ALTER TABLE import_walks ADD COLUMN groups INTEGER;
ALTER TABLE import_walks ADD COLUMN vanished_groups INTEGER;
ALTER TABLE import_walks ADD COLUMN verdict TEXT;
ALTER TABLE import_walks ADD COLUMN detail TEXT;
ALTER TABLE import_walks ADD COLUMN deleted INTEGER;
ALTER TABLE import_walks ADD COLUMN deletion_note TEXT;
ALTER TABLE import_walks ADD COLUMN hidden_groups INTEGER;

CREATE TABLE directory_edges (
  space_id INTEGER NOT NULL,
  group_id ANY NOT NULL,
  member_id ANY NOT NULL,
  member_type TEXT NOT NULL,
  seen_by INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER,
  PRIMARY KEY (space_id, group_id, member_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_edges_by_member ON directory_edges (space_id, member_id, group_id);

DROP VIEW users;
CREATE VIEW users AS SELECT
  directory_spaces.tenant_id,
  properties ->> '$.id' AS id,
  properties ->> '$.userPrincipalName' AS userPrincipalName,
  properties ->> '$.displayName' AS displayName,
  properties ->> '$.givenName' AS givenName,
  properties ->> '$.surname' AS surname,
  properties ->> '$.mail' AS mail,
  properties ->> '$.accountEnabled' AS accountEnabled,
  properties ->> '$.userType' AS userType,
  properties ->> '$.jobTitle' AS jobTitle,
  properties ->> '$.department' AS department,
  properties ->> '$.companyName' AS companyName,
  properties ->> '$.officeLocation' AS officeLocation,
  properties ->> '$.mobilePhone' AS mobilePhone,
  properties ->> '$.businessPhones' AS businessPhones,
  properties ->> '$.employeeId' AS employeeId,
  properties ->> '$.preferredLanguage' AS preferredLanguage,
  properties ->> '$.usageLocation' AS usageLocation,
  properties ->> '$.createdDateTime' AS createdDateTime
FROM directory_objects JOIN directory_spaces USING (space_id)
WHERE directory_spaces.kind = 'user' AND deleted_at IS NULL;

CREATE VIEW groups AS SELECT
  directory_spaces.tenant_id,
  properties ->> '$.id' AS id,
  properties ->> '$.displayName' AS displayName,
  properties ->> '$.description' AS description,
  properties ->> '$.mail' AS mail,
  properties ->> '$.mailEnabled' AS mailEnabled,
  properties ->> '$.mailNickname' AS mailNickname,
  properties ->> '$.securityEnabled' AS securityEnabled,
  properties ->> '$.groupTypes' AS groupTypes,
  properties ->> '$.membershipRule' AS membershipRule,
  properties ->> '$.visibility' AS visibility,
  properties ->> '$.onPremisesSyncEnabled' AS onPremisesSyncEnabled,
  properties ->> '$.createdDateTime' AS createdDateTime
FROM directory_objects JOIN directory_spaces USING (space_id)
WHERE directory_spaces.kind = 'group' AND deleted_at IS NULL;

CREATE VIEW members AS SELECT
  directory_spaces.tenant_id,
  iif(typeof(group_id) = 'blob', lower(
    substr(hex(group_id), 1, 8) || '-' || substr(hex(group_id), 9, 4) || '-' ||
    substr(hex(group_id), 13, 4) || '-' || substr(hex(group_id), 17, 4) || '-' ||
    substr(hex(group_id), 21)), group_id) AS groupId,
  iif(typeof(member_id) = 'blob', lower(
    substr(hex(member_id), 1, 8) || '-' || substr(hex(member_id), 9, 4) || '-' ||
    substr(hex(member_id), 13, 4) || '-' || substr(hex(member_id), 17, 4) || '-' ||
    substr(hex(member_id), 21)), member_id) AS memberId,
  member_type AS memberType
FROM directory_edges JOIN directory_spaces USING (space_id)
WHERE deleted_at IS NULL;
`
