import type { EvergrantError } from '../kernel/index.ts'
import type { ConsentContext } from './context.ts'
import type { ConsentRung, ConsentSession, ConsentState } from './ports.ts'

/** Ends a session as failed, unless it is not in `from` any more; returns why. */
export async function failSession(
  { id: sessionId, linkId, connection, tenant }: ConsentSession,
  from: ConsentState,
  error: EvergrantError,
  { store, clock, emit }: Pick<ConsentContext, 'store' | 'clock' | 'emit'>,
  rungs?: readonly ConsentRung[],
): Promise<EvergrantError> {
  const { code, detail, remedy } = error
  const now = clock.now()
  const failure = { code, detail, remedy }
  const change = { from, to: 'failed', failure, ...(rungs === undefined ? {} : { rungs }) } as const
  if (await store.moveConsent(sessionId, change, now)) {
    const about = { connection, tenant, sessionId, ...(linkId === undefined ? {} : { linkId }) }
    emit({ type: 'consent.failed', at: now, ...about, code, detail })
  }
  return error
}
