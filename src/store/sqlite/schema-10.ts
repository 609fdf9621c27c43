/**
 * How far a trial has come, and links that hand a sign-in off. Frozen once released.
 *
 * `worker` is the process that finishes a session: when it is gone, nobody does. A link keeps the
 * hash of its token alone, and that of the browser which begins its sign-ins; what becomes of it is
 * told by the newest of them.
 */
export const schema10 = `
ALTER TABLE consent_sessions ADD COLUMN link_id TEXT;
ALTER TABLE consent_sessions ADD COLUMN browser_hash TEXT;
ALTER TABLE consent_sessions ADD COLUMN approves_account INTEGER NOT NULL DEFAULT 0;
ALTER TABLE consent_sessions ADD COLUMN worker TEXT;
ALTER TABLE consent_sessions ADD COLUMN account TEXT;
ALTER TABLE consent_sessions ADD COLUMN rungs TEXT;
CREATE INDEX consent_sessions_by_link ON consent_sessions (link_id)
  WHERE link_id IS NOT NULL;

CREATE TABLE consent_links (
  id TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  connection TEXT NOT NULL,
  tenant TEXT NOT NULL,
  recipient TEXT NOT NULL,
  note TEXT,
  approves_account INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  opened_at INTEGER,
  revoked_at INTEGER,
  browser_hash TEXT
) STRICT;
CREATE INDEX consent_links_by_connection ON consent_links (connection, id);
CREATE INDEX consent_links_by_end ON consent_links (expires_at);
`
