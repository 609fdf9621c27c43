/** The id of the key that sealed a value, read from the value itself (see the vault's layout). */
const keyOf = (column: string): string => {
  const digit = (position: number): string =>
    `(instr('0123456789ABCDEF', substr(hex(substr(${column}, 2, 1)), ${position}, 1)) - 1)`
  return `CAST(substr(${column}, 3, ${digit(1)} * 16 + ${digit(2)}) AS TEXT)`
}

/**
 * Attempts to obtain consent. Frozen once released.
 *
 * The verifier is erased as soon as the session is spent or over.
 */
export const schema7 = `
INSERT INTO generations VALUES ('consents', 0);

CREATE TABLE consent_sessions (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  state_hash TEXT NOT NULL UNIQUE,
  connection TEXT NOT NULL,
  tenant TEXT NOT NULL,
  redirect_uri TEXT NOT NULL,
  purpose TEXT NOT NULL CHECK (purpose IN ('connect', 'reconnect')),
  started_by TEXT NOT NULL,
  expected_subject TEXT,
  state TEXT NOT NULL CHECK (state IN
    ('created', 'code_received', 'verifying', 'active', 'failed', 'expired', 'cancelled')),
  state_changed_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  failure TEXT,
  sealed_verifier BLOB,
  sealed_by TEXT GENERATED ALWAYS AS (${keyOf('sealed_verifier')}) VIRTUAL
) STRICT;
CREATE INDEX consent_sessions_by_address ON consent_sessions (connection, tenant, id);
CREATE INDEX consent_sessions_by_end ON consent_sessions (expires_at);
CREATE INDEX consent_sessions_by_key ON consent_sessions (sealed_by) WHERE sealed_by IS NOT NULL;
`
