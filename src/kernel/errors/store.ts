import { defineErrors } from './definition.ts'

/** Errors of the store. */
export const storeErrors = defineErrors({
  store_unavailable: {
    status: 503,
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'The store cannot be reached',
    remedy: 'See that the store exists, is reachable and writable by this user.',
  },
  store_unwritable: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The store cannot be created or written there',
    remedy: 'Name a place this user may write, in `store`.',
  },
  store_busy: {
    status: 503,
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'The store stayed locked by another process',
    remedy: 'Find the process that holds the database; Evergrant itself never holds it for long.',
  },
  store_full: {
    status: 507,
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'There is no room left for the store',
    remedy: 'Free disk space; nothing that was committed is lost. Then resume what was running.',
    meaning: 'The disk or the database has no room; what was being written was not committed.',
    steps: [
      'Free disk space, or give the database more.',
      'Resume what was running: `evergrant imports list` shows interrupted runs.',
    ],
  },
  store_corrupt: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The database file is damaged or is not a database',
    remedy: 'Restore it from a backup (migrations leave one beside it), or name another file.',
  },
  store_foreign: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The database belongs to another program',
    remedy: 'Name another file in `store`; Evergrant makes one where there is none.',
  },
  schema_too_new: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The store was written by a newer Evergrant',
    remedy: 'Upgrade this Evergrant to at least the version that the message names.',
  },
  schema_outdated: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The database is not prepared for this Evergrant',
    remedy:
      'Run `evergrant migrate`. Nodes of the release before it go on working meanwhile; then start this one.',
  },
  store_refused: {
    status: 503,
    retry: 'later',
    actor: 'operator',
    exit: 2,
    title: 'The database does not let Evergrant in',
    remedy:
      'Check user, password, database name and TLS in `store`, and what the server allows that user.',
  },
})
