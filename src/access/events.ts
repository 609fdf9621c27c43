import type { EvergrantEvent } from '../kernel/index.ts'

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

/** What each event means, in one sentence; the source of the reference page. */
export const sessionEventTypes: Readonly<Record<SessionEvent['type'], string>> = {
  'session.began': 'A caller exchanged a token, or the code of a sign-in, for a session.',
  'session.revoked':
    'A session was revoked: by a caller, or because tokens of its issuer are not accepted any more.',
}
