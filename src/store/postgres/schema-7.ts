/** Pauses of connections, by name: also of those that the file defines. Frozen once released. */
export const schema7 = `
CREATE TABLE evergrant.connection_pauses (
  connection text COLLATE "C" PRIMARY KEY,
  paused_at bigint NOT NULL,
  paused_by text NOT NULL,
  reason text NOT NULL,
  keeps_alive boolean NOT NULL
);
`
