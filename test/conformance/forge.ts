import {
  createHash,
  generateKeyPairSync,
  sign,
  type JsonWebKey,
  type KeyObject,
  type SignKeyObjectInput,
} from 'node:crypto'
import { encodePart, makeSigningKey, signToken, type SigningKey } from '../support/token-maker.ts'

/** When every attack begins (epoch ms). */
export const startAt = 1_700_000_000_000

/** The tenant whose tokens are accepted, and one that signs for itself alone. */
export const tid = '1111abcd-2222-4333-8444-555555555555'
export const otherTid = 'aaaaaaaa-2222-4333-8444-555555555555'
export const iss = `https://login.microsoftonline.com/${tid}/v2.0`
export const otherIss = `https://login.microsoftonline.com/${otherTid}/v2.0`
export const issuerTemplate = 'https://login.microsoftonline.com/{tenantid}/v2.0'
export const audience = 'api://orders'

/** Every key there is, made anew for each run. */
export interface ForgeKeys {
  /** Published: RSA, P-256 and Ed25519. */
  readonly ours: SigningKey
  readonly curve: SigningKey
  readonly edwards: SigningKey
  /** Comes after `ours`. */
  readonly next: SigningKey
  /** Of the other tenant, under the same name as ours. */
  readonly other: SigningKey
  /** Nobody's, under the same name as ours. */
  readonly stranger: SigningKey
  /** 1,024 bits. */
  readonly weak: SigningKey
  readonly p384: SigningKey
}

/** Makes tokens, honest and other ones. */
export interface Forge {
  readonly keys: ForgeKeys
  /** The JWK Set of the issuer. */
  readonly published: { readonly keys: readonly JsonWebKey[] }
  /** The beginning, in seconds. */
  readonly now: number
  /** Claims of an honest access token of Entra ID, version 2. */
  claims(more?: object): object
  /** A token signed by the issuer, with other claims or another header. */
  signed(more?: object, header?: Readonly<Record<string, unknown>>): string
  /** The same with its claims as text, before its last brace. */
  appended(text: string): string
  /** A token of which two parts are given as they are, signed all the same. */
  parts(header: string, claims: string): string
}

/** Makes the keys, which takes a moment, and what is forged with them. */
export function createForge(): Forge {
  const keys: ForgeKeys = {
    ours: makeSigningKey('k1'),
    curve: makeSigningKey('ec1', 'ec'),
    edwards: pairOf('ed1', generateKeyPairSync('ed25519')),
    next: makeSigningKey('k2'),
    other: makeSigningKey('k1'),
    stranger: makeSigningKey('k1'),
    weak: pairOf('weak', generateKeyPairSync('rsa', { modulusLength: 1_024 })),
    p384: pairOf('p384', generateKeyPairSync('ec', { namedCurve: 'P-384' })),
  }
  const now = startAt / 1_000
  const claims = (more: object = {}): object => ({
    iss,
    aud: audience,
    tid,
    oid: '99999999-2222-4333-8444-555555555555',
    sub: 'pairwise',
    scp: 'orders.read',
    ver: '2.0',
    iat: now,
    nbf: now,
    exp: now + 3_600,
    ...more,
  })
  const signed: Forge['signed'] = (more, header) => signToken(keys.ours, claims(more), header)
  return {
    keys,
    now,
    published: {
      keys: [
        { ...keys.ours.jwk, issuer: issuerTemplate },
        { ...keys.curve.jwk, issuer: iss },
        keys.edwards.jwk,
      ],
    },
    claims,
    signed,
    appended: (text) => signToken(keys.ours, `${JSON.stringify(claims()).slice(0, -1)},${text}}`),
    parts: (header, body) => signWith(keys.ours, 'sha256', header, body),
  }
}

/** The header of honest tokens. */
export const honestHeader = { typ: 'JWT', alg: 'RS256', kid: 'k1' } as const

/** Two parts and their signature by a key, however that is asked for. */
export function signWith(
  { privateKey }: SigningKey,
  digest: string | null,
  header: string,
  claims: string,
  options: Omit<SignKeyObjectInput, 'key'> = {},
): string {
  const text = `${header}.${claims}`
  const signature = sign(digest, Buffer.from(text), { key: privateKey, ...options })
  return `${text}.${signature.toString('base64url')}`
}

/** A token with another signature, made from the one it has. */
export function resigned(
  token: string,
  change: (signature: Buffer, text: string) => Buffer,
): string {
  const end = token.lastIndexOf('.')
  const text = token.slice(0, end)
  const signature = change(Buffer.from(token.slice(end + 1), 'base64url'), text)
  return `${text}.${signature.toString('base64url')}`
}

/** A part spelled so that its last character has bits that say nothing. */
export function oddlySpelled(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  if (part.length % 4 === 0) throw new Error('this part has no such bits')
  const last = alphabet[alphabet.indexOf(part.at(-1) ?? '') + 1]
  return `${part.slice(0, -1)}${last ?? ''}`
}

/** What a signature is under an exponent of 1: anybody can write it (RFC 8017 section 9.2). */
export function signatureUnderOne(text: string, length: number): Buffer {
  const info = Buffer.from('3031300d060960864801650304020105000420', 'hex')
  const digest = Buffer.concat([info, createHash('sha256').update(text).digest()])
  const padding = Buffer.alloc(length - digest.length - 3, 0xff)
  return Buffer.concat([Buffer.from([0, 1]), padding, Buffer.from([0]), digest])
}

/** A text as a part of a token. */
export const encode = encodePart

function pairOf(
  kid: string,
  pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
): SigningKey {
  const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid, use: 'sig' }
  return { kid, privateKey: pair.privateKey, jwk }
}
