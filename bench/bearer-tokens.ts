import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import type { BearerJob, BearerTokens } from './peers/bearer-side.ts'

const tenantId = '1111abcd-2222-4333-8444-555555555555'
const audience = '2f0c0000-1111-4222-8333-444444444444'

/**
 * Tokens as Entra ID makes them (version 2, for a user), each another one, by RSA and by a curve.
 *
 * @param authority Where their issuer is.
 */
export function makeBearerTokens(
  count: number,
  authority = 'https://login.microsoftonline.com',
): Omit<BearerJob, 'keeps' | 'measureMs'> {
  const issuer = `${authority}/${tenantId}/v2.0`
  return {
    issuer,
    audience,
    tenantId,
    kinds: [make('RS256', count, authority), make('ES256', count, authority)],
  }
}

function make(
  algorithm: BearerTokens['algorithm'],
  count: number,
  authority: string,
): BearerTokens {
  const pair =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = `${algorithm}-of-the-benchmark-x5t`
  const jwk = {
    ...pair.publicKey.export({ format: 'jwk' }),
    kid,
    use: 'sig',
    alg: algorithm,
    issuer: `${authority}/{tenantid}/v2.0`,
  }
  const header = encode({ typ: 'JWT', alg: algorithm, kid })
  const tokens = Array.from({ length: count }, () => {
    const signed = `${header}.${encode(claimsOf(randomUUID(), authority))}`
    const signature = sign('sha256', Buffer.from(signed), {
      key: pair.privateKey,
      dsaEncoding: 'ieee-p1363',
    })
    return `${signed}.${signature.toString('base64url')}`
  })
  return { algorithm, tokens, jwk }
}

/** The claims of such a token, as long as they are in the wild. */
function claimsOf(subject: string, authority: string): object {
  const now = Math.floor(Date.now() / 1_000)
  return {
    aud: audience,
    iss: `${authority}/${tenantId}/v2.0`,
    iat: now - 300,
    nbf: now - 300,
    exp: now + 4_500,
    aio: 'AXQAi/8XAAAAq0k2Q8f0PpT4cS2n7Jm1yB6uZr5wVd9eLx3hGtKoMfNb+CjRyWvUsEaHiTlDgPzXqOnQmJcFkBrS4w6e8A==',
    azp: '7f1a0000-5555-4666-8777-888888888888',
    azpacr: '1',
    groups: [randomUUID(), randomUUID(), randomUUID()],
    name: 'Ada Lovelace',
    oid: randomUUID(),
    preferred_username: 'ada.lovelace@contoso.example',
    rh: '1.AXkAzasREWIiM0OERFVVVVVVVQAADC8RESJCM4NEREREREQMAQB5AA.',
    roles: ['orders.manager'],
    scp: 'orders.read orders.write',
    sid: randomUUID(),
    sub: subject,
    tid: tenantId,
    uti: subject.slice(0, 22),
    ver: '2.0',
    xms_ftd: 'jN3vT6bQx0yWm5kR8sLpZ2uHcGfEoD1aVnIiKtYrXeM',
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
