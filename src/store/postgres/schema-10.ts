/**
 * Who is signed in to the console, and the record of what was done. Frozen once released.
 *
 * Spent links stay, so that it is known that somebody has signed in. Nothing changes or deletes an
 * entry of the record: the triggers hold that against this program, too.
 */
export const schema10 = `
CREATE TABLE evergrant.console_sessions (
  id text COLLATE "C" PRIMARY KEY,
  hash text COLLATE "C" NOT NULL UNIQUE,
  caller_id text NOT NULL,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  issuer text,
  identity text,
  link_id text,
  created_at bigint NOT NULL,
  used_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  revoked_at bigint,
  CHECK ((issuer IS NULL) = (identity IS NULL)),
  CHECK ((issuer IS NULL) <> (link_id IS NULL))
);
CREATE INDEX console_sessions_over ON evergrant.console_sessions (expires_at);

CREATE TABLE evergrant.console_links (
  id text COLLATE "C" PRIMARY KEY,
  hash text COLLATE "C" NOT NULL UNIQUE,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  created_by text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint
);
CREATE INDEX console_links_unspent ON evergrant.console_links (expires_at) WHERE used_at IS NULL;

CREATE TABLE evergrant.console_sign_ins (
  hash text COLLATE "C" PRIMARY KEY,
  salt text NOT NULL,
  issuer text NOT NULL,
  tenant text,
  return_to text NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX console_sign_ins_over ON evergrant.console_sign_ins (expires_at);

CREATE TABLE evergrant.audit_entries (
  id text COLLATE "C" PRIMARY KEY,
  at bigint NOT NULL,
  actor text NOT NULL,
  actor_kind text NOT NULL
    CHECK (actor_kind IN ('key', 'session', 'console', 'command', 'evergrant')),
  action text NOT NULL,
  target text NOT NULL,
  connection text,
  outcome text NOT NULL CHECK (outcome IN ('done', 'refused')),
  code text,
  before text,
  after text,
  request_id text
);
CREATE INDEX audit_entries_by_actor ON evergrant.audit_entries (actor, id);
CREATE INDEX audit_entries_by_action ON evergrant.audit_entries (action, id);
CREATE INDEX audit_entries_by_target ON evergrant.audit_entries (target, id);
CREATE INDEX audit_entries_by_connection ON evergrant.audit_entries (connection, id)
  WHERE connection IS NOT NULL;
CREATE FUNCTION evergrant.keep_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit entries are never changed or deleted';
END $$;
CREATE TRIGGER audit_entries_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON evergrant.audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION evergrant.keep_audit_entries();
`
