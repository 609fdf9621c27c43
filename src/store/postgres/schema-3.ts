/**
 * Clients of the façade, codes, families of tokens. Frozen once released. Secrets, codes and tokens
 * stand here as SHA-256 alone.
 *
 * `over_at` tells when a row may go: of a code a minute after it was made, a day later once it was
 * used; of an access token when it dies; of a refresh token some time after it was rotated away.
 */
export const schema3 = `
CREATE TABLE evergrant.facade_clients (
  id text COLLATE "C" PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  connection text COLLATE "C" NOT NULL,
  upstream text,
  settings text NOT NULL,
  secret_hash text,
  created_at bigint NOT NULL,
  approved_at bigint,
  revoked_at bigint
);
CREATE UNIQUE INDEX facade_clients_one_living_per_name ON evergrant.facade_clients (name)
  WHERE revoked_at IS NULL;
CREATE INDEX facade_clients_by_name ON evergrant.facade_clients (name, id);
CREATE INDEX facade_clients_by_connection ON evergrant.facade_clients (connection, name, id);

CREATE TABLE evergrant.facade_codes (
  hash text COLLATE "C" PRIMARY KEY,
  client_id text COLLATE "C" NOT NULL,
  redirect_uri text NOT NULL,
  named_redirect_uri boolean NOT NULL,
  challenge text,
  scope text NOT NULL,
  expires_at bigint NOT NULL,
  used_for text COLLATE "C",
  over_at bigint NOT NULL
);
CREATE INDEX facade_codes_by_client ON evergrant.facade_codes (client_id, expires_at);
CREATE INDEX facade_codes_by_end ON evergrant.facade_codes (over_at);

CREATE TABLE evergrant.facade_families (
  id text COLLATE "C" PRIMARY KEY,
  client_id text COLLATE "C" NOT NULL,
  scope text NOT NULL,
  created_at bigint NOT NULL,
  generation bigint NOT NULL,
  rotated_at bigint NOT NULL,
  handed_hash text,
  handed_at bigint
);
CREATE INDEX facade_families_by_client ON evergrant.facade_families (client_id);

CREATE TABLE evergrant.facade_tokens (
  hash text COLLATE "C" NOT NULL,
  family_id text COLLATE "C" NOT NULL REFERENCES evergrant.facade_families (id) ON DELETE CASCADE,
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('access', 'refresh')),
  generation bigint NOT NULL,
  issued_at bigint NOT NULL,
  over_at bigint,
  PRIMARY KEY (hash, family_id)
);
CREATE INDEX facade_tokens_by_family ON evergrant.facade_tokens (family_id, kind, issued_at);
CREATE INDEX facade_tokens_by_end ON evergrant.facade_tokens (over_at) WHERE over_at IS NOT NULL;
`
