import type { ErrorCode, EvergrantEvent } from '../kernel/index.ts'

interface ConsentEventBase extends EvergrantEvent {
  readonly connection: string
  /** As configured; empty where the provider has none. */
  readonly tenant: string
  readonly sessionId: string
}

/** What happens to consent sessions. No event holds a state, a code or a token. */
export type ConsentEvent =
  | (ConsentEventBase & {
      readonly type: 'consent.started'
      readonly purpose: 'connect' | 'reconnect'
      readonly startedBy: string
      readonly expiresAt: number
    })
  | (ConsentEventBase & { readonly type: 'consent.code_received' })
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

/** What each event means, in one sentence; the source of the reference page. */
export const consentEventTypes: Readonly<Record<ConsentEvent['type'], string>> = {
  'consent.started': 'A sign-in was begun; its address is shown to whoever shall consent.',
  'consent.code_received': 'The sign-in led to a code, which is redeemed now, once.',
  'consent.verified': 'No proof of the new consent failed; its grant serves from now on.',
  'consent.failed': 'The sign-in brought no grant; what served before serves on.',
}
