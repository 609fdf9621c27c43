import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ImportJob, ImportOutcome } from './peers/import-side.ts'

/**
 * Throws when a side did not import exactly so many rows: by its own count, by what it left behind,
 * and by what the simulator served. Resolves with the digest of the rows in an NDJSON file.
 */
export async function verifyImport(
  job: ImportJob,
  outcome: ImportOutcome,
  served: number,
  users: number,
): Promise<string | undefined> {
  const found = await look(job)
  // What was looked at to plan the cursors was served besides.
  const counts = {
    served: Math.min(served, users),
    told: outcome.rows ?? users,
    found: found.rows ?? users,
  }
  for (const [by, rows] of Object.entries(counts)) {
    if (rows !== users) throw new Error(`expected ${users} rows, but ${rows} were ${by}`)
  }
  return found.digest
}

interface Findings {
  readonly rows?: number
  readonly digest?: string
}

function look(job: ImportJob): Findings | Promise<Findings> {
  if (job.to === 'ndjson') return readLines(join(job.folder, 'users.ndjson'))
  if (job.to === 'sqlite') return countRows(join(job.folder, 'evergrant.db'))
  return {}
}

/**
 * Counts lines that hold a row. The digest is that of the rows: JSON has several spellings, and
 * several cursors have no order.
 */
async function readLines(path: string): Promise<Findings> {
  let sum = 0n
  let rows = 0
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const hash = createHash('sha256')
      .update(JSON.stringify(JSON.parse(line)))
      .digest()
    sum = BigInt.asUintN(64, sum + hash.readBigUInt64BE())
    rows++
  }
  return { rows, digest: sum.toString(16) }
}

async function countRows(path: string): Promise<Findings> {
  const { default: Database } = await import('better-sqlite3')
  const database = new Database(path, { readonly: true })
  try {
    const { rows } = database.prepare('SELECT count(DISTINCT id) AS rows FROM users').get() as {
      readonly rows: number
    }
    return { rows }
  } finally {
    database.close()
  }
}

/** How many different ids the rows of an NDJSON file have. */
export async function countIds(path: string): Promise<number> {
  const ids = new Set<unknown>()
  for await (const line of createInterface({ input: createReadStream(path) })) {
    ids.add((JSON.parse(line) as { readonly id: unknown }).id)
  }
  return ids.size
}
