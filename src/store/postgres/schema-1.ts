/** The id of the key that sealed a value, read from the value itself (see the vault's layout). */
const keyOf = (column: string): string =>
  `encode(substring(${column} FROM 3 FOR get_byte(${column}, 1)), 'escape')`

/** A column of a view over Graph's own JSON. */
const property = (name: string): string => `properties::json ->> '${name}' AS "${name}"`

const userColumns = [
  'id',
  'userPrincipalName',
  'displayName',
  'givenName',
  'surname',
  'mail',
  'accountEnabled',
  'userType',
  'jobTitle',
  'department',
  'companyName',
  'officeLocation',
  'mobilePhone',
  'businessPhones',
  'employeeId',
  'preferredLanguage',
  'usageLocation',
  'createdDateTime',
]

const groupColumns = [
  'id',
  'displayName',
  'description',
  'mail',
  'mailEnabled',
  'mailNickname',
  'securityEnabled',
  'groupTypes',
  'membershipRule',
  'visibility',
  'onPremisesSyncEnabled',
  'createdDateTime',
]

/**
 * The first schema. Frozen once released: changes are new migrations.
 *
 * Instants are epoch milliseconds. Ids of objects are spelt as `object-ids.ts` says. `sealed_by`
 * columns are made from the sealed values, so they cannot disagree with them. Rows that change
 * often leave room on their page (`fillfactor`), so that a new version needs no new index entry.
 */
