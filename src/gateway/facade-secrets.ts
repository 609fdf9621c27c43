import { hash, timingSafeEqual } from 'node:crypto'
import { Secret, type RandomBytes } from '../kernel/index.ts'

/** What each kind of secret of the façade begins with. */
export type FacadePrefix = 'egf' | 'egr' | 'egd' | 'egc'

/**
 * Makes a secret of 256 random bits, 47 characters long: `egf_` access token, `egr_` refresh token,
 * `egd_` authorization code, `egc_` client secret.
 */
export function newFacadeSecret(prefix: FacadePrefix, random: RandomBytes): Secret {
  return new Secret(`${prefix}_${Buffer.from(random(32)).toString('base64url')}`)
}

/** The only form in which a secret is kept: SHA-256, hex. */
export function hashOf(secret: string): string {
  return hash('sha256', secret, 'hex')
}

/** Compares two hashes in time independent of where they differ. */
export function isSameHash(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

/** Tells whether a verifier is the one of an S256 challenge (RFC 7636 section 4.6). */
export function fitsChallenge(verifier: string, challenge: string): boolean {
  return isSameHash(hash('sha256', verifier, 'base64url'), challenge)
}
