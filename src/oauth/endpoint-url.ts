import { EvergrantError } from '../kernel/index.ts'

/** Tells whether a URL points at this machine itself. */
export function isLoopback(url: URL): boolean {
  const { hostname } = url
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
}

/**
 * Reads the base URL of a provider: https, or http on loopback, without query, fragment or
 * credentials.
 *
 * @param field The name of the setting, for the message.
 * @throws `provider_misconfigured` naming the field and what was expected.
 */
export function parseEndpoint(text: string, field: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) {
    throw new EvergrantError('provider_misconfigured', `"${field}" must be a URL`)
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url))) {
    throw new EvergrantError(
      'provider_misconfigured',
      `"${field}" must be an https URL (http only for loopback), but its scheme is "${url.protocol.slice(0, -1)}"`,
    )
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new EvergrantError(
      'provider_misconfigured',
      `"${field}" must not hold credentials, a query or a fragment`,
    )
  }
  return url
}

/** Joins a base URL and a path, whether or not the base ends in a slash. */
export function below(base: URL, path: string): URL {
  return new URL(`${base.href.replace(/\/+$/, '')}/${path}`)
}
