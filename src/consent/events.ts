import type { ErrorCode, EvergrantEvent } from '../kernel/index.ts'
import type { ConsentRung } from './ports.ts'

interface ConsentEventBase extends EvergrantEvent {
  readonly connection: string
  /** As configured; empty where the provider has none. */
  readonly tenant: string
  readonly sessionId: string
  /** The hand-off link that began it. */
  readonly linkId?: string
}

interface LinkEventBase extends EvergrantEvent {
  readonly connection: string
  readonly tenant: string
  readonly linkId: string
}

/** What happens to consent sessions and links. No event holds a state, a code or a token. */
export type ConsentEvent =
  | (ConsentEventBase & {
      readonly type: 'consent.started'
      readonly purpose: 'connect' | 'reconnect'
      readonly startedBy: string
      readonly expiresAt: number
    })
  | (ConsentEventBase & { readonly type: 'consent.code_received' })
  | (ConsentEventBase & {
      readonly type: 'consent.rung'
      readonly rung: string
      readonly outcome: Exclude<ConsentRung['outcome'], 'waiting'>
    })
  | (ConsentEventBase & {
      readonly type: 'consent.verified'
      readonly grantId: string
      /** Proofs that could not be shown either way. */
      readonly unverified: number
    })
  | (ConsentEventBase & {
      readonly type: 'consent.failed'
      readonly code: ErrorCode
      readonly detail: string
    })
  | (LinkEventBase & {
      readonly type: 'consent.link_created'
      readonly recipient: string
      readonly createdBy: string
      readonly expiresAt: number
    })
  | (EvergrantEvent & {
      readonly type: 'consent.customer_changed'
      readonly connection: string
      /** Of the customer. */
      readonly tenant: string
      readonly outcome: 'granted' | 'withdrawn'
    })
  | (EvergrantEvent & {
      readonly type: 'consent.admin_returned'
      readonly connection: string
      readonly tenant: string
      /** As the address said that led there: no proof of anything. */
      readonly outcome: 'granted' | 'refused'
      readonly aadsts?: number
    })
  | (LinkEventBase & { readonly type: 'consent.link_opened' })
  | (LinkEventBase & { readonly type: 'consent.link_revoked'; readonly revokedBy: string })

/** What each event means, in one sentence; the source of the reference page. */
export const consentEventTypes: Readonly<Record<ConsentEvent['type'], string>> = {
  'consent.started': 'A sign-in was begun; its address is shown to whoever shall consent.',
  'consent.code_received': 'The sign-in led to a code, which is redeemed now, once.',
  'consent.rung': 'A proof of the new consent is being tried, or is known by now.',
  'consent.verified': 'No proof of the new consent failed; its grant serves from now on.',
  'consent.failed': 'The sign-in brought no grant; what served before serves on.',
  'consent.link_created': 'Somebody was invited to sign in, by a link that was told once.',
  'consent.customer_changed':
    'Partner Center was told that a customer consents to the application, or does so no more.',
  'consent.admin_returned':
    'Somebody came back from Entra’s page for consent; what that says of it is not proven.',
  'consent.link_opened': 'The page of a link was seen for the first time; that spends nothing.',
  'consent.link_revoked': 'A link was taken back; a sign-in that waited by it is cancelled.',
}
