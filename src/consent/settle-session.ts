import { EvergrantError } from '../kernel/index.ts'
import type { ConsentContext } from './context.ts'
import { failSession } from './fail-session.ts'
import type { ConsentSession } from './ports.ts'

/** Sessions of a release that named no worker are given up after so long (ms). */
const namelessMs = 600_000

/**
 * A session as it is now: one whose time ran out is expired, and one whose process is gone has
 * failed, since nobody else finishes it. What is found is kept.
 *
 * @throws `store_*`
 */
export async function settleSession(
  session: ConsentSession,
  context: ConsentContext,
): Promise<ConsentSession> {
  const { store, clock } = context
  const { id, state, expiresAt } = session
  const now = clock.now()
  if (state === 'created' && expiresAt <= now) {
    await store.moveConsent(id, { from: 'created', to: 'expired' }, now)
  } else if (
    (state === 'code_received' || state === 'verifying') &&
    (await isLeft(session, context))
  ) {
    const detail = 'the process that finished it ended before it was done'
    await failSession(session, state, new EvergrantError('consent_interrupted', detail), context)
  } else return session
  return (await store.findConsent(id)) ?? session
}

async function isLeft(
  { worker, stateChangedAt }: ConsentSession,
  { worker: own, livingWorkers, clock }: ConsentContext,
): Promise<boolean> {
  if (worker === own) return false
  if (worker === undefined) return stateChangedAt + namelessMs < clock.now()
  return !(await livingWorkers()).has(worker)
}
