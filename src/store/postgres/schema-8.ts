/**
 * How far a trial has come, and links that hand a sign-in off. Frozen once released.
 *
 * `worker` is the process that finishes a session: when it is gone, nobody does. A link keeps the
 * hash of its token alone, and that of the browser which begins its sign-ins; what becomes of it is
 * told by the newest of them.
 */
export const schema8 = `
ALTER TABLE evergrant.consent_sessions ADD COLUMN link_id text COLLATE "C";
ALTER TABLE evergrant.consent_sessions ADD COLUMN browser_hash text;
ALTER TABLE evergrant.consent_sessions ADD COLUMN approves_account boolean NOT NULL DEFAULT false;
ALTER TABLE evergrant.consent_sessions ADD COLUMN worker text;
ALTER TABLE evergrant.consent_sessions ADD COLUMN account text;
ALTER TABLE evergrant.consent_sessions ADD COLUMN rungs text;
CREATE INDEX consent_sessions_by_link ON evergrant.consent_sessions (link_id, sequence)
  WHERE link_id IS NOT NULL;

CREATE TABLE evergrant.consent_links (
  id text COLLATE "C" PRIMARY KEY,
  token_hash text COLLATE "C" NOT NULL UNIQUE,
  connection text COLLATE "C" NOT NULL,
  tenant text COLLATE "C" NOT NULL,
  recipient text NOT NULL,
  note text,
  approves_account boolean NOT NULL,
  created_by text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  opened_at bigint,
  revoked_at bigint,
  browser_hash text
);
CREATE INDEX consent_links_by_connection ON evergrant.consent_links (connection, id);
CREATE INDEX consent_links_by_end ON evergrant.consent_links (expires_at);
`
