import { join } from 'node:path'
import type { CollectionName } from '../directory/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { createCsvCopier } from './csv-copy.ts'
import { createCsvWriter, defaultCsv, type CsvWriter } from './csv.ts'
import type { Destination, PublishOptions } from './destination.ts'
import { onFiles, type FilePort, type SegmentFile } from './file-port.ts'
import { newIdSet } from './commit-step.ts'
import type { IdSet } from './id-set.ts'
import { createRowReader, type ImportedRows, type RowReader } from './imported-rows.ts'
import { sameId } from './look-up-ids.ts'
import { readNdjsonLines, type NdjsonLines } from './ndjson-lines.ts'
import type { CollectionRecord, RunRecord } from './ports.ts'
import { sourceTombstoneLine, tombstoneLine, tombstonesIn } from './tombstone-lines.ts'

/** What the snapshot of a file destination is written as. */
export type SnapshotFormat = 'ndjson' | 'csv'

/** Where a run keeps its unfinished files: beside the final ones, so that a rename stays atomic. */
export function runFolder(folder: string, runId: string): string {
  return join(folder, `.evergrant-${runId}`)
}

interface OpenSegment {
  readonly file: SegmentFile
  readonly path: string
  readonly ids: IdSet
  /** Ids of the lines that are tombstones, by line. */
  readonly tombstones: Map<number, string>
  /** Sources of edges that were taken back, each with the line that last says so. */
  readonly goneSources: Map<string, number>
}

/**
 * Writes snapshots: one segment a collection, for all of its cursors, appended and flushed to disk
 * before they move. Every owner of a run writes a segment of its own, named in the collection's
 * record, so that one that lost the run while it stood still cannot write into its successor's. At
 * the end de-duplicated by id (the last row met wins) and put in place by a rename, so that a
 * reader sees the old file or the new one, never half of one. Segments are NDJSON; a CSV snapshot
 * is written out of them at the end.
 */
