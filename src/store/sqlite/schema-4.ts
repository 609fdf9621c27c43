/**
 * Callers, traces of calls, and of which connections bodies are captured. Frozen once released.
 *
 * A trace's `sequence` is the order in which traces were appended, which is the order in which they
 * go. What most traces have (served, a call, not replayed, no error) is in no index of its own.
 */
export const schema4 = `
INSERT INTO generations VALUES ('callers', 0), ('captures', 0), ('facades', 0);

CREATE TABLE callers (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT CHECK (role IN ('viewer', 'operator', 'admin')),
  connections TEXT NOT NULL,
  upstream TEXT,
  allow_tokens INTEGER NOT NULL,
  limits TEXT NOT NULL,
  secret_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX callers_one_living_per_name ON callers (name) WHERE revoked_at IS NULL;
CREATE INDEX callers_by_name ON callers (name, id);

CREATE TABLE traces (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  outcome TEXT NOT NULL,
  request_id TEXT NOT NULL,
  connection TEXT NOT NULL,
  connection_name TEXT NOT NULL,
  upstream TEXT NOT NULL,
  caller_id TEXT NOT NULL,
  caller_name TEXT NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  status INTEGER NOT NULL,
  duration_ms REAL NOT NULL,
  was_renewed INTEGER NOT NULL,
  was_replayed INTEGER NOT NULL,
  rule TEXT,
  code TEXT,
  request_bytes INTEGER NOT NULL,
  response_bytes INTEGER NOT NULL,
  steps TEXT NOT NULL,
  bodies TEXT
) STRICT;
CREATE INDEX traces_by_connection ON traces (connection_name, id);
CREATE INDEX traces_by_caller ON traces (caller_id, id);
CREATE INDEX traces_by_caller_name ON traces (caller_name, id);
CREATE INDEX traces_by_request ON traces (request_id, id);
CREATE INDEX traces_by_kind ON traces (kind, id) WHERE kind <> 'call';
CREATE INDEX traces_by_outcome ON traces (outcome, id) WHERE outcome <> 'served';
CREATE INDEX traces_by_status ON traces (status, id) WHERE status >= 300;
CREATE INDEX traces_by_code ON traces (code, id) WHERE code IS NOT NULL;
CREATE INDEX traces_replayed ON traces (id) WHERE was_replayed = 1;

CREATE TABLE captures (
  connection TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`
