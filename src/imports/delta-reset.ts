/**
 * Why Graph will not say any more what has changed since: the token is older than it remembers; the
 * service has lost its place, with or without a link to begin anew from; a round was never read to
 * its end; a link was taken apart; its pages lead nowhere.
 */
export type DeltaReset =
  | 'token_expired'
  | 'service_reset'
  | 'service_reset_with_link'
  | 'never_steady'
  | 'link_mangled'
  | 'never_ends'

/** What people are told of each. */
export const deltaResets: Readonly<Record<DeltaReset, string>> = {
  token_expired: 'the delta token has expired',
  service_reset: 'Graph has reset the delta',
  service_reset_with_link: 'Graph has reset the delta and offered to begin anew',
  never_steady: 'a round of the delta was not read to its end within 30 days',
  link_mangled: 'Graph did not know its own delta link any more',
  never_ends: 'the pages of the delta lead to no end',
}

/**
 * Tells whether an answer means that a delta must be begun anew, in any of the forms Graph has for
 * it; undefined for every other answer. Pure.
 *
 * @param error Graph's error object; empty texts where the body was none.
 */
export function deltaResetOf(
  status: number,
  headers: Readonly<Record<string, string>>,
  error: { readonly code: string; readonly message: string },
): DeltaReset | undefined {
  if (status < 400 || status >= 500) return undefined
  // Outlook spells its codes with a capital.
  const code = error.code.toLowerCase()
  if (/steady state within \d+ days/i.test(error.message)) return 'never_steady'
  if (status === 410) {
    return headers['location'] === undefined ? 'service_reset' : 'service_reset_with_link'
  }
  if (code === 'syncstatenotfound' || code === 'resyncrequired') return 'token_expired'
  if (/must be (?:re)?synchronized again|delta token is expired/i.test(error.message)) {
    return 'token_expired'
  }
  const namesBoth = /deltatoken/i.test(error.message) && /skiptoken/i.test(error.message)
  return status === 400 && namesBoth ? 'link_mangled' : undefined
}
