import { readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Removes the temporary folders named `PREFIX-PID-…`, in `place`, of processes that are gone: what
 * was killed could not clean up.
 */
export function removeStaleFolders(prefix: string, place = tmpdir()): void {
  for (const name of readdirSync(place)) {
    const pid = name.startsWith(`${prefix}-`)
      ? /^-(\d+)-/.exec(name.slice(prefix.length))?.[1]
      : undefined
    if (pid === undefined || isAlive(Number(pid))) continue
    rmSync(join(place, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
