import { mkdtemp, readdir, readFile, rm, writeFile, appendFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Destination } from './destination.ts'
import { hostFiles, type FilePort } from './file-port.ts'
import { createFileDestination, prepareFolder, runFolder } from './file-destination.ts'
import { createRowReader, edgeRows } from './imported-rows.ts'
import type { CollectionRecord, RunRecord } from './ports.ts'
import { createPageScanner, type ScannedPage } from './scan-page.ts'
import { noTotals } from '../../test/support/no-totals.ts'

let folder: string
const scan = createPageScanner(['id', 'n'], undefined)
const reader = createRowReader('users', ['id', 'n'])
const never = (): Promise<boolean> => Promise.resolve(false)

const run: RunRecord = {
  id: 'run_1',
  name: 'c',
  sequence: 1,
  options: {
    connection: 'c',
    tenantId: 't',
    graphUrl: 'https://graph.microsoft.com/v1.0',
    collections: ['users'],
    destination: 'ndjson:x',
    columns: { users: ['id', 'n'] },
    pageSize: 2,
    refreshBeforeMs: 1,
    publish: 'complete',
  },
  state: 'running',
  heartbeatAt: 0,
  createdAt: 0,
  updatedAt: 0,
  totals: noTotals,
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evergrant-ndjson-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function page(...rows: readonly { readonly id: string; readonly n?: number }[]): ScannedPage {
  const scanned = scan(Buffer.from(JSON.stringify({ value: rows })))
  if (!scanned.ok) throw new Error(scanned.error.detail)
  return scanned.value
}

async function write(
  to: Destination,
  collection: CollectionRecord,
  one: ScannedPage,
): Promise<CollectionRecord> {
  const written = await to.write({ collection, walks: [], batch: [reader.ofPage(one)] })
  return written.collection ?? collection
}

const nothing: CollectionRecord = {
  runId: run.id,
  collection: 'users',
  writtenRows: 0,
  segmentBytes: 0,
}

async function open(
  to: Destination,
  collection = nothing,
  save: () => Promise<void> = keep,
): Promise<CollectionRecord> {
  return (await to.openCollection({ collection, walks: [] }, save)).collection
}

/** A store in which whoever opens a collection still owns the run. */
const keep = (): Promise<void> => Promise.resolve()
const segment = (instanceId = 'ins_1'): string =>
  join(runFolder(folder, run.id), `users.${instanceId}.ndjson`)

describe('a folder that cannot be written', () => {
  test('is refused, saying that a part of the path is a file', async () => {
    await writeFile(join(folder, 'file'), '')
    const below = join(folder, 'file', 'out')
    await expect(prepareFolder(below, hostFiles, never)).rejects.toMatchObject({
      code: 'destination_unwritable',
      detail: expect.stringContaining('is a file') as string,
    })
  })

  test('is refused when it is a file itself', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(prepareFolder(join(folder, 'file'), hostFiles, never)).rejects.toMatchObject({
      code: 'destination_unwritable',
    })
  })
})

describe('a full disk', () => {
  test('stops the page, and what was committed survives and goes on', async () => {
    let isFull = false
    const files: FilePort = {
      ...hostFiles,
      openSegment: async (path) => {
        const file = await hostFiles.openSegment(path)
        return {
          ...file,
          append: async (data) => {
            if (!isFull) return file.append(data)
            // Half of the page reaches the disk before it is full, as in life.
            await file.append(data.subarray(0, data.length / 2))
            throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
          },
        }
      },
    }
    const first = createFileDestination('ndjson', folder, run, 'ins_1', files)
    let held = await open(first)
    held = await write(first, held, page({ id: 'a' }, { id: 'b' }))
    isFull = true
    await expect(write(first, held, page({ id: 'c' }))).rejects.toMatchObject({
      code: 'destination_full',
    })
    await first.close()

    isFull = false
    const second = createFileDestination('ndjson', folder, run, 'ins_2', files)
    held = await open(second, held)
    held = await write(second, held, page({ id: 'c' }))
    const path = await second.publish(held)
    await second.close()
    expect(await readFile(path ?? '', 'utf8')).toBe('{"id":"a"}\n{"id":"b"}\n{"id":"c"}\n')
  })
})

describe('publishing', () => {
  test('tells how many rows it has written where all are written once more, and nothing else', async () => {
    for (const [format, heard] of [
      ['csv', [0, 2]],
      ['ndjson', []],
    ] as const) {
      const to = createFileDestination(format, join(folder, format), run, 'ins_1', hostFiles)
      const held = await write(to, await open(to), page({ id: 'a' }, { id: 'b' }))
      const told: number[] = []
      await to.publish(held, { onRows: (rows) => void told.push(rows) })
      await to.close()
      expect(told).toEqual(heard)
    }
  })
})

