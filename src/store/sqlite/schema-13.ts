/**
 * Several cursors a collection: what is known of it as a whole stands apart from where each cursor
 * stands, both as JSON. Runs that were begun before go on. Frozen once released.
 */
export const schema13 = `
CREATE TABLE import_collections (
  run_id TEXT NOT NULL REFERENCES import_runs (id),
  collection TEXT NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (run_id, collection)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_cursors (
  run_id TEXT NOT NULL REFERENCES import_runs (id),
  collection TEXT NOT NULL,
  shard INTEGER NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (run_id, collection, shard)
) STRICT, WITHOUT ROWID;

INSERT INTO import_collections
SELECT run_id, collection, json_patch('{}', json_object(
  'plan', json(iif(pages > 0 OR state = 'finished',
    json_object('cursors', 1, 'why', 'begun by an earlier release'), NULL)),
  'writtenRows', rows,
  'segmentBytes', segment_bytes,
  'segment', segment,
  'countBefore', count_before,
  'countAfter', count_after,
  'distinctRows', distinct_rows,
  'verdict', verdict,
  'detail', detail,
  'deleted', deleted,
  'deletionNote', deletion_note))
FROM import_walks WHERE shard = 0;

INSERT INTO import_cursors
SELECT run_id, collection, shard, json_patch('{}', json_object(
  'state', state,
  'nextUrl', next_url,
  'pages', pages,
  'rows', rows,
  'restarts', restarts,
  'group', json(iif(group_id IS NULL, NULL, json_object('id', group_id, 'nextUrl', group_url))),
  'groups', groups,
  'vanishedGroups', vanished_groups,
  'hiddenGroups', hidden_groups))
FROM import_walks WHERE pages > 0 OR state = 'finished';

DROP TABLE import_walks;
`
