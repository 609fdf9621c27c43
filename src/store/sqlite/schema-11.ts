/**
 * How often things happened, and the schedules of imports. Frozen once released.
 *
 * Nodes add to the same row of an hour. Of a schedule one node takes each due instant, by moving
 * `handled_at` up to it.
 */
export const schema11 = `
CREATE TABLE activity (
  hour INTEGER NOT NULL,
  kind TEXT NOT NULL,
  connection TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (hour, kind, connection)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_schedules (
  name TEXT PRIMARY KEY,
  cron TEXT NOT NULL,
  known_since INTEGER NOT NULL,
  handled_at INTEGER NOT NULL,
  outcome TEXT,
  outcome_at INTEGER,
  run_id TEXT,
  code TEXT,
  paused_at INTEGER,
  paused_by TEXT
) STRICT, WITHOUT ROWID;
`
