/** The id of the key that sealed a value, read from the value itself (see the vault's layout). */
const keyOf = (column: string): string =>
  `encode(substring(${column} FROM 3 FOR get_byte(${column}, 1)), 'escape')`

/**
 * Attempts to obtain consent. Frozen once released.
 *
 * The verifier is erased as soon as the session is spent or over.
 */
export const schema5 = `
INSERT INTO evergrant.generations
  SELECT 'consents', shard FROM generate_series(0, 15) AS shard;

CREATE TABLE evergrant.consent_sessions (
  sequence bigint GENERATED ALWAYS AS IDENTITY,
  id text COLLATE "C" PRIMARY KEY,
  state_hash text COLLATE "C" NOT NULL UNIQUE,
  connection text COLLATE "C" NOT NULL,
  tenant text COLLATE "C" NOT NULL,
  redirect_uri text NOT NULL,
  purpose text NOT NULL CHECK (purpose IN ('connect', 'reconnect')),
  started_by text NOT NULL,
  expected_subject text,
  state text NOT NULL CHECK (state IN
    ('created', 'code_received', 'verifying', 'active', 'failed', 'expired', 'cancelled')),
  state_changed_at bigint NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  failure text,
  sealed_verifier bytea,
  sealed_by text GENERATED ALWAYS AS (${keyOf('sealed_verifier')}) STORED
);
CREATE INDEX consent_sessions_by_address
  ON evergrant.consent_sessions (connection, tenant, id);
CREATE INDEX consent_sessions_by_end ON evergrant.consent_sessions (expires_at);
CREATE INDEX consent_sessions_by_key ON evergrant.consent_sessions (sealed_by, sequence)
  WHERE sealed_by IS NOT NULL;
`
