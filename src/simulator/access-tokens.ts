import { createHash, generateKeyPair, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { err, ok, type RandomBytes, type Result } from '../kernel/index.ts'
import { selfSignCertificate } from './certificate.ts'

/** The claims of a simulated access token that the simulator reads back. */
export interface TokenClaims {
  readonly aud: string
  readonly iss: string
  /** Seconds. */
  readonly iat: number
  readonly nbf: number
  readonly exp: number
  readonly appid: string
  readonly tid: string
  readonly roles?: readonly string[]
  readonly xms_cc?: readonly string[]
  /** Unique token id; begins with the number of the issue. */
  readonly uti: string
  readonly [name: string]: unknown
}

/** Signs tokens (RS256) and reads them back. */
export interface TokenSigner {
  /** The public key as Entra publishes it, certificate included. */
  readonly jwk: Readonly<Record<string, unknown>>
  sign(claims: Readonly<Record<string, unknown>>): string
  /** Reads a token: well formed and signed by us, or why not. Life and audience are not judged. */
  read(token: string): Result<TokenClaims, 'malformed' | 'bad_signature'>
}

/** Signatures already checked are remembered for this many tokens; each check costs 30 µs or so. */
const rememberedTokens = 2_000

/** Makes a signer with an RSA key of its own; takes some hundred milliseconds. */
export async function createTokenSigner(random: RandomBytes): Promise<TokenSigner> {
  const keys = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const certificate = selfSignCertificate(keys, {
    commonName: 'accounts.accesscontrol.windows.net',
    hosts: ['localhost'],
    serial: random(16),
  })
  const keyId = createHash('sha1').update(certificate.der).digest('base64url')
  const header = encode({ typ: 'JWT', alg: 'RS256', x5t: keyId, kid: keyId })
  const { publicKey } = keys
  const known = new Map<string, TokenClaims>()

  const read = (token: string): Result<TokenClaims, 'malformed' | 'bad_signature'> => {
    const remembered = known.get(token)
    if (remembered !== undefined) return ok(remembered)
    const parts = token.split('.')
    const claims = decode(parts[1])
    if (parts.length !== 3 || claims === undefined) return err('malformed')
    const signed = Buffer.from(`${parts[0]}.${parts[1]}`)
    const signature = Buffer.from(parts[2] ?? '', 'base64url')
    const isOurs = parts[0] === header && verify('sha256', signed, publicKey, signature)
    if (!isOurs) return err('bad_signature')
    if (known.size >= rememberedTokens) known.delete(known.keys().next().value ?? '')
    known.set(token, claims)
    return ok(claims)
  }
  return {
    jwk: {
      kty: 'RSA',
      use: 'sig',
      kid: keyId,
      x5t: keyId,
      ...publicKey.export({ format: 'jwk' }),
      x5c: [certificate.der.toString('base64')],
    },
    sign: (claims) => {
      const signed = `${header}.${encode(claims)}`
      return `${signed}.${sign('sha256', Buffer.from(signed), keys.privateKey).toString('base64url')}`
    },
    read,
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string | undefined): TokenClaims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as TokenClaims) : undefined
  } catch {
    return undefined
  }
}
