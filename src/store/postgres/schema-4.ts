/** A column of a view over Graph's own JSON. */
const property = (name: string): string => `properties::json ->> '${name}' AS "${name}"`

const servicePrincipalColumns = [
  'id',
  'appId',
  'displayName',
  'accountEnabled',
  'servicePrincipalType',
  'appOwnerOrganizationId',
  'appRoleAssignmentRequired',
  'servicePrincipalNames',
  'signInAudience',
  'tags',
]

/**
 * What is decided about accounts here, people who own them, and sessions of callers. Frozen once
 * released.
 *
 * Accounts are named by (kind, tenant, id) and not by their imported row: a mark may be there
 * before the account, and outlives it. GUIDs are in lower case. `over_at` tells when a session
 * ended or will end.
 */
export const schema4 = `
INSERT INTO evergrant.generations
  SELECT topic, shard FROM unnest(ARRAY['accounts', 'sessions']) AS topic,
    generate_series(0, 15) AS shard;

CREATE TABLE evergrant.disabled_accounts (
  kind text COLLATE "C" NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  disabled_at bigint NOT NULL,
  disabled_by text NOT NULL,
  reason text,
  PRIMARY KEY (kind, tenant_id, account_id)
);

CREATE TABLE evergrant.people (
  id text COLLATE "C" PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE,
  created_at bigint NOT NULL
);

CREATE TABLE evergrant.person_accounts (
  kind text COLLATE "C" NOT NULL,
  tenant_id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  person_id text COLLATE "C" NOT NULL REFERENCES evergrant.people (id),
  role text CHECK (role IN ('viewer', 'operator', 'admin')),
  connections text NOT NULL,
  PRIMARY KEY (kind, tenant_id, account_id)
);
CREATE INDEX person_accounts_by_person
  ON evergrant.person_accounts (person_id, tenant_id, account_id, kind);

CREATE TABLE evergrant.sessions (
  id text COLLATE "C" PRIMARY KEY,
  hash text COLLATE "C" NOT NULL UNIQUE,
  issuer text NOT NULL,
  identity text NOT NULL,
  kind text COLLATE "C",
  tenant_id text COLLATE "C",
  account_id text COLLATE "C",
  role text CHECK (role IN ('viewer', 'operator', 'admin')),
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  revoked_at bigint,
  over_at bigint NOT NULL
);
CREATE INDEX sessions_by_account ON evergrant.sessions (tenant_id, account_id, kind)
  WHERE account_id IS NOT NULL AND revoked_at IS NULL;
CREATE INDEX sessions_by_end ON evergrant.sessions (over_at);

CREATE VIEW evergrant."servicePrincipals" AS SELECT tenant_id,
  ${servicePrincipalColumns.map(property).join(', ')}
FROM evergrant.directory_objects JOIN evergrant.directory_spaces USING (space_id)
WHERE kind = 'servicePrincipal' AND deleted_at IS NULL;
`
