import { createHash, randomBytes } from 'node:crypto'
import { Secret } from '../../src/kernel/index.ts'
import { openAddress } from './open-address.ts'

/** What a sign-in leaves to be redeemed. */
export interface SignIn {
  readonly code: Secret
  readonly codeVerifier: Secret
  readonly nonce: string
}

/**
 * Signs in at a provider that asks nothing, as a browser would: follows its redirects with cookies
 * up to the redirect URI, which is never called.
 *
 * @param authorizationEndpoint May carry parameters of its own, such as several `resource`s.
 */
export async function signInByHand(
  authorizationEndpoint: string,
  parameters: Readonly<Record<string, string>> & { readonly redirect_uri: string },
): Promise<SignIn> {
  const codeVerifier = randomBytes(32).toString('base64url')
  const nonce = randomBytes(16).toString('base64url')
  const url = new URL(authorizationEndpoint)
  for (const [name, value] of Object.entries({
    response_type: 'code',
    scope: 'openid offline_access',
    prompt: 'consent',
    nonce,
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  })) {
    url.searchParams.set(name, value)
  }
  const led = new URL(await openAddress(url.href, parameters.redirect_uri))
  const code = led.searchParams.get('code')
  if (code === null) throw new Error(`no code: ${led.search}`)
  return { code: new Secret(code), codeVerifier: new Secret(codeVerifier), nonce }
}
