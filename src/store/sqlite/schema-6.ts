/**
 * What is decided about accounts here, people who own them, and sessions of callers. Frozen once
 * released.
 *
 * Accounts are named by (kind, tenant, id) and not by their imported row: a mark may be there
 * before the account, and outlives it. GUIDs are in lower case. `over_at` tells when a session
 * ended or will end.
 */
export const schema6 = `
INSERT INTO generations VALUES ('accounts', 0), ('sessions', 0);

CREATE INDEX directory_objects_living ON directory_objects (space_id) WHERE deleted_at IS NULL;

CREATE TABLE disabled_accounts (
  kind TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  disabled_at INTEGER NOT NULL,
  disabled_by TEXT NOT NULL,
  reason TEXT,
  PRIMARY KEY (kind, tenant_id, account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE people (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE person_accounts (
  kind TEXT NOT NULL,
  tenant_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  person_id TEXT NOT NULL REFERENCES people (id),
  role TEXT CHECK (role IN ('viewer', 'operator', 'admin')),
  connections TEXT NOT NULL,
  PRIMARY KEY (kind, tenant_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_accounts_by_person
  ON person_accounts (person_id, tenant_id, account_id, kind);

CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  issuer TEXT NOT NULL,
  identity TEXT NOT NULL,
  kind TEXT,
  tenant_id TEXT,
  account_id TEXT,
  role TEXT CHECK (role IN ('viewer', 'operator', 'admin')),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  over_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_account ON sessions (tenant_id, account_id, kind)
  WHERE account_id IS NOT NULL AND revoked_at IS NULL;
CREATE INDEX sessions_by_end ON sessions (over_at);

CREATE VIEW servicePrincipals AS SELECT
  directory_spaces.tenant_id,
  properties ->> '$.id' AS id,
  properties ->> '$.appId' AS appId,
  properties ->> '$.displayName' AS displayName,
  properties ->> '$.accountEnabled' AS accountEnabled,
  properties ->> '$.servicePrincipalType' AS servicePrincipalType,
  properties ->> '$.appOwnerOrganizationId' AS appOwnerOrganizationId,
  properties ->> '$.appRoleAssignmentRequired' AS appRoleAssignmentRequired,
  properties ->> '$.servicePrincipalNames' AS servicePrincipalNames,
  properties ->> '$.signInAudience' AS signInAudience,
  properties ->> '$.tags' AS tags
FROM directory_objects JOIN directory_spaces USING (space_id)
WHERE directory_spaces.kind = 'servicePrincipal' AND deleted_at IS NULL;
`
