import { collections, type CollectionName, type Membership } from '../directory/index.ts'
import { ok, type Result } from '../kernel/index.ts'
import type { NdjsonLines } from './ndjson-lines.ts'
import type { PageRows } from './ports.ts'
import { createCellReader, type Cell } from './row-values.ts'
import { createPageScanner, type PageDefect, type ScannedPage } from './scan-page.ts'
import { readTextRows, textRows, type TextRow } from './text-rows.ts'

/** Some rows of a collection on their way from Graph to a destination. */
export interface ImportedRows {
  readonly length: number
  /** What makes each row one: an object's id; the group and the member of a membership. */
  readonly keys: readonly string[]
  /** The row as one line of JSON. */
  json(index: number): string
  /** All rows as NDJSON, in order. */
  toNdjson(): Buffer
  /** A row as the values of the collection's columns, in their order. */
  cells(index: number): readonly Cell[]
  /** Gives their memory back, once they are where they belong; nothing of them is read any more. */
  readonly release?: () => void
  /** The rows as the store takes objects. */
  readonly page?: PageRows
  /** The rows as the store takes edges: each with its source, where it leads and what is there. */
  readonly edges?: readonly Membership[]
}

/** How the rows of one collection are read, from Graph's pages and back from our own files. */
export interface RowReader {
  ofPage(page: ScannedPage): ImportedRows
  ofLines(lines: NdjsonLines): Result<ImportedRows, PageDefect>
}

/** Makes the reader of a collection's rows. @param columns The columns of the run, in order. */
export function createRowReader(collection: CollectionName, columns: readonly string[]): RowReader {
  const { asks, relation } = collections[collection]
  const cells = createCellReader(columns)
  const ofPage = (page: ScannedPage): ImportedRows => ({
    length: page.rows.length,
    keys: page.rows.ids,
    json: page.rows.json,
    toNdjson: page.toNdjson,
    release: page.release,
    cells: (index) => cells(page.rows.json(index)),
    page: page.rows,
  })
  if (relation !== undefined) {
    return { ofPage, ofLines: (lines) => mapped(readTextRows(lines, columns), edgesOf(columns)) }
  }
  if (asks !== undefined) {
    const managers = managersOf(columns)
    return {
      ofPage: (page) => managers(expandedManagers(page.rows)),
      ofLines: (lines) => mapped(readTextRows(lines, columns), managers),
    }
  }
  // What was to be hashed is, in our own files.
  const scan = createPageScanner(columns, undefined)
  return { ofPage, ofLines: (lines) => mapped(scan(lines.asPage()), ofPage) }
}

/**
 * Edges as rows of a collection's fixed columns, such as `groupId`, `memberId`, `memberType`. In
 * whatever collection, the source is the group of a membership, and what it leads to the member.
 */
export function edgeRows(collection: CollectionName, edges: readonly Membership[]): ImportedRows {
  const rows = edges.map(({ groupId, memberId, memberType }) => [groupId, memberId, memberType])
  return { ...textRows(collections[collection].defaultColumns, 2, rows), edges }
}

function edgesOf(columns: readonly string[]): (rows: readonly TextRow[]) => ImportedRows {
  return (rows) => ({
    ...textRows(columns, 2, rows),
    edges: rows.map(([groupId = '', memberId = '', memberType = '']) => ({
      groupId,
      memberId,
      memberType,
    })),
  })
}

/** Users with their managers: objects of the user's id, since each has one manager at most. */
function managersOf(columns: readonly string[]): (rows: readonly TextRow[]) => ImportedRows {
  return (rows) => {
    const texts = textRows(columns, 1, rows)
    const { json, keys, length } = texts
    return { ...texts, page: { length, ids: keys, json } }
  }
}

/** The users of a page that have a manager, each with its id. */
function expandedManagers({ ids, json }: PageRows): readonly TextRow[] {
  return ids.flatMap((id, index) => {
    const { manager } = JSON.parse(json(index)) as { readonly manager?: { readonly id?: unknown } }
    const managerId = manager?.id
    return typeof managerId === 'string' && managerId !== '' ? [[id, managerId]] : []
  })
}

function mapped<T, U>(result: Result<T, PageDefect>, map: (value: T) => U): Result<U, PageDefect> {
  return result.ok ? ok(map(result.value)) : result
}
