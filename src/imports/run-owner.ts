import { isCertainlyGone, type ProcessIdentity } from '../kernel/index.ts'
import type { RunRecord } from './ports.ts'

/** A run whose owner has not beaten for so long has no owner any more. */
export const ownerLeaseMs = 30_000
/** How often an owner beats. */
export const heartbeatEveryMs = 1_000

/**
 * Tells whether someone still drives a run. Where its owner's processes can be seen from here (same
 * boot, same pid namespace) a dead owner is known at once; elsewhere the lease decides.
 */
export function isDriven(run: RunRecord, identity: ProcessIdentity, now: number): boolean {
  if (run.state !== 'running' && run.state !== 'waiting') return false
  const { owner } = run
  if (owner === undefined) return false
  if (isCertainlyGone(owner, identity)) return false
  // A beat that lies further ahead than a lease was made before the clock was turned back.
  return Math.abs(now - run.heartbeatAt) < ownerLeaseMs
}
