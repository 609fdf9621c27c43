import type { Proof } from '../grants/index.ts'
import { EvergrantError, type AccessToken, type Result, type Secret } from '../kernel/index.ts'
import type { TokenTarget } from '../oauth/index.ts'
import { climb } from './api-rungs.ts'
import { arrive, type Arrival } from './arrive.ts'
import {
  beginConsent,
  isBrowserOf,
  type BeginConsentOptions,
  type ConsentInvitation,
} from './begin-consent.ts'
import {
  completeConsent,
  receiveConsent,
  type CompleteConsentOptions,
  type ConsentCompletion,
  type ReceivedConsent,
} from './complete-consent.ts'
import type { ConsentContext } from './context.ts'
import { createLinkDesk, type LinkDesk } from './link-desk.ts'
import type { ConsentQuery, ConsentSession } from './ports.ts'
import { settleSession } from './settle-session.ts'

/** Where consent is begun and finished; addresses are `name`, or `name@tenant` of a template. */
export interface ConsentDesk {
  /** Begins a sign-in. See `beginConsent` for what it throws. */
  begin(address: string, options: BeginConsentOptions): Promise<ConsentInvitation>
  /** Finishes a sign-in. See `completeConsent` for what it returns and throws. */
  complete(
    address: string,
    options: CompleteConsentOptions,
  ): Promise<Result<ConsentCompletion, EvergrantError>>
  /** Takes what a sign-in led to, and goes on by itself. See `receiveConsent`. */
  receive(
    address: string,
    options: CompleteConsentOptions,
  ): Promise<Result<ReceivedConsent, EvergrantError>>
  /** Takes a browser that comes back from a sign-in. See `arrive`. */
  arrive(
    query: URLSearchParams,
    browserOf: (session: ConsentSession) => Secret | undefined,
  ): Promise<Arrival>
  /** Tells whether a browser’s cookie is that of the one which a session is bound to. */
  isBrowserOf(session: ConsentSession, browser: Secret): boolean
  /** Gives a sign-in up that nothing came back of; false when something did. @throws `store_*` */
  cancel(sessionId: string): Promise<boolean>
  /** A session as it is now. @throws `consent_session_unknown`, `store_*` */
  show(sessionId: string): Promise<ConsentSession>
  /** Sessions as they are now, the newest first. @throws `store_*` */
  list(query: ConsentQuery): Promise<readonly ConsentSession[]>
  /** Hand-off links. */
  readonly links: LinkDesk
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
    receive: (address, options) => receiveConsent(address, options, context),
    arrive: (query, browserOf) => arrive(query, browserOf, context),
    isBrowserOf,
    show: async (sessionId) => {
      const session = await store.findConsent(sessionId)
      if (session !== undefined) return await settleSession(session, context)
      const detail = `there is no sign-in ${JSON.stringify(sessionId.slice(0, 100))}`
      throw new EvergrantError('consent_session_unknown', detail)
    },
    list: async (query) => {
      const sessions = await store.listConsents(query)
      return await Promise.all(sessions.map((session) => settleSession(session, context)))
    },
    links: createLinkDesk(context),
    probe: async (address, target, token) => {
      const { definition } = engine.connection(address)
      if (definition.grant !== 'authorization_code') return []
      const subject = (await engine.status(address)).grant?.subject
      const known = subject === '' ? undefined : subject
      return climb(definition, target, token, { subject: known, isTrial: false }, context)
    },
  }
}
