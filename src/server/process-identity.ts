import { readFileSync, readlinkSync } from 'node:fs'
import type { ProcessIdentity } from '../kernel/index.ts'

/**
 * Describes this process so that others can tell whether it still lives. On systems without `/proc`
 * the boot id is empty, and leases alone decide.
 */
export function readProcessIdentity(): ProcessIdentity {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8').trim()
    } catch {
      return ''
    }
  }
  const startOf = (pid: number): string | undefined => {
    const stat = read(`/proc/${pid}/stat`)
    // The command name may hold blanks and brackets: fields count from behind its last bracket.
    if (stat === '') return isThere(pid) ? '' : undefined
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const isGone = fields[0] === 'Z' || fields[0] === 'X'
    return isGone ? undefined : fields[19]
  }
  return {
    bootId: read('/proc/sys/kernel/random/boot_id'),
    pidNamespace: readLink('/proc/self/ns/pid'),
    pid: process.pid,
    processStart: startOf(process.pid) ?? '',
    startOf,
  }
}

/** Another user's process may be hidden from `/proc`, but not from the question whether it is there. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
