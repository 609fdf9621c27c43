import { createHash, hash } from 'node:crypto'
import { requireOwnGrant, type ConnectionDefinition } from '../grants/index.ts'
import { EvergrantError, newId, Secret, type RandomBytes } from '../kernel/index.ts'
import { authorizationUrl } from '../oauth/index.ts'
import { signInTargets, type ConsentContext } from './context.ts'
import type { ConsentSession } from './ports.ts'
import { hashState } from './read-pasted.ts'

/** How a sign-in is to go. */
export interface BeginConsentOptions {
  /** Where the sign-in leads, exactly as registered with the application. */
  readonly redirectUri: string
  /** Who begins it, for people. */
  readonly startedBy: string
  /** Takes another account than the one that serves now. Default false. */
  readonly approvesAccount?: boolean
  /** The cookie of the browser that alone may bring the code back. Default: none; it is pasted. */
  readonly browser?: Secret
  /** The hand-off link that begins it. */
  readonly linkId?: string
}

/** A sign-in that was begun. */
export interface ConsentInvitation {
  readonly session: ConsentSession
  /** Where to sign in. */
  readonly url: string
}

/** For how long a sign-in can be finished (ms). What the provider allows for its code comes on top. */
export const sessionLifeMs = 3_600_000
/** For how long it is remembered what became of a session (ms). */
const memoryMs = 30 * 86_400_000
/** Most sessions that one beginning forgets. */
const sweptAtOnce = 100

const randomSize = 32

/**
 * Begins a sign-in: the address to open, with PKCE S256, a state of 256 bits and a nonce. Its
 * session is stored before it resolves; one that the connection still waited for is cancelled.
 *
 * @throws `connection_unknown`, `tenant_*`, `usage` for a connection that nobody consents to,
 *   `consent_link_used`, `provider_*`, `store_*`
 */
export async function beginConsent(
  address: string,
  { redirectUri, startedBy, approvesAccount = false, browser, linkId }: BeginConsentOptions,
  { store, links, engine, fetch, clock, random, emit }: ConsentContext,
): Promise<ConsentInvitation> {
  const { definition } = engine.connection(address)
  requireOwnGrant(definition)
  requireSignIn(definition)
  const { name: connection, provider, clientId } = definition
  const status = await engine.status(address)
  const { tenant } = provider
  const isServing = status.refreshToken !== undefined
  const expected = status.grant?.subject ?? ''
  const state = new Secret(base64url(random(randomSize)))
  const verifier = new Secret(base64url(random(randomSize)))
  const lacksConsent = status.lastFailure?.code === 'consent_required'
  const url = await authorizationUrl(
    {
      provider,
      clientId,
      redirectUri,
      targets: signInTargets(definition),
      state,
      nonce: nonceOf(verifier),
      codeVerifier: verifier,
      prompt: isServing && !lacksConsent ? 'login' : 'consent',
    },
    { fetch, clock },
  )
  if (!url.ok) throw url.error

  const now = clock.now()
  const session: ConsentSession = {
    id: newId('cns', now, random),
    connection,
    tenant,
    stateHash: hashState(state.reveal()),
    redirectUri,
    purpose: isServing ? 'reconnect' : 'connect',
    startedBy,
    ...(expected === '' ? {} : { expectedSubject: expected }),
    approvesAccount,
    ...(linkId === undefined ? {} : { linkId }),
    ...(browser === undefined ? {} : { browserHash: hashBrowser(browser) }),
    state: 'created',
    stateChangedAt: now,
    createdAt: now,
    expiresAt: now + sessionLifeMs,
    rungs: [],
  }
  await store.sweepConsents(now - memoryMs, sweptAtOnce)
  await links.sweepLinks(now - memoryMs, sweptAtOnce)
  if (!(await store.addConsent(session, verifier))) {
    throw new EvergrantError('consent_link_used', 'another sign-in by it came back just now')
  }
  const { id: sessionId, purpose, expiresAt } = session
  emit({
    type: 'consent.started',
    at: now,
    connection,
    tenant,
    sessionId,
    ...(linkId === undefined ? {} : { linkId }),
    purpose,
    startedBy,
    expiresAt,
  })
  return { session, url: url.value }
}

/** Refuses connections that nobody signs in for. @throws EvergrantError `usage` */
export function requireSignIn({ name, grant }: ConnectionDefinition): void {
  if (grant === 'authorization_code') return
  throw new EvergrantError('usage', `connection "${name}" needs nobody’s sign-in`, {
    remedy: 'Obtain consent for connections whose `grant` is authorization_code.',
  })
}

/** A secret for the cookie of a browser that a sign-in is bound to: 256 bits. */
export function newBrowserSecret(random: RandomBytes): Secret {
  return new Secret(base64url(random(randomSize)))
}

/** What is kept of such a secret. */
export function hashBrowser(browser: Secret): string {
  return hash('sha256', browser.reveal())
}

/** Tells whether a browser’s cookie is that of the one which a session is bound to. */
export function isBrowserOf(
  { browserHash }: Pick<ConsentSession, 'browserHash'>,
  browser: Secret,
): boolean {
  // Hashes of 256 random bits tell nothing by the time their comparison takes.
  return browserHash !== undefined && hashBrowser(browser) === browserHash
}

/**
 * The nonce of a sign-in. It follows from the verifier, which is sealed and spent with the session,
 * so that nothing more needs to be kept of it.
 */
export function nonceOf(verifier: Secret): string {
  return createHash('sha256').update(`nonce ${verifier.reveal()}`).digest('base64url')
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
