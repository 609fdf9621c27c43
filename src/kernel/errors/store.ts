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
    meaning:
      'The database did not answer, or its file cannot be opened. Tokens in memory go on serving.',
    steps: [
      'See that the database server runs, or that the file and its disk are there.',
      'See that this user may read and write it.',
      'Nothing else: processes take it up again by themselves.',
    ],
  },
  store_unwritable: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The store cannot be created or written there',
    remedy: 'Name a place this user may write, in `store`.',
    meaning: 'The file of the store, or its folder, cannot be made or written by this user.',
  },
  store_busy: {
    status: 503,
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'The store stayed locked by another process',
    remedy: 'Find the process that holds the database; Evergrant itself never holds it for long.',
    meaning: 'Another process held the database so long that Evergrant gave up waiting.',
    steps: [
      'Find the process that holds the database: a backup, a console, another program.',
      'End what it does, and try again.',
    ],
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
    meaning: 'The file does not read as the database it should be. It was not changed.',
    steps: [
      'Keep a copy of the damaged file.',
      'Restore it from a backup; migrations leave one beside it.',
      'Obtain consent again where the backup is older than the newest refresh token of a strict provider.',
    ],
  },
  store_foreign: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The database belongs to another program',
    remedy: 'Name another file in `store`; Evergrant makes one where there is none.',
    meaning: 'The file is a database, but not one of Evergrant’s. It was not changed.',
  },
  schema_too_new: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The store was written by a newer Evergrant',
    remedy: 'Upgrade this Evergrant to at least the version that the message names.',
    meaning:
      'A newer Evergrant has changed the store in a way this one does not know. It was not changed.',
  },
  schema_outdated: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The database is not prepared for this Evergrant',
    remedy:
      'Run `evergrant migrate`. Nodes of the release before it go on working meanwhile; then start this one.',
    meaning: 'The tables in the database are those of an earlier release.',
  },
  store_refused: {
    status: 503,
    retry: 'later',
    actor: 'operator',
    exit: 2,
    title: 'The database does not let Evergrant in',
    remedy:
      'Check user, password, database name and TLS in `store`, and what the server allows that user.',
    meaning:
      'The database server answers, and lets this user or this address in not at all, or not to this database.',
    steps: [
      'Read the server’s own words in the message.',
      'Correct user, password, database name or TLS in `store`, or what the server allows.',
      'See with `evergrant doctor` that it lets Evergrant in.',
    ],
  },
})
