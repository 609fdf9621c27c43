import { collections } from '../src/directory/index.ts'
import { runChild } from './child.ts'
import type { ImportJob, ImportOutcome } from './peers/import-side.ts'
import type { Side } from './rounds.ts'
import { readStats, type SimulatorFacts } from './simulator.ts'
import { verifyImport } from './verify-import.ts'
import { withFolder } from './workspace.ts'

/** The columns and the page size of every import here: ours by default. */
export const { defaultColumns: columns, maxPageSize: pageSize = 999 } = collections.users

/** A way to import, before it knows from where. */
export interface ImportWay {
  readonly name: string
  readonly file: string
  readonly to: ImportJob['to']
  readonly parse?: boolean
  readonly watch?: boolean
}

/** Evergrant's imports. */
export const ourWays = {
  ndjson: { name: 'evergrant → NDJSON', file: './peers/evergrant-import.ts', to: 'ndjson' },
  sqlite: { name: 'evergrant → SQLite', file: './peers/evergrant-import.ts', to: 'sqlite' },
} as const satisfies Readonly<Record<string, ImportWay>>

/** Pages one after the other, their bytes into nothing: the floor of every single cursor. */
export const oneCursor: ImportWay = {
  name: 'one cursor, bytes only',
  file: './peers/page-walk.ts',
  to: 'nowhere',
}

/**
 * Makes a side of an import: each run gets a folder and a process of its own and is checked
 * afterwards, outside of its time. Files of all runs that share `digests` must hold the same rows.
 */
export function importSide(
  way: ImportWay,
  simulator: SimulatorFacts,
  users: number,
  digests: Set<string>,
): Side<ImportOutcome> {
  const { file, name, parse = false, to, watch = false } = way
  return {
    name,
    run: () =>
      withFolder(async (folder) => {
        const job: ImportJob = { simulator, folder, columns, pageSize, to, parse, watch }
        const before = await readStats(simulator)
        const outcome = await runChild<ImportOutcome>(file, job, deadlineMs(users))
        const after = await readStats(simulator)
        try {
          const served = after.rowsServed - before.rowsServed
          const digest = await verifyImport(job, outcome, served, users)
          if (digest !== undefined) digests.add(digest)
          if (digests.size > 1) throw new Error('its rows are not those of the other sides')
        } catch (cause) {
          throw new Error(`${name}: ${cause instanceof Error ? cause.message : String(cause)}`, {
            cause,
          })
        }
        return outcome
      }),
  }
}

/** Ten times what the slowest side takes on a slow machine. */
function deadlineMs(users: number): number {
  return 60_000 + users
}
