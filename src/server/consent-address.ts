import { addressOf } from '../consent/index.ts'
import type { GrantEngine } from '../grants/index.ts'
import { EvergrantError } from '../kernel/index.ts'

/**
 * What people call the connection that a sign-in or link is for: its tenant is named only where the
 * connection itself does not name it.
 */
export function addressIn(
  engine: Pick<GrantEngine, 'connection'>,
  about: Parameters<typeof addressOf>[0],
): string {
  const { connection, tenant } = about
  try {
    const { definition } = engine.connection(connection)
    return definition.provider.tenant === tenant ? connection : addressOf(about)
  } catch {
    // A template, or gone since.
    return addressOf(about)
  }
}

/** Where sign-ins lead that this service finishes itself. */
export function consentCallback(publicUrl: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/consent/callback`
}

/** The address that is given to the recipient of a link. */
export function linkAddress(publicUrl: string, token: string): string {
  return `${publicUrl.replace(/\/+$/, '')}/consent/l/${token}`
}

/**
 * Refuses redirect URIs that a code must not travel to.
 *
 * @param field What it was given as.
 * @throws EvergrantError `usage`
 */
export function requireRedirectUri(field: string, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSafe =
    url !== undefined &&
    url.hash === '' &&
    url.username === '' &&
    url.password === '' &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackAddress(text)))
  if (isSafe) return
  throw new EvergrantError(
    'usage',
    `${field}: expected an https URL (http only for this host) without fragment`,
    { remedy: 'Give the redirect URI exactly as it is registered with the application.' },
  )
}

/** Tells whether a redirect URI leads to this host alone. */
export function isLoopbackAddress(redirectUri: string): boolean {
  const { protocol, hostname } = new URL(redirectUri)
  return protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}
