import { EvergrantError, err, ok, type Result } from '../kernel/index.ts'
import type { ConsentSession, ConsentState, ConsentStore } from './ports.ts'

/**
 * Finds the session that something pasted belongs to: by its state, else the one that the
 * connection waits for.
 *
 * @returns `consent_unknown` for another’s state, `consent_expired`, `consent_used`,
 *   `consent_cancelled`
 */
export async function findSession(
  { connection, tenant }: { readonly connection: string; readonly tenant: string },
  stateHash: string | undefined,
  store: ConsentStore,
  now: number,
): Promise<Result<ConsentSession, EvergrantError>> {
  const found =
    stateHash === undefined
      ? await store.newestConsent(connection, tenant)
      : await store.findConsentByState(stateHash)
  if (found === undefined) {
    return refuse(
      'consent_unknown',
      stateHash === undefined
        ? `no sign-in for "${connection}" was begun`
        : 'its "state" is of no sign-in that was begun here',
    )
  }
  if (found.connection !== connection || found.tenant !== tenant) {
    return refuse('consent_unknown', `its "state" is of a sign-in for another connection`)
  }
  const over = overBecause(found, now)
  if (over?.code === 'consent_expired') {
    await store.moveConsent(found.id, { from: 'created', to: 'expired' }, now)
  }
  return over === undefined ? ok(found) : err(over)
}

/** Why a session cannot be finished any more; undefined when it can. */
export function overBecause(
  { state, expiresAt, stateChangedAt, failure }: ConsentSession,
  now: number,
): EvergrantError | undefined {
  if (state === 'created') {
    if (expiresAt > now) return undefined
    return new EvergrantError('consent_expired', `it could be finished until ${iso(expiresAt)}`)
  }
  const [code, text] = endings[state]
  const why = failure === undefined ? '' : `: ${failure.detail}`
  return new EvergrantError(code, `${text} at ${iso(stateChangedAt)}${why}`)
}

const endings: Readonly<
  Record<
    Exclude<ConsentState, 'created'>,
    readonly ['consent_used' | 'consent_expired' | 'consent_cancelled', string]
  >
> = {
  code_received: ['consent_used', 'its code was received'],
  verifying: ['consent_used', 'its trial began'],
  active: ['consent_used', 'it succeeded'],
  failed: ['consent_used', 'it failed'],
  expired: ['consent_expired', 'its time ran out'],
  cancelled: ['consent_cancelled', 'it was given up, or another one was begun,'],
}

function refuse(
  code: 'consent_unknown',
  detail: string,
): { readonly ok: false; readonly error: EvergrantError } {
  return err(new EvergrantError(code, detail))
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
