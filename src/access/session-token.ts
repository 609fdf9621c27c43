import { hash } from 'node:crypto'
import { newId, Secret, type RandomBytes } from '../kernel/index.ts'

/** A session token that was just made: the only moment at which it is in clear. */
export interface IssuedSessionToken {
  /** `ses_…`, for the record. */
  readonly id: string
  /** `egs_…`; told once. */
  readonly token: Secret
  /** What is kept of it: its SHA-256, hex. */
  readonly hash: string
}

/** Bytes of randomness in a session token. */
const secretBytes = 32
const tokenPattern = /^egs_[\w-]{43}$/

/** Makes a session token with 256 bits of randomness. */
export function issueSessionToken(now: number, random: RandomBytes): IssuedSessionToken {
  const token = `egs_${Buffer.from(random(secretBytes)).toString('base64url')}`
  return { id: newId('ses', now, random), token: new Secret(token), hash: hash('sha256', token) }
}

/** The hash by which a session token is looked up; undefined when it does not look like one. */
export function hashSessionToken(text: string): string | undefined {
  return tokenPattern.test(text) ? hash('sha256', text) : undefined
}
