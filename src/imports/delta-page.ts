import { err, ok, type Result } from '../kernel/index.ts'
import type { PageDefect } from './scan-page.ts'

/**
 * What a page of a delta tells: which objects are different now. Of what they are now nothing is
 * taken from it: its rows may come in any order, several times and late, and leave out what was
 * never set, so that a list and a delta would write one object in two ways.
 */
export interface DeltaPage {
  /** Ids of objects that came or changed, each once. */
  readonly changed: readonly string[]
  /** Ids of objects that are said to be gone, each once, and in no other row of the page. */
  readonly removed: readonly string[]
  readonly nextLink?: string
  /** Where the next round begins; on a round's last page alone. */
  readonly deltaLink?: string
}

/** Reads the body of a page of a delta. */
export function readDeltaPage(body: Buffer): Result<DeltaPage, PageDefect> {
  const page = parsed(body)
  const rows = page?.['value']
  if (page === undefined || !Array.isArray(rows)) {
    return err({ detail: 'expected a page of a delta with a "value" array' })
  }
  const changed = new Set<string>()
  const removed = new Set<string>()
  for (const row of rows as readonly unknown[]) {
    const id = isRecord(row) ? row['id'] : undefined
    if (!isRecord(row) || typeof id !== 'string' || id === '') {
      return err({ detail: 'expected rows of a delta with an "id"' })
    }
    if (row['@removed'] === undefined) changed.add(id)
    else removed.add(id)
  }
  const nextLink = page['@odata.nextLink']
  const deltaLink = page['@odata.deltaLink']
  if (typeof nextLink !== 'string' && typeof deltaLink !== 'string') {
    return err({ detail: 'expected a page of a delta with a next link or a delta link' })
  }
  return ok({
    changed: [...changed],
    removed: [...removed].filter((id) => !changed.has(id)),
    ...(typeof nextLink === 'string' ? { nextLink } : {}),
    ...(typeof deltaLink === 'string' ? { deltaLink } : {}),
  })
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const page: unknown = JSON.parse(body.toString('utf8'))
    return isRecord(page) ? page : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
