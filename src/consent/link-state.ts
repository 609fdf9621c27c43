import { EvergrantError } from '../kernel/index.ts'
import type { ConsentLink } from './link-ports.ts'

/**
 * The life of a link: made, its page seen, a sign-in begun by it, and then what becomes of that
 * one. A failed sign-in can be begun again until the link expires.
 */
export type LinkState =
  | 'created'
  | 'opened'
  | 'started'
  | 'code_received'
  | 'verifying'
  | 'active'
  | 'failed'
  | 'expired'
  | 'revoked'

/** Where a link stands, and since when. */
export function linkStateOf(
  { consent, createdAt, expiresAt, openedAt, revokedAt }: ConsentLink,
  now: number,
): { readonly state: LinkState; readonly changedAt: number } {
  if (consent !== undefined && settled.has(consent.state)) {
    // What came of it stays true of a link that is taken back or runs out afterwards.
    const state = consent.state as 'code_received' | 'verifying' | 'active' | 'failed'
    if (state !== 'failed' || revokedAt === undefined) {
      return { state, changedAt: consent.stateChangedAt }
    }
  }
  if (revokedAt !== undefined) return { state: 'revoked', changedAt: revokedAt }
  const isWaiting = consent?.state === 'created' && consent.expiresAt > now
  if (isWaiting) return { state: 'started', changedAt: consent.stateChangedAt }
  if (expiresAt <= now) return { state: 'expired', changedAt: expiresAt }
  if (openedAt !== undefined) return { state: 'opened', changedAt: openedAt }
  return { state: 'created', changedAt: createdAt }
}

const settled: ReadonlySet<string> = new Set(['code_received', 'verifying', 'active', 'failed'])

/**
 * Why no sign-in can be begun by a link; undefined when one can. One that failed may be begun
 * again, except with an account of another tenant: whoever has that one has no business with it.
 */
export function refuseLink(link: ConsentLink, now: number): EvergrantError | undefined {
  const { state, changedAt } = linkStateOf(link, now)
  const at = new Date(changedAt).toISOString()
  if (state === 'revoked') {
    return new EvergrantError('consent_link_revoked', `it was taken back at ${at}`)
  }
  if (state === 'active') {
    return new EvergrantError('consent_link_used', `its sign-in succeeded at ${at}`)
  }
  if (state === 'code_received' || state === 'verifying') {
    return new EvergrantError('consent_link_used', `its sign-in came back at ${at} and is on trial`)
  }
  if (link.consent?.failureCode === 'consent_wrong_tenant') {
    const detail = `an account of another tenant signed in at ${at}`
    const remedy = 'Ask whoever sent it for a new one, and say which account you have.'
    return new EvergrantError('consent_link_used', detail, { remedy })
  }
  if (link.expiresAt > now) return undefined
  const until = new Date(link.expiresAt).toISOString()
  return new EvergrantError('consent_link_expired', `it could be used until ${until}`)
}
