import { createHmac, hash } from 'node:crypto'
import type { RandomBytes } from '../kernel/index.ts'
import { isSameHash } from './caller-key.ts'

/** Bytes of randomness in a cookie, a link or a salt. */
const secretBytes = 32
const secretPattern = /^[\w-]{43}$/
const linkPattern = /^ega_[\w-]{43}$/

/** 256 random bits as text, for a cookie. */
export function newConsoleSecret(random: RandomBytes): string {
  return Buffer.from(random(secretBytes)).toString('base64url')
}

/** 256 random bits as the token of a link; the prefix makes it known in logs. */
export function newLinkToken(random: RandomBytes): string {
  return `ega_${newConsoleSecret(random)}`
}

/** The hash by which a cookie is looked up; undefined when it does not look like one. */
export function hashConsoleSecret(text: string): string | undefined {
  return secretPattern.test(text) ? hash('sha256', text) : undefined
}

/** The hash by which a link is looked up; undefined when its token does not look like one. */
export function hashLinkToken(text: string): string | undefined {
  return linkPattern.test(text) ? hash('sha256', text) : undefined
}

/**
 * What else is made from the secret of a cookie, each for one use: from none of it the secret or
 * another one can be told.
 */
export function derived(
  secret: string,
  use: 'csrf' | 'state' | 'nonce' | 'verifier',
  salt = '',
): string {
  return createHmac('sha256', secret).update(`${use} ${salt}`).digest('base64url')
}

/** What a page has to send with every change, besides the cookie that the browser sends by itself. */
export function csrfOf(secret: string): string {
  return derived(secret, 'csrf')
}

/** Compares what was brought with what it has to be, in constant time. */
export function isSame(brought: unknown, expected: string): boolean {
  return (
    typeof brought === 'string' && isSameHash(hash('sha256', brought), hash('sha256', expected))
  )
}
