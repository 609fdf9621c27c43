import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { CollectionName } from '../directory/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { Destination } from './destination.ts'
import { onFiles, type FilePort, type SegmentFile } from './file-port.ts'
import { createIdSet, type IdSet } from './id-set.ts'
import { readNdjsonLines, type NdjsonLines } from './ndjson-lines.ts'
import type { RunRecord, WalkRecord } from './ports.ts'
import { createPageScanner, type ScannedPage } from './scan-page.ts'

/** Where a run keeps its unfinished files: beside the final ones, so that a rename stays atomic. */
export function runFolder(folder: string, runId: string): string {
  return join(folder, `.evergrant-${runId}`)
}

interface OpenWalk {
  readonly file: SegmentFile
  readonly path: string
  readonly ids: IdSet
}

/**
 * Writes NDJSON snapshots: one segment a walk, appended and flushed to disk before the cursor
 * moves. Every owner of a run writes a segment of its own, named in the walk's record, so that one
 * that lost the run while it stood still cannot write into its successor's. At the end
 * de-duplicated by id (the last row met wins) and put in place by a rename, so that a reader sees
 * the old file or the new one, never half of one.
 */
export function createNdjsonDestination(
  folder: string,
  run: RunRecord,
  instanceId: string,
  files: FilePort,
): Destination {
  const own = runFolder(folder, run.id)
  const walks = new Map<string, OpenWalk>()
  const keyOf = (walk: WalkRecord): string => `${walk.collection}-${walk.shard}`
  const opened = (walk: WalkRecord): OpenWalk => {
    const open = walks.get(keyOf(walk))
    if (open === undefined) throw new Error(`the walk ${keyOf(walk)} is not open`)
    return open
  }

  return {
    openWalk: async (walk, save) => {
      await onFiles(own, () => files.makeFolder(own))
      await walks.get(keyOf(walk))?.file.close()
      walks.delete(keyOf(walk))
      const segment = `${keyOf(walk)}.${instanceId}.ndjson`
      const path = join(own, segment)
      const file = await onFiles(path, () => files.openSegment(path))
      const ids = newIdSet()
      walks.set(keyOf(walk), { file, path, ids })
      if (walk.segment === segment) await onFiles(path, () => file.truncate(walk.segmentBytes))
      else await onFiles(path, () => file.truncate(0))
      await readCommitted(walk, async (lines) => {
        if (walk.segment !== segment) await onFiles(path, () => file.append(lines.bytes))
        for (const id of idsOf(walk, lines)) ids.add(id)
      })
      if (ids.lines !== walk.rows) {
        throw changed(own, `expected ${walk.rows} lines, but found ${ids.lines}`)
      }
      await onFiles(path, () => file.sync())
      const saved = { ...walk, segment }
      await save(saved)
      await evict(walk)
      return saved
    },
    // The two flushes of a commit cost more than a page: those that have come meanwhile share them.
    pagesPerCommit: 8,
    write: async (walk, pages) => {
      const { file, path, ids } = opened(walk)
      let { segmentBytes } = walk
      await onFiles(path, async () => {
        for (const page of pages) {
          const data = page.toNdjson()
          await file.append(data)
          segmentBytes += data.length
        }
        await file.sync()
      })
      for (const page of pages) for (const id of page.rows.ids) ids.add(id)
      return { segmentBytes }
    },
    restartWalk: async (walk) => {
      const { file, path } = opened(walk)
      await onFiles(path, () => file.truncate(0))
      walks.set(keyOf(walk), { file, path, ids: newIdSet() })
    },
    countDistinct: (walk) => Promise.resolve(opened(walk).ids.size),
    publish: async (collection, finished, { isPartial = false } = {}) => {
      const target = snapshotPath(folder, collection)
      const [walk] = finished
      if (walk === undefined) return undefined
      const { path, ids } = opened(walk)
      const source = ids.size === ids.lines ? path : await withoutRepeats(walk, ids)
      await onFiles(target, () => files.publish(source, target, isPartial ? 'copy' : 'link'))
      return target
    },
    discard: () => onFiles(own, () => files.remove(own)),
    close: async () => {
      for (const { file } of walks.values()) await file.close().catch(() => {})
      walks.clear()
    },
  }

  /** Reads what is committed of a walk, in whole lines. */
  async function readCommitted(
    walk: WalkRecord,
    take: (lines: NdjsonLines) => Promise<void>,
  ): Promise<void> {
    if (walk.segmentBytes === 0) return
    const path = join(own, walk.segment ?? keyOf(walk))
    const size = (await onFiles(path, () => files.sizeOf(path))) ?? 0
    if (size < walk.segmentBytes) {
      throw changed(own, `expected at least ${walk.segmentBytes} bytes, but found ${size}`)
    }
    await onFiles(path, async () => {
      for await (const lines of readNdjsonLines(files.read(path), walk.segmentBytes)) {
        await take(lines)
      }
    })
  }

  function idsOf(walk: WalkRecord, lines: NdjsonLines): readonly string[] {
    return scanLines(walk, lines).rows.ids
  }

  function scanLines(walk: WalkRecord, lines: NdjsonLines): ScannedPage {
    const page = createPageScanner(run.options.columns[walk.collection] ?? [])(lines.asPage())
    if (!page.ok) throw changed(own, page.error.detail)
    return page.value
  }

  /**
   * Removes what earlier owners of the run wrote for a walk. One that was merely stalled and wakes
   * now can put nothing in place any more: neither its segment nor what it readied is there. Until
   * nothing is found, since it may be readying at this moment.
   */
  async function evict(walk: WalkRecord): Promise<void> {
    const mine = `${keyOf(walk)}.${instanceId}.`
    for (;;) {
      const names = await onFiles(own, () => files.list(own))
      const others = names.filter((n) => n.startsWith(`${keyOf(walk)}.`) && !n.startsWith(mine))
      if (others.length === 0) return
      for (const name of others) await onFiles(own, () => files.remove(join(own, name)))
    }
  }

  async function withoutRepeats(walk: WalkRecord, ids: IdSet): Promise<string> {
    const merged = join(own, `${keyOf(walk)}.${instanceId}.merged`)
    await onFiles(merged, () => files.remove(merged))
    const file = await onFiles(merged, () => files.openSegment(merged))
    try {
      let line = 0
      await readCommitted(walk, async (lines) => {
        const { rows } = scanLines(walk, lines)
        const kept: string[] = []
        for (const [i, id] of rows.ids.entries()) {
          if (ids.isLast(id, line++)) kept.push(rows.json(i), '\n')
        }
        await onFiles(merged, () => file.append(Buffer.from(kept.join(''))))
      })
      await onFiles(merged, () => file.sync())
    } finally {
      await file.close()
    }
    return merged
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
  folder: string,
  collections: readonly CollectionName[],
  files: FilePort,
): Promise<void> {
  for (const collection of collections) {
    const path = snapshotPath(folder, collection)
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

function snapshotPath(folder: string, collection: CollectionName): string {
  return join(folder, `${collection}.ndjson`)
}

function changed(folder: string, detail: string): EvergrantError {
  return new EvergrantError('destination_changed', `${folder}: ${detail}`)
}

function newIdSet(): IdSet {
  return createIdSet((id) => createHash('sha256').update(id).digest())
}
