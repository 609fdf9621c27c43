/**
 * Several cursors a collection: what is known of it as a whole stands apart from where each cursor
 * stands, both as JSON. Runs that were begun before go on. Frozen once released.
 */
export const schema11 = `
CREATE TABLE evergrant.import_collections (
  run_id text COLLATE "C" NOT NULL REFERENCES evergrant.import_runs (id),
  collection text COLLATE "C" NOT NULL,
  record text NOT NULL,
  PRIMARY KEY (run_id, collection)
) WITH (fillfactor = 50);

CREATE TABLE evergrant.import_cursors (
  run_id text COLLATE "C" NOT NULL REFERENCES evergrant.import_runs (id),
  collection text COLLATE "C" NOT NULL,
  shard int NOT NULL,
  record text NOT NULL,
  PRIMARY KEY (run_id, collection, shard)
) WITH (fillfactor = 50);

INSERT INTO evergrant.import_collections
SELECT run_id, collection, json_strip_nulls(json_build_object(
  'plan', CASE WHEN pages > 0 OR state = 'finished'
    THEN json_build_object('cursors', 1, 'why', 'begun by an earlier release') END,
  'writtenRows', rows,
  'segmentBytes', segment_bytes,
  'segment', segment,
  'countBefore', count_before,
  'countAfter', count_after,
  'distinctRows', distinct_rows,
  'verdict', verdict,
  'detail', detail,
  'deleted', deleted,
  'deletionNote', deletion_note))::text
FROM evergrant.import_walks WHERE shard = 0;

INSERT INTO evergrant.import_cursors
SELECT run_id, collection, shard, json_strip_nulls(json_build_object(
  'state', state,
  'nextUrl', next_url,
  'pages', pages,
  'rows', rows,
  'restarts', restarts,
  'group', CASE WHEN group_id IS NOT NULL
    THEN json_build_object('id', group_id, 'nextUrl', group_url) END,
  'groups', groups,
  'vanishedGroups', vanished_groups,
  'hiddenGroups', hidden_groups))::text
FROM evergrant.import_walks WHERE pages > 0 OR state = 'finished';

DROP TABLE evergrant.import_walks;
`
