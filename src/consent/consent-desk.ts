import type { Proof } from '../grants/index.ts'
import type { AccessToken, EvergrantError, Result } from '../kernel/index.ts'
import type { TokenTarget } from '../oauth/index.ts'
import { climb } from './api-rungs.ts'
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
  /**
   * Climbs the rungs of a target again, with a token of the grant that serves. Changes nothing.
   *
   * @throws `connection_unknown`, `tenant_*`
   */
  probe(address: string, target: TokenTarget, token: AccessToken): Promise<readonly Proof[]>
}

/** Makes the desk. */
export function createConsentDesk(context: ConsentContext): ConsentDesk {
  const { store, clock, engine } = context
  return {
    begin: (address, options) => beginConsent(address, options, context),
    complete: (address, options) => completeConsent(address, options, context),
    cancel: (sessionId) =>
      store.moveConsent(sessionId, { from: 'created', to: 'cancelled' }, clock.now()),
    probe: async (address, target, token) => {
      const { definition } = engine.connection(address)
      if (definition.grant !== 'authorization_code') return []
      const subject = (await engine.status(address)).grant?.subject
      const known = subject === '' ? undefined : subject
      return climb(definition, target, token, { subject: known, isTrial: false }, context)
    },
  }
}
