/**
 * Who is signed in to the console, and the record of what was done. Frozen once released.
 *
 * Spent links stay, so that it is known that somebody has signed in. Nothing changes or deletes an
 * entry of the record: the triggers hold that against this program, too.
 */
export const schema12 = `
CREATE TABLE console_sessions (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  caller_id TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  issuer TEXT,
  identity TEXT,
  link_id TEXT,
  created_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER,
  CHECK ((issuer IS NULL) = (identity IS NULL)),
  CHECK ((issuer IS NULL) <> (link_id IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX console_sessions_over ON console_sessions (expires_at);

CREATE TABLE console_links (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX console_links_unspent ON console_links (expires_at) WHERE used_at IS NULL;

CREATE TABLE console_sign_ins (
  hash TEXT PRIMARY KEY,
  salt TEXT NOT NULL,
  issuer TEXT NOT NULL,
  tenant TEXT,
  return_to TEXT NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX console_sign_ins_over ON console_sign_ins (expires_at);

CREATE TABLE audit_entries (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  actor_kind TEXT NOT NULL
    CHECK (actor_kind IN ('key', 'session', 'console', 'command', 'evergrant')),
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  connection TEXT,
  outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
  code TEXT,
  before TEXT,
  after TEXT,
  request_id TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_entries_by_actor ON audit_entries (actor, id);
CREATE INDEX audit_entries_by_action ON audit_entries (action, id);
CREATE INDEX audit_entries_by_target ON audit_entries (target, id);
CREATE INDEX audit_entries_by_connection ON audit_entries (connection, id)
  WHERE connection IS NOT NULL;
CREATE TRIGGER audit_entries_unchanged BEFORE UPDATE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END;
CREATE TRIGGER audit_entries_kept BEFORE DELETE ON audit_entries
BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END;
CREATE TRIGGER audit_entries_not_replaced BEFORE INSERT ON audit_entries
WHEN EXISTS (SELECT 1 FROM audit_entries WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'audit entries are never replaced'); END;
`