describe('an unfinished segment', () => {
  test('that lost bytes is refused instead of continued', async () => {
    const first = createFileDestination('ndjson', folder, run, 'ins_1', hostFiles)
    const start = await open(first)
    const held = await write(first, start, page({ id: 'a' }))
    await first.close()
    await writeFile(segment(), '{"i')
    const second = createFileDestination('ndjson', folder, run, 'ins_2', hostFiles)
    await expect(open(second, held)).rejects.toMatchObject({ code: 'destination_changed' })
    await second.close()
  })

  test('whose lines were altered is refused', async () => {
    const first = createFileDestination('ndjson', folder, run, 'ins_1', hostFiles)
    const start = await open(first)
    const held = await write(first, start, page({ id: 'a' }, { id: 'b' }))
    await first.close()
    await writeFile(segment(), '{"id":"a","n":1234567}\n')
    const second = createFileDestination('ndjson', folder, run, 'ins_2', hostFiles)
    await expect(open(second, { ...held, segmentBytes: 23 })).rejects.toMatchObject({
      code: 'destination_changed',
      detail: expect.stringContaining('expected 2 lines, but found 1') as string,
    })
    await second.close()
  })

  test('is cut back to what was committed', async () => {
    const first = createFileDestination('ndjson', folder, run, 'ins_1', hostFiles)
    const start = await open(first)
    const held = await write(first, start, page({ id: 'a' }))
    await first.close()
    await appendFile(segment(), '{"id":"torn')
    const second = createFileDestination('ndjson', folder, run, 'ins_2', hostFiles)
    await open(second, held)
    expect(await readFile(segment('ins_2'), 'utf8')).toBe('{"id":"a"}\n')
    expect(await second.countDistinct(held)).toBe(1)
    await second.close()
  })
})

describe('an owner that lost its run while it stood still', () => {
  async function overtaken(): Promise<{
    first: Destination
    second: Destination
    held: CollectionRecord
  }> {
    const first = createFileDestination('ndjson', folder, run, 'ins_1', hostFiles)
    let held = await open(first)
    held = await write(first, held, page({ id: 'a' }))
    const second = createFileDestination('ndjson', folder, run, 'ins_2', hostFiles)
    return { first, second, held }
  }

  test('cannot write into its successor’s segment, nor cut it, nor publish', async () => {
    const { first, second, held } = await overtaken()
    let next = await open(second, held)
    await write(first, held, page({ id: 'stale' }))
    next = await write(second, next, page({ id: 'b' }))
    await first.restart({ collection: held, walks: [] })
    await write(first, nothing, page({ id: 'stale' }))
    await expect(first.publish(held)).rejects.toMatchObject({
      code: 'destination_unwritable',
    })
    await first.close()
    await second.publish(next)
    await second.close()
    expect(await readFile(join(folder, 'users.ndjson'), 'utf8')).toBe('{"id":"a"}\n{"id":"b"}\n')
  })

  test('cannot rename what it had readied before it was overtaken', async () => {
    const { first, second, held } = await overtaken()
    await writeFile(`${segment()}.out`, 'readied')
    await open(second, held)
    expect(await readdir(runFolder(folder, run.id))).toEqual(['users.ins_2.ndjson'])
    await first.close()
    await second.close()
  })

  test('leaves its successor’s files alone when it wakes while opening them', async () => {
    const { first, second, held } = await overtaken()
    const lost = new Error('another process has taken over')
    await expect(open(second, held, () => Promise.reject(lost))).rejects.toBe(lost)
    await second.close()
    const after = await write(first, held, page({ id: 'b' }))
    await first.publish(after)
    await first.close()
    expect(await readFile(join(folder, 'users.ndjson'), 'utf8')).toBe('{"id":"a"}\n{"id":"b"}\n')
  })
})

