/**
 * Clients of the façade, codes, families of tokens. Frozen once released. Secrets, codes and tokens
 * stand here as SHA-256 alone.
 *
 * `over_at` tells when a row may go: of a code a minute after it was made, a day later once it was
 * used; of an access token when it dies; of a refresh token some time after it was rotated away.
 */
export const schema5 = `
CREATE TABLE facade_clients (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  connection TEXT NOT NULL,
  upstream TEXT,
  settings TEXT NOT NULL,
  secret_hash TEXT,
  created_at INTEGER NOT NULL,
  approved_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX facade_clients_one_living_per_name ON facade_clients (name)
  WHERE revoked_at IS NULL;
CREATE INDEX facade_clients_by_name ON facade_clients (name, id);
CREATE INDEX facade_clients_by_connection ON facade_clients (connection, name, id);

CREATE TABLE facade_codes (
  hash TEXT PRIMARY KEY,
  client_id TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  named_redirect_uri INTEGER NOT NULL,
  challenge TEXT,
  scope TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_for TEXT,
  over_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX facade_codes_by_client ON facade_codes (client_id, expires_at);
CREATE INDEX facade_codes_by_end ON facade_codes (over_at);

CREATE TABLE facade_families (
  id TEXT PRIMARY KEY,
  client_id TEXT NOT NULL,
  scope TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  rotated_at INTEGER NOT NULL,
  handed_hash TEXT,
  handed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX facade_families_by_client ON facade_families (client_id);

CREATE TABLE facade_tokens (
  hash TEXT NOT NULL,
  family_id TEXT NOT NULL REFERENCES facade_families (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('access', 'refresh')),
  generation INTEGER NOT NULL,
  issued_at INTEGER NOT NULL,
  over_at INTEGER,
  PRIMARY KEY (hash, family_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX facade_tokens_by_family ON facade_tokens (family_id, kind, issued_at);
CREATE INDEX facade_tokens_by_end ON facade_tokens (over_at) WHERE over_at IS NOT NULL;
`
