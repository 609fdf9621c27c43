import type { CollectionName, Membership } from '../directory/index.ts'
import { err, ok, type Result } from '../kernel/index.ts'
import type { NdjsonLines } from './ndjson-lines.ts'
import type { PageRows } from './ports.ts'
import { createCellReader, type Cell } from './row-values.ts'
import { createPageScanner, type PageDefect, type ScannedPage } from './scan-page.ts'

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
  /** The rows as the store takes objects. */
  readonly page?: PageRows
  /** The rows as the store takes memberships. */
  readonly edges?: readonly Membership[]
}

/** How the rows of one collection are read, from Graph's pages and back from our own files. */
export interface RowReader {
  ofPage(page: ScannedPage): ImportedRows
  ofLines(lines: NdjsonLines): Result<ImportedRows, PageDefect>
}

/** Makes the reader of a collection's rows. @param columns The columns of the run, in order. */
export function createRowReader(collection: CollectionName, columns: readonly string[]): RowReader {
  const cells = createCellReader(columns)
  const ofPage = (page: ScannedPage): ImportedRows => ({
    length: page.rows.length,
    keys: page.rows.ids,
    json: page.rows.json,
    toNdjson: page.toNdjson,
    cells: (index) => cells(page.rows.json(index)),
    page: page.rows,
  })
  if (collection === 'members') {
    return { ofPage, ofLines: (lines) => readMemberships(lines) }
  }
  // What was to be hashed is, in our own files.
  const scan = createPageScanner(columns, undefined)
  return {
    ofPage,
    ofLines: (lines) => {
      const page = scan(lines.asPage())
      return page.ok ? ok(ofPage(page.value)) : page
    },
  }
}

/** Memberships as rows: `groupId`, `memberId`, `memberType`. */
export function membershipRows(edges: readonly Membership[]): ImportedRows {
  const json = (index: number): string => {
    const { groupId, memberId, memberType } = at(edges, index)
    return JSON.stringify({ groupId, memberId, memberType })
  }
  return {
    length: edges.length,
    keys: edges.map(({ groupId, memberId }) => `${groupId}/${memberId}`),
    json,
    toNdjson: () => Buffer.from(edges.map((_edge, index) => `${json(index)}\n`).join('')),
    cells: (index) => {
      const { groupId, memberId, memberType } = at(edges, index)
      return [groupId, memberId, memberType]
    },
    edges,
  }
}

function readMemberships(lines: NdjsonLines): Result<ImportedRows, PageDefect> {
  const edges: Membership[] = []
  for (const line of lines.bytes.toString('utf8').split('\n')) {
    if (line === '') continue
    const edge = readMembership(line)
    if (edge === undefined) return err({ detail: 'expected lines of memberships' })
    edges.push(edge)
  }
  return ok(membershipRows(edges))
}

function readMembership(line: string): Membership | undefined {
  try {
    const { groupId, memberId, memberType } = JSON.parse(line) as Partial<Membership>
    if (groupId === undefined || memberId === undefined || memberType === undefined)
      return undefined
    return { groupId, memberId, memberType }
  } catch {
    return undefined
  }
}

function at(edges: readonly Membership[], index: number): Membership {
  const edge = edges[index]
  if (edge === undefined) throw new RangeError(`there is no row ${index}`)
  return edge
}
