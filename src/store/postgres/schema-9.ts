/**
 * How often things happened, and the schedules of imports. Frozen once released.
 *
 * Nodes add to the same row of an hour. Of a schedule one node takes each due instant, by moving
 * `handled_at` up to it.
 */
export const schema9 = `
CREATE TABLE evergrant.activity (
  hour bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  connection text COLLATE "C" NOT NULL,
  count bigint NOT NULL,
  PRIMARY KEY (hour, kind, connection)
);

CREATE TABLE evergrant.import_schedules (
  name text COLLATE "C" PRIMARY KEY,
  cron text NOT NULL,
  known_since bigint NOT NULL,
  handled_at bigint NOT NULL,
  outcome text,
  outcome_at bigint,
  run_id text,
  code text,
  paused_at bigint,
  paused_by text
);
`
