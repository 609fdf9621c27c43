import { EvergrantError, type Secret } from '../kernel/index.ts'
import { isBrowserOf } from './begin-consent.ts'
import { receiveConsent, type ReceivedConsent } from './complete-consent.ts'
import type { ConsentContext } from './context.ts'
import { overBecause } from './find-session.ts'
import type { ConsentSession } from './ports.ts'
import { readPasted } from './read-pasted.ts'
import { sealAnswer } from './seal-answer.ts'

/** What a browser’s return from a sign-in comes to. */
export type Arrival =
  /** It is of no sign-in that waits; nothing was spent. */
  | {
      readonly kind: 'refused'
      readonly error: EvergrantError
      /** Its session, where that is known. */
      readonly session?: ConsentSession
      /** It is the browser that the session is bound to. */
      readonly isOwn: boolean
    }
  /** The sign-in is spent; it goes on by itself. */
  | ({ readonly kind: 'received'; readonly isOwn: boolean } & ReceivedConsent)
  /** Nothing was spent: whoever sees it hands the sealed code on to whoever asked. */
  | { readonly kind: 'shown'; readonly session: ConsentSession; readonly sealed: string }

/**
 * Takes a browser that comes back from a sign-in. Only the browser that began it finishes it at
 * once. In any other one nothing is redeemed: what was begun to be pasted is shown, sealed, and
 * what was begun by a link is refused.
 *
 * @param browserOf Gives the cookie of a session that the browser has.
 * @throws `store_*`, and as `receiveConsent`
 */
export async function arrive(
  query: URLSearchParams,
  browserOf: (session: ConsentSession) => Secret | undefined,
  context: ConsentContext,
): Promise<Arrival> {
  const { store, clock, vault } = context
  const refuse = (error: EvergrantError, session?: ConsentSession, isOwn = false): Arrival => ({
    kind: 'refused',
    error,
    ...(session === undefined ? {} : { session }),
    isOwn,
  })
  const text = `?${query.toString()}`
  const read = readPasted(text)
  if (!read.ok) return refuse(read.error)
  const { stateHash, outcome } = read.value
  if (stateHash === undefined) {
    const detail = 'it has no "state", so that nobody knows of which sign-in it is'
    return refuse(new EvergrantError('consent_unknown', detail))
  }
  const session = await store.findConsentByState(stateHash)
  if (session === undefined) {
    const detail = 'its "state" is of no sign-in that was begun here'
    return refuse(new EvergrantError('consent_unknown', detail))
  }
  const browser = browserOf(session)
  const isOwn = browser !== undefined && isBrowserOf(session, browser)
  const over = overBecause(session, clock.now()) ?? (await refuseRevoked(session, context))
  if (over !== undefined) return refuse(over, session, isOwn)
  if (!isOwn && session.linkId !== undefined) {
    const detail = 'it was begun in another browser than this one'
    return refuse(new EvergrantError('consent_elsewhere', detail), session)
  }
  if (!isOwn && outcome.kind === 'code') {
    return { kind: 'shown', session, sealed: sealAnswer(query, session, vault) }
  }
  const received = await receiveConsent(addressOf(session), { pasted: text }, context)
  if (!received.ok) return refuse(received.error, session, isOwn)
  return { kind: 'received', isOwn, ...received.value }
}

/** A link that was taken back while its sign-in was just being begun. */
async function refuseRevoked(
  { id, linkId }: ConsentSession,
  { links, store, clock }: ConsentContext,
): Promise<EvergrantError | undefined> {
  const link = linkId === undefined ? undefined : await links.findLink(linkId)
  if (link?.revokedAt === undefined) return undefined
  await store.moveConsent(id, { from: 'created', to: 'cancelled' }, clock.now())
  const at = new Date(link.revokedAt).toISOString()
  return new EvergrantError('consent_link_revoked', `it was taken back at ${at}`)
}

/** The address of the connection that a session or link is for. */
export function addressOf({
  connection,
  tenant,
}: Pick<ConsentSession, 'connection' | 'tenant'>): string {
  return tenant === '' ? connection : `${connection}@${tenant}`
}
