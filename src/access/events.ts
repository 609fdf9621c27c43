import type { EvergrantEvent } from '../kernel/index.ts'
import type { Role } from './caller.ts'

/** What happens to sessions. No event holds a token. */
export type SessionEvent =
  | (EvergrantEvent & {
      readonly type: 'session.began'
      readonly sessionId: string
      /** Name of the issuer in the configuration. */
      readonly issuer: string
      readonly callerId: string
      readonly expiresAt: number
    })
  /** `by`: id of the caller that revoked it; absent where its issuer left the configuration. */
  | (EvergrantEvent & {
      readonly type: 'session.revoked'
      readonly sessionId: string
      readonly by?: string
    })
  /** One of `issuer` and `linkId` tells how. */
  | (EvergrantEvent & {
      readonly type: 'console.signed_in'
      readonly sessionId: string
      readonly callerId: string
      readonly issuer?: string
      readonly linkId?: string
      readonly expiresAt: number
    })
  | (EvergrantEvent & {
      readonly type: 'console.signed_out'
      readonly sessionId: string
      /** Id of the caller that ended it. */
      readonly by: string
    })
  | (EvergrantEvent & {
      readonly type: 'console.sign_in_failed'
      readonly issuer: string
      readonly code: string
    })
  | (EvergrantEvent & {
      readonly type: 'console.link_made'
      readonly linkId: string
      readonly role: Role
      /** Who made it. */
      readonly by: string
    })

/** What happens to the record of what was done. */
export interface AuditEvent extends EvergrantEvent {
  readonly type: 'audit.unwritten'
  /** An operation of the API. */
  readonly action: string
  readonly target: string
  readonly callerId: string
  readonly requestId: string
}

/** What each event means, in one sentence; the source of the reference page. */
export const auditEventTypes: Readonly<Record<AuditEvent['type'], string>> = {
  'audit.unwritten':
    'Something was done, and could not be recorded: this is all that is known of it.',
}

/** What each event means, in one sentence; the source of the reference page. */
export const sessionEventTypes: Readonly<Record<SessionEvent['type'], string>> = {
  'session.began': 'A caller exchanged a token, or the code of a sign-in, for a session.',
  'session.revoked':
    'A session was revoked: by a caller, or because tokens of its issuer are not accepted any more.',
  'console.signed_in': 'A person signed in to the console: at an issuer, or with a link.',
  'console.signed_out': 'A console session was ended: by its person, or by an admin.',
  'console.sign_in_failed': 'A sign-in to the console at an issuer ended without a session.',
  'console.link_made': 'A link was made that signs in to the console, once.',
}
