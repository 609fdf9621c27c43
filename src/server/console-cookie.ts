import type { FastifyRequest } from 'fastify'
import { readCookie } from '../access/index.ts'
import { EvergrantError } from '../kernel/index.ts'

/** What a cookie of the console is for. */
export type ConsoleCookie = 'session' | 'sign-in'

const names: Readonly<Record<ConsoleCookie, string>> = {
  session: 'evergrant-console',
  'sign-in': 'evergrant-sign-in',
}

/**
 * Name of a cookie: over https browsers hold `__Host-` to this host alone, set over https and for
 * every path, so that no neighbour under the same domain can plant one.
 */
export function cookieNameOf(cookie: ConsoleCookie, publicUrl: string): string {
  return `${publicUrl.startsWith('https:') ? '__Host-' : ''}${names[cookie]}`
}

/** The header that sets a cookie, which scripts never see and other sites’ forms do not bring. */
export function setCookie(
  cookie: ConsoleCookie,
  publicUrl: string,
  value: string,
  lifeMs?: number,
): string {
  const isSecure = publicUrl.startsWith('https:')
  const name = cookieNameOf(cookie, publicUrl)
  const age = lifeMs === undefined ? '' : `; Max-Age=${Math.max(0, Math.floor(lifeMs / 1_000))}`
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}${age}`
}

/** The header that takes a cookie away. */
export function clearCookie(cookie: ConsoleCookie, publicUrl: string): string {
  return setCookie(cookie, publicUrl, '', 0)
}

/** The value of a cookie; undefined when it did not come. @throws `credential_malformed` */
export function cookieOf(
  request: FastifyRequest,
  cookie: ConsoleCookie,
  publicUrl: string,
): string | undefined {
  const read = readCookie(request.headers.cookie, cookieNameOf(cookie, publicUrl))
  if (!read.ok) throw read.error
  return read.value === '' ? undefined : read.value
}

/**
 * Refuses what another site made the browser send: by what browsers say of where a request comes
 * from (Fetch Metadata), and by its origin.
 *
 * @param isNavigation Also lets in what a person typed or followed from elsewhere than a page.
 * @throws EvergrantError `csrf_refused`
 */
export function requireSameOrigin(
  { headers }: FastifyRequest,
  publicUrl: string,
  isNavigation = false,
): void {
  const { origin, 'sec-fetch-site': site } = headers
  const isSite = site === undefined || site === 'same-origin' || (isNavigation && site === 'none')
  if (!isSite) {
    throw refused(`expected a request of our own pages, but "Sec-Fetch-Site" is not "same-origin"`)
  }
  if (origin === undefined) return
  // A form of a page that sends no referrer has no origin either (Fetch, "append a request Origin").
  if (origin === 'null' && site === 'same-origin') return
  if (URL.canParse(origin) && new URL(origin).origin === new URL(publicUrl).origin) return
  throw refused(`expected "Origin" to be ${new URL(publicUrl).origin}, but it is another one`)
}

function refused(detail: string): EvergrantError {
  return new EvergrantError('csrf_refused', detail)
}
