/**
 * Alarms and what is sent about them. Frozen once released.
 *
 * One alarm of a key is open at a time. A message waits until its `next_at`, and while it is leased
 * for the process that sends it. The indexes over `grants` find those that may be a reason for an
 * alarm without looking at the others.
 */
export const schema8 = `
CREATE TABLE alarms (
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('warning', 'critical')),
  title TEXT NOT NULL,
  detail TEXT NOT NULL,
  remedy TEXT NOT NULL,
  since INTEGER NOT NULL,
  step INTEGER NOT NULL,
  raised_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  recovered_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX alarms_open ON alarms (key) WHERE recovered_at IS NULL;
CREATE INDEX alarms_over ON alarms (recovered_at) WHERE recovered_at IS NOT NULL;

CREATE TABLE alarm_deliveries (
  id TEXT PRIMARY KEY,
  alarm_id TEXT NOT NULL REFERENCES alarms (id),
  target TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  attempt_id TEXT,
  lease_until INTEGER NOT NULL DEFAULT 0,
  detail TEXT,
  settled_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX alarm_deliveries_waiting ON alarm_deliveries (next_at) WHERE state = 'waiting';
CREATE INDEX alarm_deliveries_by_alarm ON alarm_deliveries (alarm_id, target, id);

CREATE INDEX grants_lapsed ON grants (id) WHERE standing = 'current' AND state = 'lapsed';
CREATE INDEX grants_unknown ON grants (id)
  WHERE standing = 'current' AND refresh_unknown_since IS NOT NULL;
CREATE INDEX grants_by_use ON grants (refresh_used_at)
  WHERE standing = 'current' AND state = 'active' AND sealed_refresh_token IS NOT NULL;
`