export function createFileDestination(
  format: SnapshotFormat,
  folder: string,
  run: RunRecord,
  instanceId: string,
  files: FilePort,
): Destination {
  const own = runFolder(folder, run.id)
  const segments = new Map<CollectionName, OpenSegment>()
  const readers = new Map<CollectionName, RowReader>()
  const columnsOf = (collection: CollectionName): readonly string[] =>
    run.options.columns[collection] ?? []
  const csv = format === 'csv' ? createCsvWriter(run.options.csv ?? defaultCsv) : undefined
  const opened = (collection: CollectionName): OpenSegment => {
    const open = segments.get(collection)
    if (open === undefined) throw new Error(`the segment of ${collection} is not open`)
    return open
  }

  return {
    openCollection: async ({ collection: record, walks }, save) => {
      const { collection } = record
      await onFiles(own, () => files.makeFolder(own))
      await segments.get(collection)?.file.close()
      segments.delete(collection)
      const segment = `${collection}.${instanceId}.ndjson`
      const path = join(own, segment)
      const file = await onFiles(path, () => files.openSegment(path))
      const ids = newIdSet()
      const tombstones = new Map<number, string>()
      const goneSources = new Map<string, number>()
      segments.set(collection, { file, path, ids, tombstones, goneSources })
      const isMine = record.segment === segment
      await onFiles(path, () => file.truncate(isMine ? record.segmentBytes : 0))
      await readCommitted(record, async (lines) => {
        if (!isMine) await onFiles(path, () => file.append(lines.bytes))
        const dead = tombstonesIn(lines.bytes)
        const { edges, keys } = rowsOf(collection, lines)
        for (const [i, id] of keys.entries()) {
          const source = edges?.[i]?.groupId
          if (dead.has(i) && source !== undefined) goneSources.set(sameId(source), ids.lines)
          else if (dead.has(i)) tombstones.set(ids.lines, id)
          ids.add(id)
        }
      })
      if (ids.lines !== record.writtenRows) {
        throw changed(own, `expected ${record.writtenRows} lines, but found ${ids.lines}`)
      }
      await onFiles(path, () => file.sync())
      const saved = { collection: { ...record, segment }, walks }
      await save(saved)
      await evict(collection)
      return saved
    },
    // The two flushes of a commit cost more than a page: those that have come meanwhile share them.
    pagesPerCommit: 8,
    write: async ({ collection: record, batch, gone = [], unmet = [] }) => {
      const { file, path, ids, tombstones, goneSources } = opened(record.collection)
      const columns = columnsOf(record.collection)
      const dead = gone.filter((id) => ids.has(id))
      let { segmentBytes, writtenRows } = record
      await onFiles(path, async () => {
        // Before what the step brings: that is read anew.
        if (unmet.length > 0) {
          const lines = unmet.map((id) => sourceTombstoneLine(columns, id))
          const data = Buffer.from(lines.join(''))
          await file.append(data)
          segmentBytes += data.length
          writtenRows += unmet.length
        }
        for (const rows of batch) {
          const data = rows.toNdjson()
          await file.append(data)
          segmentBytes += data.length
          writtenRows += rows.length
        }
        if (dead.length > 0) {
          const data = Buffer.from(dead.map(tombstoneLine).join(''))
          await file.append(data)
          segmentBytes += data.length
          writtenRows += dead.length
        }
        await file.sync()
      })
      for (const id of unmet) {
        goneSources.set(sameId(id), ids.lines)
        ids.add(`${id}/`)
      }
      for (const rows of batch) for (const id of rows.keys) ids.add(id)
      for (const id of dead) {
        tombstones.set(ids.lines, id)
        ids.add(id)
      }
      return { collection: { ...record, segmentBytes, writtenRows } }
    },
    restart: async ({ collection: { collection } }) => {
      const { file, path } = opened(collection)
      await onFiles(path, () => file.truncate(0))
      const empty = { ids: newIdSet(), tombstones: new Map(), goneSources: new Map() }
      segments.set(collection, { file, path, ...empty })
    },
    countDistinct: async (record) => {
      const segment = opened(record.collection)
      const { ids, tombstones, goneSources } = segment
      const dead = [...tombstones].filter(([line, id]) => ids.isLast(id, line))
      if (goneSources.size === 0) return ids.size - dead.length
      // Which edges a source had is nowhere but in the lines themselves.
      let living = 0
      await readLiving(record, segment, () => {
        living++
      })
      return living
    },
    publish: async (record, { isPartial = false, onRows } = {}) => {
      const target = snapshotPath(folder, record.collection, format)
      const segment = opened(record.collection)
      const { path, ids, goneSources } = segment
      const isReady = csv === undefined && ids.size === ids.lines && goneSources.size === 0
      const source = isReady ? path : await rewritten(record, segment, onRows)
      await onFiles(target, () => files.publish(source, target, isPartial ? 'copy' : 'link'))
      return target
    },
    discard: () => onFiles(own, () => files.remove(own)),
    close: async () => {
      for (const { file } of segments.values()) await file.close().catch(() => {})
      segments.clear()
    },
  }

  /** Reads what is committed of a collection, in whole lines. */
  async function readCommitted(
    { segment = '', segmentBytes }: CollectionRecord,
    take: (lines: NdjsonLines) => Promise<void>,
  ): Promise<void> {
    if (segmentBytes === 0) return
    const path = join(own, segment)
    const size = (await onFiles(path, () => files.sizeOf(path))) ?? 0
    if (size < segmentBytes) {
      throw changed(own, `expected at least ${segmentBytes} bytes, but found ${size}`)
    }
    await onFiles(path, async () => {
      for await (const lines of readNdjsonLines(files.read(path), segmentBytes)) {
        await take(lines)
      }
    })
  }

  function rowsOf(collection: CollectionName, lines: NdjsonLines): ImportedRows {
    const reader = readers.get(collection) ?? createRowReader(collection, columnsOf(collection))
    readers.set(collection, reader)
    const rows = reader.ofLines(lines)
    if (!rows.ok) throw changed(own, rows.error.detail)
    return rows.value
  }

  /**
   * Removes what earlier owners of the run wrote of a collection. One that was merely stalled and
   * wakes now can put nothing in place any more: neither its segment nor what it readied is there.
   * Until nothing is found, since it may be readying at this moment.
   */
  async function evict(collection: CollectionName): Promise<void> {
    const mine = `${collection}.${instanceId}.`
    for (;;) {
      const names = await onFiles(own, () => files.list(own))
      const others = names.filter((n) => n.startsWith(`${collection}.`) && !n.startsWith(mine))
      if (others.length === 0) return
      for (const name of others) await onFiles(own, () => files.remove(join(own, name)))
    }
  }

  /** Reads the rows of a segment that count: each the last of its id, and none that was taken back. */
  async function readLiving(
    record: CollectionRecord,
    { ids, goneSources }: OpenSegment,
    take: (rows: ImportedRows, index: number) => void,
    then: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    let line = -1
    await readCommitted(record, async (lines) => {
      const rows = rowsOf(record.collection, lines)
      const dead = tombstonesIn(lines.bytes)
      for (const [i, id] of rows.keys.entries()) {
        line++
        if (!ids.isLast(id, line) || dead.has(i)) continue
        const source = goneSources.size === 0 ? undefined : rows.edges?.[i]?.groupId
        if (source !== undefined && (goneSources.get(sameId(source)) ?? -1) > line) continue
        take(rows, i)
      }
      await then()
    })
  }

  /** Writes the snapshot anew from the segment: without repeats, as CSV where that is wanted. */
  async function rewritten(
    record: CollectionRecord,
    segment: OpenSegment,
    onRows: PublishOptions['onRows'] = () => {},
  ): Promise<string> {
    const { collection } = record
    const merged = join(own, `${collection}.${instanceId}.merged`)
    await onFiles(merged, () => files.remove(merged))
    const file = await onFiles(merged, () => files.openSegment(merged))
    const writer = createLineWriter(csv, run.options.tenantId, columnsOf(collection))
    try {
      const head = csv?.head(['tenant_id', ...columnsOf(collection)]) ?? ''
      await onFiles(merged, () => file.append(Buffer.from(head)))
      let written = 0
      onRows(written)
      const take = (rows: ImportedRows, index: number): void => {
        writer.add(rows, index)
        written++
      }
      await readLiving(record, segment, take, async () => {
        await onFiles(merged, () => file.append(writer.take()))
        onRows(written)
      })
      await onFiles(merged, () => file.sync())
    } finally {
      await file.close()
    }
    return merged
  }
}

