/** Pauses of connections, by name: also of those that the file defines. Frozen once released. */
export const schema9 = `
CREATE TABLE connection_pauses (
  connection TEXT PRIMARY KEY,
  paused_at INTEGER NOT NULL,
  paused_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  keeps_alive INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`
