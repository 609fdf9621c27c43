/**
 * The first schema. Frozen once released: changes are new migrations.
 *
 * Instants are epoch milliseconds. Directory keys are explained in the README: an object's id
 * stands in `directory_keys` or, freshly imported, in `directory_fresh_keys`, never in both.
 */
export const schema1 = `
CREATE TABLE generations (
  topic TEXT PRIMARY KEY,
  generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO generations VALUES ('grants', 0), ('slots', 0), ('runs', 0);

CREATE TABLE grants (
  id TEXT PRIMARY KEY,
  connection TEXT NOT NULL,
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'lapsed', 'revoked', 'orphaned')),
  state_changed_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  refresh_count INTEGER NOT NULL DEFAULT 0,
  last_refreshed_at INTEGER,
  last_failure TEXT,
  UNIQUE (connection, tenant, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE token_slots (
  grant_id TEXT NOT NULL REFERENCES grants (id),
  target TEXT NOT NULL,
  credential_version TEXT NOT NULL,
  version INTEGER NOT NULL,
  sealed_token BLOB,
  token_type TEXT,
  issued_at INTEGER,
  expires_at INTEGER,
  refresh_at INTEGER,
  scope TEXT,
  claims TEXT,
  blocked_until INTEGER,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (grant_id, target, credential_version)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_runs (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  options TEXT NOT NULL,
  state TEXT NOT NULL
    CHECK (state IN ('running', 'waiting', 'interrupted', 'completed', 'failed', 'cancelled')),
  reason TEXT,
  verdict TEXT,
  problem TEXT,
  owner TEXT,
  owner_instance TEXT,
  heartbeat_at INTEGER NOT NULL,
  requested TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  finished_at INTEGER,
  totals TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX import_runs_one_open_per_name ON import_runs (name)
  WHERE state IN ('running', 'waiting', 'interrupted');
CREATE INDEX import_runs_by_name ON import_runs (name, sequence);

CREATE TABLE import_walks (
  run_id TEXT NOT NULL REFERENCES import_runs (id),
  collection TEXT NOT NULL,
  shard INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('walking', 'finished')),
  next_url TEXT,
  pages INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  restarts INTEGER NOT NULL,
  segment_bytes INTEGER NOT NULL,
  count_before INTEGER,
  count_after INTEGER,
  distinct_rows INTEGER,
  segment TEXT,
  PRIMARY KEY (run_id, collection, shard)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_log (
  run_sequence INTEGER NOT NULL REFERENCES import_runs (sequence),
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  level TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (run_sequence, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE directory_spaces (
  space_id INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  owner TEXT,
  owned_since INTEGER,
  objects INTEGER NOT NULL DEFAULT 0,
  UNIQUE (tenant_id, kind)
) STRICT;

CREATE TABLE directory_objects (
  row_id INTEGER PRIMARY KEY,
  space_id INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  properties TEXT NOT NULL
) STRICT;

CREATE TABLE directory_keys (
  object_id ANY NOT NULL,
  space_id INTEGER NOT NULL,
  row_id INTEGER NOT NULL,
  PRIMARY KEY (object_id, space_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE directory_fresh_keys (
  object_id ANY NOT NULL,
  space_id INTEGER NOT NULL,
  row_id INTEGER NOT NULL,
  PRIMARY KEY (object_id, space_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE directory_seen (
  run_sequence INTEGER NOT NULL,
  space_id INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  bits BLOB NOT NULL,
  PRIMARY KEY (run_sequence, space_id, chunk)
) STRICT, WITHOUT ROWID;

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
WHERE directory_spaces.kind = 'user';
`
