/** The id of the key that sealed a value, read from the value itself (see the vault's layout). */
const keyOf = (column: string): string => {
  const digit = (position: number): string =>
    `(instr('0123456789ABCDEF', substr(hex(substr(${column}, 2, 1)), ${position}, 1)) - 1)`
  return `CAST(substr(${column}, 3, ${digit(1)} * 16 + ${digit(2)}) AS TEXT)`
}

/**
 * The second schema: flights, shared failures and the journal of refreshes; refresh tokens;
 * current, candidate and superseded grants; connections kept in the store; nodes and the sealing
 * key. Frozen once released.
 *
 * Grants and slots are rowid tables now, because their rows hold sealed values of a page and more.
 * The sealed access tokens keep their table, column and row name, which they are bound to. The
 * tables are made anew rather than altered: what refers to `grants` has to follow it.
 *
 * `sealed_by` columns are made from the sealed values, so they cannot disagree with them; their
 * indexes tell without a scan what a key still seals.
 */
export const schema2 = `
ALTER TABLE token_slots RENAME TO token_slots_1;
ALTER TABLE grants RENAME TO grants_1;

CREATE TABLE grants (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  connection TEXT NOT NULL,
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  standing TEXT NOT NULL CHECK (standing IN ('current', 'candidate', 'superseded')),
  state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'lapsed', 'revoked', 'orphaned')),
  state_changed_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  refresh_count INTEGER NOT NULL DEFAULT 0,
  last_refreshed_at INTEGER,
  last_failure TEXT,
  keep_alive_at INTEGER,
  refresh_version INTEGER NOT NULL DEFAULT 0,
  refresh_obtained_at INTEGER,
  refresh_used_at INTEGER,
  refresh_expires_at INTEGER,
  refresh_unknown_since INTEGER,
  sealed_refresh_token BLOB,
  sealed_by TEXT GENERATED ALWAYS AS (${keyOf('sealed_refresh_token')}) VIRTUAL
) STRICT;
INSERT INTO grants (id, connection, tenant, subject, standing, state, state_changed_at, created_at,
    refresh_count, last_refreshed_at, last_failure)
  SELECT id, connection, tenant, subject,
    iif(row_number() OVER (PARTITION BY connection, tenant ORDER BY state = 'active' DESC, id DESC)
      = 1, 'current', 'superseded'),
    state, state_changed_at, created_at, refresh_count, last_refreshed_at, last_failure
  FROM grants_1 ORDER BY id;
CREATE UNIQUE INDEX grants_one_current ON grants (connection, tenant) WHERE standing = 'current';
CREATE UNIQUE INDEX grants_one_candidate ON grants (connection, tenant)
  WHERE standing = 'candidate';
CREATE INDEX grants_by_connection ON grants (connection, id);
CREATE INDEX grants_by_tenant ON grants (tenant, id);
CREATE INDEX grants_by_address ON grants (connection, tenant, id);
CREATE INDEX grants_not_current ON grants (standing, id) WHERE standing <> 'current';
CREATE INDEX grants_not_current_by_connection ON grants (connection, standing, id)
  WHERE standing <> 'current';
CREATE INDEX grants_due ON grants (keep_alive_at)
  WHERE keep_alive_at IS NOT NULL AND standing = 'current' AND state <> 'revoked';
CREATE INDEX grants_by_key ON grants (sealed_by) WHERE sealed_by IS NOT NULL;

CREATE TABLE token_slots (
  sequence INTEGER PRIMARY KEY,
  grant_id TEXT NOT NULL REFERENCES grants (id),
  target TEXT NOT NULL,
  credential_version TEXT NOT NULL,
  version INTEGER NOT NULL,
  token_type TEXT,
  issued_at INTEGER,
  expires_at INTEGER,
  refresh_at INTEGER,
  scope TEXT,
  claims TEXT,
  blocked_until INTEGER,
  flight_attempt TEXT,
  flight_owner TEXT,
  flight_lease_until INTEGER,
  flight_started_at INTEGER,
  failure TEXT,
  updated_at INTEGER NOT NULL,
  sealed_token BLOB,
  sealed_by TEXT GENERATED ALWAYS AS (${keyOf('sealed_token')}) VIRTUAL,
  UNIQUE (grant_id, target, credential_version)
) STRICT;
INSERT INTO token_slots (grant_id, target, credential_version, version, token_type, issued_at,
    expires_at, refresh_at, scope, claims, blocked_until, updated_at, sealed_token)
  SELECT grant_id, target, credential_version, version, token_type, issued_at, expires_at,
    refresh_at, scope, claims, blocked_until, updated_at, sealed_token
  FROM token_slots_1
  WHERE grant_id IN (SELECT id FROM grants WHERE standing = 'current');
CREATE INDEX token_slots_by_key ON token_slots (sealed_by) WHERE sealed_by IS NOT NULL;

DROP TABLE token_slots_1;
DROP TABLE grants_1;

CREATE TABLE refresh_intents (
  grant_id TEXT NOT NULL REFERENCES grants (id),
  refresh_version INTEGER NOT NULL,
  attempt_id TEXT NOT NULL,
  owner TEXT NOT NULL,
  lease_until INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  resends INTEGER NOT NULL DEFAULT 0,
  is_unknown INTEGER NOT NULL DEFAULT 0 CHECK (is_unknown IN (0, 1)),
  UNIQUE (grant_id, refresh_version)
) STRICT;

CREATE TABLE connections (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  version INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE connection_secrets (
  sequence INTEGER PRIMARY KEY,
  connection TEXT NOT NULL REFERENCES connections (name),
  slot TEXT NOT NULL,
  sealed_secret BLOB NOT NULL,
  sealed_by TEXT GENERATED ALWAYS AS (${keyOf('sealed_secret')}) VIRTUAL,
  UNIQUE (connection, slot)
) STRICT;
CREATE INDEX connection_secrets_by_key ON connection_secrets (sealed_by)
  WHERE sealed_by IS NOT NULL;

CREATE TABLE nodes (
  instance_id TEXT PRIMARY KEY,
  owner TEXT NOT NULL,
  key_ids TEXT NOT NULL,
  seals_with TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  beat_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE retired_keys (
  key_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO generations VALUES ('connections', 0), ('keys', 0);
`