export const schema1 = `
CREATE TABLE evergrant.generations (
  topic text NOT NULL,
  shard int NOT NULL,
  generation bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (topic, shard)
) WITH (fillfactor = 20);
INSERT INTO evergrant.generations
  SELECT topic, shard FROM unnest(ARRAY['grants', 'slots', 'runs', 'connections', 'keys']) AS topic,
    generate_series(0, 15) AS shard;

CREATE TABLE evergrant.grants (
  sequence bigint GENERATED ALWAYS AS IDENTITY,
  id text COLLATE "C" PRIMARY KEY,
  connection text COLLATE "C" NOT NULL,
  tenant text COLLATE "C" NOT NULL,
  subject text NOT NULL,
  standing text NOT NULL CHECK (standing IN ('current', 'candidate', 'superseded')),
  state text NOT NULL CHECK (state IN ('pending', 'active', 'lapsed', 'revoked', 'orphaned')),
  state_changed_at bigint NOT NULL,
  created_at bigint NOT NULL,
  refresh_count bigint NOT NULL DEFAULT 0,
  last_refreshed_at bigint,
  last_failure text,
  keep_alive_at bigint,
  refresh_version int NOT NULL DEFAULT 0,
  refresh_obtained_at bigint,
  refresh_used_at bigint,
  refresh_expires_at bigint,
  refresh_unknown_since bigint,
  sealed_refresh_token bytea,
  sealed_by text GENERATED ALWAYS AS (${keyOf('sealed_refresh_token')}) STORED
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX grants_one_current ON evergrant.grants (connection, tenant)
  WHERE standing = 'current';
CREATE UNIQUE INDEX grants_one_candidate ON evergrant.grants (connection, tenant)
  WHERE standing = 'candidate';
CREATE INDEX grants_by_address ON evergrant.grants (connection, tenant, id);
CREATE INDEX grants_by_connection ON evergrant.grants (connection, id);
CREATE INDEX grants_by_tenant ON evergrant.grants (tenant, id);
CREATE INDEX grants_not_current ON evergrant.grants (standing, id) WHERE standing <> 'current';
CREATE INDEX grants_due ON evergrant.grants (keep_alive_at)
  WHERE keep_alive_at IS NOT NULL AND standing = 'current' AND state <> 'revoked';
CREATE INDEX grants_by_key ON evergrant.grants (sealed_by, sequence) WHERE sealed_by IS NOT NULL;

CREATE TABLE evergrant.token_slots (
  sequence bigint GENERATED ALWAYS AS IDENTITY,
  grant_id text COLLATE "C" NOT NULL REFERENCES evergrant.grants (id),
  target text COLLATE "C" NOT NULL,
  credential_version text COLLATE "C" NOT NULL,
  version int NOT NULL,
  token_type text,
  issued_at bigint,
  expires_at bigint,
  refresh_at bigint,
  scope text,
  claims text,
  blocked_until bigint,
  flight_attempt text,
  flight_owner text,
  flight_lease_until bigint,
  flight_started_at bigint,
  failure text,
  updated_at bigint NOT NULL,
  sealed_token bytea,
  sealed_by text GENERATED ALWAYS AS (${keyOf('sealed_token')}) STORED,
  PRIMARY KEY (grant_id, target, credential_version)
) WITH (fillfactor = 70);
CREATE INDEX token_slots_by_key ON evergrant.token_slots (sealed_by, sequence)
  WHERE sealed_by IS NOT NULL;

CREATE TABLE evergrant.refresh_intents (
  grant_id text COLLATE "C" NOT NULL REFERENCES evergrant.grants (id),
  refresh_version int NOT NULL,
  attempt_id text NOT NULL,
  owner text NOT NULL,
  lease_until bigint NOT NULL,
  started_at bigint NOT NULL,
  resends int NOT NULL DEFAULT 0,
  is_unknown boolean NOT NULL DEFAULT false,
  PRIMARY KEY (grant_id, refresh_version)
);

CREATE SEQUENCE evergrant.connection_versions;
CREATE TABLE evergrant.connections (
  name text COLLATE "C" PRIMARY KEY,
  body text NOT NULL,
  version int NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);

CREATE TABLE evergrant.connection_secrets (
  sequence bigint GENERATED ALWAYS AS IDENTITY,
  connection text COLLATE "C" NOT NULL REFERENCES evergrant.connections (name),
  slot text COLLATE "C" NOT NULL,
  sealed_secret bytea NOT NULL,
  sealed_by text GENERATED ALWAYS AS (${keyOf('sealed_secret')}) STORED,
  PRIMARY KEY (connection, slot)
);
CREATE INDEX connection_secrets_by_key ON evergrant.connection_secrets (sealed_by, sequence);

CREATE TABLE evergrant.nodes (
  instance_id text PRIMARY KEY,
  owner text NOT NULL,
  key_ids text NOT NULL,
  seals_with text NOT NULL,
  started_at bigint NOT NULL,
  beat_at bigint NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE evergrant.retired_keys (key_id text PRIMARY KEY);

CREATE TABLE evergrant.import_runs (
  sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  name text COLLATE "C" NOT NULL,
  options text NOT NULL,
  state text NOT NULL
    CHECK (state IN ('running', 'waiting', 'interrupted', 'completed', 'failed', 'cancelled')),
  reason text,
  verdict text,
  problem text,
  owner text,
  owner_instance text,
  heartbeat_at bigint NOT NULL,
  requested text,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  finished_at bigint,
  totals text NOT NULL
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX import_runs_one_open_per_name ON evergrant.import_runs (name)
  WHERE state IN ('running', 'waiting', 'interrupted');
CREATE INDEX import_runs_by_name ON evergrant.import_runs (name, sequence);

CREATE TABLE evergrant.import_walks (
  run_id text COLLATE "C" NOT NULL REFERENCES evergrant.import_runs (id),
  collection text COLLATE "C" NOT NULL,
  shard int NOT NULL,
  state text NOT NULL CHECK (state IN ('walking', 'finished')),
  next_url text,
  pages bigint NOT NULL,
  rows bigint NOT NULL,
  restarts int NOT NULL,
  segment_bytes bigint NOT NULL,
  count_before bigint,
  count_after bigint,
  distinct_rows bigint,
  segment text,
  group_id text,
  group_url text,
  groups bigint,
  vanished_groups bigint,
  verdict text,
  detail text,
  deleted bigint,
  deletion_note text,
  hidden_groups bigint,
  PRIMARY KEY (run_id, collection, shard)
) WITH (fillfactor = 50);

CREATE TABLE evergrant.import_log (
  run_sequence bigint NOT NULL REFERENCES evergrant.import_runs (sequence),
  seq int NOT NULL,
  at bigint NOT NULL,
  level text NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (run_sequence, seq)
);

CREATE TABLE evergrant.directory_spaces (
  space_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  owner text,
  owned_since bigint,
  objects bigint NOT NULL DEFAULT 0,
  tombstones bigint NOT NULL DEFAULT 0,
  next_row bigint NOT NULL DEFAULT 0,
  UNIQUE (tenant_id, kind)
) WITH (fillfactor = 20);

CREATE TABLE evergrant.directory_objects (
  space_id int NOT NULL,
  row_id bigint NOT NULL,
  updated_at bigint NOT NULL,
  deleted_at bigint,
  object_id text COLLATE "C" NOT NULL,
  properties text NOT NULL
);
CREATE UNIQUE INDEX directory_objects_by_id ON evergrant.directory_objects (space_id, object_id)
  INCLUDE (row_id);
CREATE INDEX directory_objects_by_row ON evergrant.directory_objects (space_id, row_id);

CREATE TABLE evergrant.directory_seen (
  run_sequence bigint NOT NULL,
  space_id int NOT NULL,
  chunk bigint NOT NULL,
  seen int NOT NULL,
  bits bytea NOT NULL,
  PRIMARY KEY (run_sequence, space_id, chunk)
) WITH (fillfactor = 50);
ALTER TABLE evergrant.directory_seen ALTER COLUMN bits SET STORAGE PLAIN;

CREATE TABLE evergrant.directory_edges (
  space_id int NOT NULL,
  group_id text COLLATE "C" NOT NULL,
  member_id text COLLATE "C" NOT NULL,
  member_type text NOT NULL,
  seen_by bigint NOT NULL,
  updated_at bigint NOT NULL,
  deleted_at bigint,
  PRIMARY KEY (space_id, group_id, member_id)
) WITH (fillfactor = 90);
CREATE INDEX directory_edges_by_member
  ON evergrant.directory_edges (space_id, member_id, group_id);

CREATE VIEW evergrant.users AS SELECT tenant_id, ${userColumns.map(property).join(', ')}
FROM evergrant.directory_objects JOIN evergrant.directory_spaces USING (space_id)
WHERE kind = 'user' AND deleted_at IS NULL;

CREATE VIEW evergrant.groups AS SELECT tenant_id, ${groupColumns.map(property).join(', ')}
FROM evergrant.directory_objects JOIN evergrant.directory_spaces USING (space_id)
WHERE kind = 'group' AND deleted_at IS NULL;

CREATE VIEW evergrant.members AS SELECT tenant_id,
  regexp_replace(group_id, '^~', '') AS "groupId",
  regexp_replace(member_id, '^~', '') AS "memberId",
  member_type AS "memberType"
FROM evergrant.directory_edges JOIN evergrant.directory_spaces USING (space_id)
WHERE deleted_at IS NULL;
`
