import { mkdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeStaleFolders } from './stale-folders.ts'

/** Memory that serves as a disk where there is plenty of it: the tests write many small files. */
export function placeForFiles(): string {
  const memory = '/dev/shm'
  try {
    const { bavail, bsize } = statfsSync(memory)
    return bavail * bsize > 4 * 2 ** 30 ? memory : tmpdir()
  } catch {
    return tmpdir()
  }
}

const prefix = 'evergrant-tests'
const place = placeForFiles()

/** Where temporary files of a run are, as long as it lasts. */
export const temporaryFolder = join(place, `${prefix}-${process.pid}-`)

/** Makes the folder; what is left in it goes with the run. */
export function setup(): () => void {
  removeStaleFolders(prefix, place)
  mkdirSync(temporaryFolder, { recursive: true })
  return () => rmSync(temporaryFolder, { recursive: true, force: true })
}
