import { join } from 'node:path'

/**
 * For the environment of a child: what was compiled once need not be compiled by each of hundreds
 * of processes. Keyed by what the files hold, so that nothing old is ever run.
 */
export const compileCache = {
  NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/evergrant-tests'),
} as const
