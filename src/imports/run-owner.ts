import type { RunOwner, RunRecord } from './ports.ts'

/** A run whose owner has not beaten for so long has no owner any more. */
export const ownerLeaseMs = 30_000
/** How often an owner beats. */
export const heartbeatEveryMs = 1_000

/** What a process knows of itself and its neighbours; made where the process begins. */
export interface ProcessIdentity {
  readonly bootId: string
  readonly pidNamespace: string
  readonly pid: number
  readonly processStart: string
  /** The start of a process in this namespace, undefined when there is none of that pid. */
  startOf(pid: number): string | undefined
}

/** Makes the owner that an instance in this process is. */
export function ownerOf(identity: ProcessIdentity, instanceId: string): RunOwner {
  const { bootId, pidNamespace, pid, processStart } = identity
  return { bootId, pidNamespace, pid, processStart, instanceId }
}

/**
 * Tells whether someone still drives a run. Where its owner's processes can be seen from here (same
 * boot, same pid namespace) a dead owner is known at once; elsewhere the lease decides.
 */
export function isDriven(run: RunRecord, identity: ProcessIdentity, now: number): boolean {
  if (run.state !== 'running' && run.state !== 'waiting') return false
  const { owner } = run
  if (owner === undefined) return false
  const isVisible =
    identity.bootId !== '' &&
    owner.bootId === identity.bootId &&
    owner.pidNamespace === identity.pidNamespace
  if (isVisible && identity.startOf(owner.pid) !== owner.processStart) return false
  // A beat that lies further ahead than a lease was made before the clock was turned back.
  return Math.abs(now - run.heartbeatAt) < ownerLeaseMs
}
