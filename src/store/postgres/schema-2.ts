/**
 * Callers, traces of calls, and of which connections bodies are captured. Frozen once released.
 *
 * A trace's `sequence` is the order in which traces were appended, which is the order in which they
 * go. What most traces have (served, a call, not replayed, no error) is in no index of its own.
 */
export const schema2 = `
INSERT INTO evergrant.generations
  SELECT topic, shard FROM unnest(ARRAY['callers', 'captures', 'facades']) AS topic,
    generate_series(0, 15) AS shard;

CREATE TABLE evergrant.callers (
  id text COLLATE "C" PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  role text CHECK (role IN ('viewer', 'operator', 'admin')),
  connections text NOT NULL,
  upstream text,
  allow_tokens boolean NOT NULL,
  limits text NOT NULL,
  secret_hash text NOT NULL,
  created_at bigint NOT NULL,
  revoked_at bigint
);
CREATE UNIQUE INDEX callers_one_living_per_name ON evergrant.callers (name)
  WHERE revoked_at IS NULL;
CREATE INDEX callers_by_name ON evergrant.callers (name, id);

CREATE TABLE evergrant.traces (
  sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  at bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  outcome text COLLATE "C" NOT NULL,
  request_id text COLLATE "C" NOT NULL,
  connection text COLLATE "C" NOT NULL,
  connection_name text COLLATE "C" NOT NULL,
  upstream text NOT NULL,
  caller_id text COLLATE "C" NOT NULL,
  caller_name text COLLATE "C" NOT NULL,
  method text NOT NULL,
  path text NOT NULL,
  status int NOT NULL,
  duration_ms double precision NOT NULL,
  was_renewed boolean NOT NULL,
  was_replayed boolean NOT NULL,
  rule text,
  code text COLLATE "C",
  request_bytes bigint NOT NULL,
  response_bytes bigint NOT NULL,
  steps text NOT NULL,
  bodies text
);
CREATE INDEX traces_by_connection ON evergrant.traces (connection_name, id);
CREATE INDEX traces_by_caller ON evergrant.traces (caller_id, id);
CREATE INDEX traces_by_caller_name ON evergrant.traces (caller_name, id);
CREATE INDEX traces_by_request ON evergrant.traces (request_id, id);
CREATE INDEX traces_by_kind ON evergrant.traces (kind, id) WHERE kind <> 'call';
CREATE INDEX traces_by_outcome ON evergrant.traces (outcome, id) WHERE outcome <> 'served';
CREATE INDEX traces_by_status ON evergrant.traces (status, id) WHERE status >= 300;
CREATE INDEX traces_by_code ON evergrant.traces (code, id) WHERE code IS NOT NULL;
CREATE INDEX traces_replayed ON evergrant.traces (id) WHERE was_replayed;

CREATE TABLE evergrant.captures (
  connection text COLLATE "C" PRIMARY KEY,
  until bigint NOT NULL
);
`
