import type { Secret } from './secret.ts'

/** An access token with what is known of its life. Prints as `[redacted]`; immutable. */
export interface AccessToken {
  readonly secret: Secret
  /** Scheme for the Authorization header, as the provider spelt it; nearly always `Bearer`. */
  readonly tokenType: string
  /** When we received it (epoch ms). */
  readonly issuedAt: number
  /** When it dies (epoch ms). */
  readonly expiresAt: number
  /** When the provider asks to renew it (epoch ms), if it said so (`refresh_in`). */
  readonly refreshAt?: number
  /** Scopes the provider granted, if it said so. */
  readonly scope?: string
}

/** Remaining life in milliseconds; negative once dead. */
export function remainingLifeMs(token: AccessToken, now: number): number {
  return token.expiresAt - now
}

/** The whole life in milliseconds, from receipt to expiry. */
export function wholeLifeMs(token: AccessToken): number {
  return token.expiresAt - token.issuedAt
}

/** The value of an Authorization header. The result is secret. */
export function authorizationHeader(token: AccessToken): string {
  const scheme = token.tokenType.toLowerCase() === 'bearer' ? 'Bearer' : token.tokenType
  return `${scheme} ${token.secret.reveal()}`
}
