/** Where people sign in, below the public URL of the service. */
export const signInPath = '/console/sign-in'
/** Where issuers send browsers back to. */
export const callbackPath = `${signInPath}/callback`
/** Where it is told why nobody was signed in, without the code that was brought. */
export const refusedPath = `${signInPath}/refused`
/** Where the console begins. */
const home = '/console/'

/** The redirect URI that an issuer has to know. */
export function consoleRedirectUri(publicUrl: string): string {
  return `${publicUrl.replace(/\/$/, '')}${callbackPath}`
}

/** Where a link leads. */
export function consoleLinkUrl(publicUrl: string, token: string): string {
  return `${publicUrl.replace(/\/$/, '')}${signInPath}/link/${token}`
}

/**
 * Where somebody goes after the sign-in: a page of the console, whatever was asked for. Read as a
 * browser reads it, so that no spelling of another site or path passes.
 */
export function localReturn(asked: unknown): string {
  if (typeof asked !== 'string' || asked.length > 1_000 || !asked.startsWith(home)) return home
  const base = 'http://evergrant.invalid'
  if (!URL.canParse(asked, base)) return home
  const { origin, pathname, search, hash } = new URL(asked, base)
  const isPage = pathname.startsWith(home) && !pathname.startsWith(signInPath)
  return origin === base && isPage ? `${pathname}${search}${hash}` : home
}
