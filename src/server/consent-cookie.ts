import { Secret } from '../kernel/index.ts'
import type { ConsentSession } from '../consent/index.ts'

/** What a cookie belongs to: a link, for every sign-in that it begins, else one sign-in. */
type Bound = Pick<ConsentSession, 'id' | 'linkId'>

/**
 * The cookie that binds a sign-in to the browser that began it. Lax, since the provider leads back
 * from another site; out of reach of scripts, and of other hosts where the service has TLS.
 *
 * @param publicUrl Where browsers see the service.
 */
export function consentCookie(
  bound: Bound,
  browser: Secret,
  { publicUrl, lifeMs }: { readonly publicUrl: string; readonly lifeMs: number },
): string {
  const isSecure = publicUrl.startsWith('https:')
  const seconds = Math.max(0, Math.ceil(lifeMs / 1_000))
  return [
    `${cookieName(bound, isSecure)}=${browser.reveal()}`,
    'Path=/',
    `Max-Age=${seconds}`,
    'HttpOnly',
    'SameSite=Lax',
    ...(isSecure ? ['Secure'] : []),
  ].join('; ')
}

/** Reads that cookie; undefined when there is none, or more than one that claims to be it. */
export function readConsentCookie(
  header: string | undefined,
  bound: Bound,
  publicUrl: string,
): Secret | undefined {
  const name = cookieName(bound, publicUrl.startsWith('https:'))
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
  const [value, ...others] = values
  if (value === undefined || others.length > 0 || !/^[\w-]{43}$/.test(value)) return undefined
  return new Secret(value)
}

function cookieName({ id, linkId }: Bound, isSecure: boolean): string {
  return `${isSecure ? '__Host-' : ''}evergrant-consent-${linkId ?? id}`
}
