import { randomUUID } from 'node:crypto'
import { open, rename, unlink, type FileHandle } from 'node:fs/promises'
import { EvergrantError } from '../kernel/index.ts'

/** How a file is put in place. */
export interface WriteFileOptions {
  /** Permission bits of the new file. */
  readonly mode: number
  /** Whether a file that stands there may be replaced; by default it may not. */
  readonly replace?: boolean
}

/**
 * Puts a whole file in place, synced to disk: it appears complete or not at all, with its
 * permissions from the first byte on. Without `replace` the only outcome over a file that exists is
 * the refusal.
 *
 * @throws `file_exists` when something stands there and `replace` is off, `file_unwritable` naming
 *   what is in the way.
 */
export async function writeWholeFile(
  path: string,
  text: string,
  { mode, replace = false }: WriteFileOptions,
): Promise<void> {
  const target = replace ? `${path}.${randomUUID()}.tmp` : path
  let handle: FileHandle | undefined
  try {
    handle = await open(target, 'wx', mode)
    await handle.writeFile(text)
    await handle.sync()
    await handle.close()
    if (replace) await rename(target, path)
  } catch (error) {
    if (handle !== undefined) {
      await handle.close().catch(() => {})
      await unlink(target).catch(() => {})
    }
    throw describe(error, path)
  }
}

const obstacles: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'a part of its path is a file, not a folder',
  EISDIR: 'a folder stands there',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
}

function describe(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'EEXIST') return new EvergrantError('file_exists', `"${path}" exists already`)
  if (code === '') return error
  return new EvergrantError(
    'file_unwritable',
    `"${path}" cannot be written: ${obstacles[code] ?? 'the system refused'} (${code})`,
    { cause: error },
  )
}
