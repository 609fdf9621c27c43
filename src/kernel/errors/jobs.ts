import { defineErrors } from './definition.ts'

/** Errors of what wakes work that is due. */
export const jobErrors = defineErrors({
  jobs_schema_forbidden: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The database user may not set up the job queue',
    remedy:
      'Have an administrator of the database run `CREATE SCHEMA evergrant_jobs AUTHORIZATION "<user>"` once, or grant the user CREATE on the database.',
    meaning:
      'Waking work on several nodes needs a schema of its own in the database, and this user may neither make nor use it.',
  },
  jobs_queue_unusable: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The job queue in the database cannot be used',
    remedy:
      'See the message; if the schema evergrant_jobs was damaged, it may be dropped while no Evergrant runs: it holds nothing but wake-ups.',
    meaning: 'The tables that wake work on several nodes are not as they should be.',
  },
})