describe('a published snapshot', () => {
  test('holds each id once, as it was met last, and the folder nothing else', async () => {
    const to = createFileDestination('ndjson', folder, run, 'ins_1', hostFiles)
    let held = await open(to)
    held = await write(to, held, page({ id: 'a', n: 1 }, { id: 'b', n: 1 }))
    held = await write(to, held, page())
    held = await write(to, held, page({ id: 'a', n: 2 }, { id: 'c', n: 1 }))
    expect(await to.countDistinct(held)).toBe(3)
    await to.publish(held)
    await to.close()
    await to.discard()
    expect(await readFile(join(folder, 'users.ndjson'), 'utf8')).toBe(
      '{"id":"b","n":1}\n{"id":"a","n":2}\n{"id":"c","n":1}\n',
    )
    expect(await readdir(folder)).toEqual(['users.ndjson'])
  })

  test('replaces the old one, also when it is published twice', async () => {
    await writeFile(join(folder, 'users.ndjson'), 'old\n')
    const to = createFileDestination('ndjson', folder, run, 'ins_1', hostFiles)
    let held = await open(to)
    held = await write(to, held, page({ id: 'a' }))
    expect(await readFile(join(folder, 'users.ndjson'), 'utf8')).toBe('old\n')
    await to.publish(held)
    await to.publish(held)
    await to.close()
    expect(await readFile(join(folder, 'users.ndjson'), 'utf8')).toBe('{"id":"a"}\n')
  })

  test('is a copy when partial, so that the run can go on without touching it', async () => {
    const to = createFileDestination('ndjson', folder, run, 'ins_1', hostFiles)
    let held = await open(to)
    held = await write(to, held, page({ id: 'a' }))
    await to.publish(held, { isPartial: true })
    await write(to, held, page({ id: 'b' }))
    await to.close()
    expect(await readFile(join(folder, 'users.ndjson'), 'utf8')).toBe('{"id":"a"}\n')
  })

  test('of nobody is an empty file', async () => {
    const to = createFileDestination('ndjson', folder, run, 'ins_1', hostFiles)
    const held = await open(to)
    await to.publish(held)
    await to.close()
    expect(await readFile(join(folder, 'users.ndjson'), 'utf8')).toBe('')
  })
})

test('leftovers of runs that are over are removed, those of others stay', async () => {
  const files = hostFiles
  await files.makeFolder(join(folder, '.evergrant-run_over'))
  await files.makeFolder(join(folder, '.evergrant-run_open'))
  await prepareFolder(folder, files, (id) => Promise.resolve(id === 'run_over'))
  expect(await readdir(folder)).toEqual(['.evergrant-run_open'])
})

test('a segment restarted begins at nothing', async () => {
  const to = createFileDestination('ndjson', folder, run, 'ins_1', hostFiles)
  const start = await open(to)
  await write(to, start, page({ id: 'a' }, { id: 'b' }))
  await to.restart({ collection: nothing, walks: [] })
  const held = await write(to, start, page({ id: 'b' }))
  expect(await to.countDistinct(held)).toBe(1)
  expect(await readFile(segment(), 'utf8')).toBe('{"id":"b"}\n')
  await to.close()
})

describe('a source of edges that is gone', () => {
  const columns = ['groupId', 'memberId', 'memberType']
  const members: CollectionRecord = { ...nothing, collection: 'members' }
  const edgesRun: RunRecord = { ...run, options: { ...run.options, columns: { members: columns } } }
  const destination = (instanceId: string): Destination =>
    createFileDestination('ndjson', folder, edgesRun, instanceId, hostFiles)

  async function bring(
    to: Destination,
    collection: CollectionRecord,
    edges: readonly string[],
    unmet: readonly string[] = [],
  ): Promise<CollectionRecord> {
    const rows = edges.map((edge) => {
      const [groupId = '', memberId = ''] = edge.split('/')
      return { groupId, memberId, memberType: 'user' }
    })
    const batch = [edgeRows('members', rows)]
    const written = await to.write({ collection, walks: [], batch, unmet, gone: unmet })
    return written.collection ?? collection
  }

  async function published(to: Destination, held: CollectionRecord): Promise<readonly string[]> {
    const lines = (await readFile((await to.publish(held)) ?? '', 'utf8')).split('\n').slice(0, -1)
    const edges = lines.map((line) => JSON.parse(line) as Readonly<Record<string, string>>)
    return edges.map(({ groupId, memberId }) => `${groupId}/${memberId}`)
  }

  test('takes its edges along, those of others left alone', async () => {
    const to = destination('ins_1')
    let held = await open(to, members)
    held = await bring(to, held, ['a/1', 'b/1', 'a/2'])
    held = await bring(to, held, ['c/1'], ['a', 'unknown'])
    expect(await to.countDistinct(held)).toBe(2)
    expect(await published(to, held)).toEqual(['b/1', 'c/1'])
    await to.close()
  })

  test('is what it brings when it comes back, also for another owner of the run', async () => {
    const first = destination('ins_1')
    let held = await open(first, members)
    held = await bring(first, held, ['a/1', 'a/2', 'b/1'])
    held = await bring(first, held, [], ['a'])
    held = await bring(first, held, ['a/2', 'a/3'])
    await first.close()
    const second = destination('ins_2')
    held = await open(second, held)
    expect(await second.countDistinct(held)).toBe(3)
    expect(await published(second, held)).toEqual(['b/1', 'a/2', 'a/3'])
    held = await bring(second, held, ['b/2'], ['a'])
    expect(await second.countDistinct(held)).toBe(2)
    expect(await published(second, held)).toEqual(['b/1', 'b/2'])
    await second.close()
  })
})
