import {
  link,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  copyFile,
  type FileHandle,
} from 'node:fs/promises'
import { dirname } from 'node:path'
import { EvergrantError } from '../kernel/index.ts'

/** A file that is only appended to. */
export interface SegmentFile {
  append(data: Buffer): Promise<void>
  /** Resolves when everything appended would survive a power cut. */
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

/** The part of a file system that file destinations need; tests inject faults here. */
export interface FilePort {
  /** Makes a folder and those above it, durably. */
  makeFolder(path: string): Promise<void>
  /** Opens for appending, durably making the file when there is none. */
  openSegment(path: string): Promise<SegmentFile>
  /** Bytes of a file; undefined when there is none. */
  sizeOf(path: string): Promise<number | undefined>
  read(path: string): AsyncIterable<Buffer>
  /**
   * Makes `target` hold what `source` holds, replacing it atomically and durably; `source` stays. A
   * `link` costs nothing but shares later changes of `source`; a `copy` does not. What is readied
   * beforehand stands beside `source`, its name beginning with the same: without both of them,
   * nothing is put in place.
   */
  publish(source: string, target: string, how: 'link' | 'copy'): Promise<void>
  list(folder: string): Promise<readonly string[]>
  remove(path: string): Promise<void>
}

const readChunkBytes = 1024 * 1024

/** The host's file system. */
export const hostFiles: FilePort = {
  makeFolder: async (path) => {
    for (const made of await makeMissing(path)) await syncFolderOf(made)
  },
  openSegment: async (path) => {
    const file = await open(path, 'a')
    await syncFolderOf(path)
    return segment(file)
  },
  sizeOf: async (path) => {
    try {
      return (await stat(path)).size
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  },
  read: readChunks,
  publish: async (source, target, how) => {
    const aside = `${source}.out`
    await rm(aside, { force: true })
    if (how === 'copy' || !(await linked(source, aside))) {
      await copyFile(source, aside)
      await syncFile(aside)
    }
    await rename(aside, target)
    // When both names were the same file already, rename does nothing and leaves the first behind.
    await rm(aside, { force: true })
    await syncFolderOf(target)
  },
  list: (folder) => readdir(folder),
  remove: async (path) => {
    await rm(path, { recursive: true, force: true })
  },
}

/**
 * Makes a folder and those missing above it, and returns what it made. Node's own recursion never
 * ends where a folder is there but takes no other, as below `/proc`.
 */
async function makeMissing(path: string): Promise<readonly string[]> {
  try {
    return await makeOne(path)
  } catch (error) {
    const above = dirname(path)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || above === path) throw error
    return [...(await makeMissing(above)), ...(await makeOne(path))]
  }
}

async function makeOne(path: string): Promise<readonly string[]> {
  try {
    await mkdir(path)
    return [path]
  } catch (error) {
    if (await isFolder(path)) return []
    throw error
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

function segment(file: FileHandle): SegmentFile {
  return {
    append: async (data) => {
      let at = 0
      while (at < data.length) at += (await file.write(data, at)).bytesWritten
    },
    sync: () => file.datasync(),
    truncate: (length) => file.truncate(length),
    close: () => file.close(),
  }
}

async function* readChunks(path: string): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(readChunkBytes))
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** False where the file system has no hard links. */
async function linked(source: string, target: string): Promise<boolean> {
  try {
    await link(source, target)
    return true
  } catch {
    return false
  }
}

/** Turns a failure of the file system into an error that says what to do; other errors pass. */
export function fileError(error: unknown, path: string): unknown {
  if (error instanceof EvergrantError) return error
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string')
    return error
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    return new EvergrantError('destination_full', `${path}: ${error.message}`, { cause: error })
  }
  const reasons: Readonly<Record<string, string>> = {
    ENOTDIR: 'a part of the path is a file, not a folder',
    EEXIST: 'there is a file where a folder is needed',
    EISDIR: 'there is a folder where a file is needed',
    EACCES: 'this user may not write there',
    EPERM: 'this user may not write there',
    EROFS: 'the file system is read-only',
    ENOENT: 'its folder is not there and cannot be made',
    EIO: 'the device reports an input/output error',
  }
  const reason = reasons[error.code] ?? error.message
  return new EvergrantError('destination_unwritable', `${path}: ${reason} (${error.code})`, {
    cause: error,
  })
}

/** Runs a step on the file system, its failures made readable. */
export async function onFiles<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw fileError(error, path)
  }
}
