import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { EvergrantError } from '../kernel/index.ts'
import type { Destination } from './destination.ts'
import { onFiles, type FilePort, type SegmentFile } from './file-port.ts'
import { createIdSet, type IdSet } from './id-set.ts'
import { readNdjsonLines } from './ndjson-lines.ts'
import type { RunRecord, WalkRecord } from './ports.ts'
import { createPageScanner } from './scan-page.ts'

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
 * moves; at the end de-duplicated by id (the last row met wins) and put in place by a rename, so
 * that a reader sees the old file or the new one, never half of one.
 */
export function createNdjsonDestination(
  folder: string,
  run: RunRecord,
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
    openWalk: async (walk) => {
      await onFiles(own, () => files.makeFolder(own))
      await walks.get(keyOf(walk))?.file.close()
      const path = join(own, `${keyOf(walk)}.ndjson`)
      const size = (await onFiles(path, () => files.sizeOf(path))) ?? 0
      if (size < walk.segmentBytes) {
        throw new EvergrantError(
          'destination_changed',
          `${path}: expected at least ${walk.segmentBytes} bytes, but found ${size}`,
        )
      }
      const file = await onFiles(path, () => files.openSegment(path))
      if (size > walk.segmentBytes) await onFiles(path, () => file.truncate(walk.segmentBytes))
      const columns = run.options.columns[walk.collection] ?? []
      const ids = await rememberIds(path, walk, columns, files)
      walks.set(keyOf(walk), { file, path, ids })
    },
    write: async (walk, page) => {
      const { file, path, ids } = opened(walk)
      const data = page.toNdjson()
      if (data.length === 0) return { segmentBytes: walk.segmentBytes }
      await onFiles(path, async () => {
        await file.append(data)
        await file.sync()
      })
      for (const id of page.rows.ids) ids.add(id)
      return { segmentBytes: walk.segmentBytes + data.length }
    },
    restartWalk: async (walk) => {
      const { file, path } = opened(walk)
      await onFiles(path, () => file.truncate(0))
      walks.set(keyOf(walk), { file, path, ids: newIdSet() })
    },
    countDistinct: (walk) => Promise.resolve(opened(walk).ids.size),
    publish: async (collection, finished, { isPartial = false } = {}) => {
      const target = join(folder, `${collection}.ndjson`)
      const [walk] = finished
      if (walk === undefined) return undefined
      const { path, ids } = opened(walk)
      const source = ids.size === ids.lines ? path : await withoutRepeats(walk, path, ids)
      await onFiles(target, () => files.publish(source, target, isPartial ? 'copy' : 'link'))
      return target
    },
    discard: () => onFiles(own, () => files.remove(own)),
    close: async () => {
      for (const { file } of walks.values()) await file.close().catch(() => {})
      walks.clear()
    },
  }

  async function withoutRepeats(walk: WalkRecord, path: string, ids: IdSet): Promise<string> {
    const merged = join(own, `${walk.collection}-merged.ndjson`)
    await onFiles(merged, () => files.remove(merged))
    const file = await onFiles(merged, () => files.openSegment(merged))
    const scan = createPageScanner(run.options.columns[walk.collection] ?? [])
    try {
      let line = 0
      for await (const lines of readNdjsonLines(files.read(path), walk.segmentBytes)) {
        const page = scan(lines.asPage())
        if (!page.ok) throw changed(path, page.error.detail)
        const kept: string[] = []
        for (const [i, id] of page.value.rows.ids.entries()) {
          if (ids.isLast(id, line++)) kept.push(page.value.rows.json(i), '\n')
        }
        await onFiles(merged, () => file.append(Buffer.from(kept.join(''))))
      }
      await onFiles(merged, () => file.sync())
    } finally {
      await file.close()
    }
    return merged
  }

  async function rememberIds(
    path: string,
    walk: WalkRecord,
    columns: readonly string[],
    port: FilePort,
  ): Promise<IdSet> {
    const ids = newIdSet()
    if (walk.segmentBytes === 0) return ids
    const scan = createPageScanner(columns)
    for await (const lines of readNdjsonLines(port.read(path), walk.segmentBytes)) {
      const page = scan(lines.asPage())
      if (!page.ok) throw changed(path, page.error.detail)
      for (const id of page.value.rows.ids) ids.add(id)
    }
    if (ids.lines !== walk.rows) {
      throw changed(path, `expected ${walk.rows} lines, but found ${ids.lines}`)
    }
    return ids
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

function changed(path: string, detail: string): EvergrantError {
  return new EvergrantError('destination_changed', `${dirname(path)}: ${detail}`)
}

function newIdSet(): IdSet {
  return createIdSet((id) => createHash('sha256').update(id).digest())
}