/** Collects lines of a snapshot. */
interface LineWriter {
  add(rows: ImportedRows, index: number): void
  /** The lines since the last call; overwritten by the next. */
  take(): Buffer
}

function createLineWriter(
  csv: CsvWriter | undefined,
  tenantId: string,
  columns: readonly string[],
): LineWriter {
  const copier = csv === undefined ? undefined : createCsvCopier(csv, tenantId, columns)
  let text = ''
  return {
    add: (rows, index) => {
      const json = copier === undefined ? undefined : rows.page?.bytes?.(index)
      if (json !== undefined) copier?.row(json)
      else if (csv === undefined) text += `${rows.json(index)}\n`
      else text += csv.line([tenantId, ...rows.cells(index)])
    },
    take: () => {
      // Of a collection all rows are written in the same way.
      const lines = text === '' ? (copier?.take() ?? Buffer.alloc(0)) : Buffer.from(text)
      text = ''
      return lines
    },
  }
}

/**
 * Makes the folder of a file destination, and sees that it can be written, before any run begins.
 * Leftovers of runs that `isOver` are removed.
 *
 * @throws EvergrantError `destination_unwritable`, `destination_full`
 */
export async function prepareFolder(
  folder: string,
  files: FilePort,
  isOver: (runId: string) => Promise<boolean>,
): Promise<void> {
  await onFiles(folder, () => files.makeFolder(folder))
  const probe = join(folder, '.evergrant-probe')
  await onFiles(folder, async () => {
    const file = await files.openSegment(probe)
    await file.close()
    await files.remove(probe)
  })
  for (const name of await onFiles(folder, () => files.list(folder))) {
    const runId = /^\.evergrant-(run_.+)$/.exec(name)?.[1]
    if (runId !== undefined && (await isOver(runId))) {
      await onFiles(folder, () => files.remove(join(folder, name)))
    }
  }
}

/**
 * Sees that nothing stands in the place of a snapshot that a rename could not replace.
 *
 * @throws EvergrantError `destination_unwritable`
 */
export async function checkSnapshotPlaces(
  format: SnapshotFormat,
  folder: string,
  collections: readonly CollectionName[],
  files: FilePort,
): Promise<void> {
  for (const collection of collections) {
    const path = snapshotPath(folder, collection, format)
    const isFolder = await files.list(path).then(
      () => true,
      () => false,
    )
    if (!isFolder) continue
    throw new EvergrantError(
      'destination_unwritable',
      `${path}: there is a folder where a file is needed`,
    )
  }
}

function snapshotPath(folder: string, collection: CollectionName, format: SnapshotFormat): string {
  return join(folder, `${collection}.${format}`)
}

function changed(folder: string, detail: string): EvergrantError {
  return new EvergrantError('destination_changed', `${folder}: ${detail}`)
}
