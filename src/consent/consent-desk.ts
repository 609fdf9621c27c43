import type { EvergrantError, Result } from '../kernel/index.ts'
import { beginConsent, type BeginConsentOptions, type ConsentInvitation } from './begin-consent.ts'
import {
  completeConsent,
  type CompleteConsentOptions,
  type ConsentCompletion,
} from './complete-consent.ts'
import type { ConsentContext } from './context.ts'

/** Where consent is begun and finished; addresses are `name`, or `name@tenant` of a template. */
export interface ConsentDesk {
  /** Begins a sign-in. See `beginConsent` for what it throws. */
  begin(address: string, options: BeginConsentOptions): Promise<ConsentInvitation>
  /** Finishes a sign-in. See `completeConsent` for what it returns and throws. */
  complete(
    address: string,
    options: CompleteConsentOptions,
  ): Promise<Result<ConsentCompletion, EvergrantError>>
  /** Gives a sign-in up that nothing came back of; false when something did. @throws `store_*` */
  cancel(sessionId: string): Promise<boolean>
}

/** Makes the desk. */
export function createConsentDesk(context: ConsentContext): ConsentDesk {
  const { store, clock } = context
  return {
    begin: (address, options) => beginConsent(address, options, context),
    complete: (address, options) => completeConsent(address, options, context),
    cancel: (sessionId) =>
      store.moveConsent(sessionId, { from: 'created', to: 'cancelled' }, clock.now()),
  }
}
