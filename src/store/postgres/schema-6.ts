/**
 * Alarms and what is sent about them. Frozen once released.
 *
 * One alarm of a key is open at a time. A message waits until its `next_at`, and while it is leased
 * for the process that sends it. The indexes over `grants` find those that may be a reason for an
 * alarm without looking at the others.
 */
export const schema6 = `
CREATE TABLE evergrant.alarms (
  id text COLLATE "C" PRIMARY KEY,
  key text COLLATE "C" NOT NULL,
  kind text NOT NULL,
  subject text NOT NULL,
  severity text NOT NULL CHECK (severity IN ('warning', 'critical')),
  title text NOT NULL,
  detail text NOT NULL,
  remedy text NOT NULL,
  since bigint NOT NULL,
  step int NOT NULL,
  raised_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  recovered_at bigint
);
CREATE UNIQUE INDEX alarms_open ON evergrant.alarms (key) WHERE recovered_at IS NULL;
CREATE INDEX alarms_over ON evergrant.alarms (recovered_at) WHERE recovered_at IS NOT NULL;

CREATE TABLE evergrant.alarm_deliveries (
  id text COLLATE "C" PRIMARY KEY,
  alarm_id text COLLATE "C" NOT NULL REFERENCES evergrant.alarms (id),
  target text COLLATE "C" NOT NULL,
  body text NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
  attempts int NOT NULL DEFAULT 0,
  created_at bigint NOT NULL,
  next_at bigint NOT NULL,
  attempt_id text,
  lease_until bigint NOT NULL DEFAULT 0,
  detail text,
  settled_at bigint
);
CREATE INDEX alarm_deliveries_waiting ON evergrant.alarm_deliveries (next_at)
  WHERE state = 'waiting';
CREATE INDEX alarm_deliveries_by_alarm ON evergrant.alarm_deliveries (alarm_id, target, id);

CREATE INDEX grants_lapsed ON evergrant.grants (id)
  WHERE standing = 'current' AND state = 'lapsed';
CREATE INDEX grants_unknown ON evergrant.grants (id)
  WHERE standing = 'current' AND refresh_unknown_since IS NOT NULL;
CREATE INDEX grants_by_use ON evergrant.grants (refresh_used_at)
  WHERE standing = 'current' AND state = 'active' AND sealed_refresh_token IS NOT NULL;
`
