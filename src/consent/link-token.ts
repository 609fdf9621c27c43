import { hash } from 'node:crypto'
import { newId, Secret, type RandomBytes } from '../kernel/index.ts'

/** A link that was just made: the only moment at which its token is in clear. */
export interface IssuedLinkToken {
  /** `lnk_…`, for the record. */
  readonly id: string
  /** `egl_…`; told once. */
  readonly token: Secret
  /** What is kept of it: its SHA-256, hex. */
  readonly hash: string
}

const secretBytes = 32
const tokenPattern = /^egl_[\w-]{43}$/

/** Makes the token of a link with 256 bits of randomness. */
export function issueLinkToken(now: number, random: RandomBytes): IssuedLinkToken {
  const token = `egl_${Buffer.from(random(secretBytes)).toString('base64url')}`
  return { id: newId('lnk', now, random), token: new Secret(token), hash: hash('sha256', token) }
}

/** The hash by which a link is looked up; undefined when the text does not look like a token. */
export function hashLinkToken(text: string): string | undefined {
  return tokenPattern.test(text) ? hash('sha256', text) : undefined
}
