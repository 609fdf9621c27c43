/** One request to a token endpoint, as it came and as it ended. */
export interface TokenRequestRecord {
  /** Counts from 1, in the order of arrival. */
  readonly number: number
  /** The simulator's time of its arrival (epoch ms). */
  readonly at: number
  /** Tenant or issuer as the path names it. */
  readonly authority: string
  readonly grantType: string | undefined
  readonly clientId: string | undefined
  readonly scope: string | undefined
  readonly resource: string | undefined
  /** First 16 hexadecimal digits of the SHA-256 of the refresh token presented. */
  readonly refreshToken: string | undefined
  /** It was redeemed before this request came to be processed. */
  readonly isReuse: boolean
  /** This request ended its family: detected reuse. */
  readonly isReuseDetected: boolean
  /** How the client proved itself, once it did. */
  readonly authentication: string | undefined
  /** `pending` until it is processed, and for good when a fault took its place. */
  readonly outcome: 'pending' | 'issued' | 'refused'
  /** `error` and AADSTS number of a refusal. */
  readonly error: string | undefined
  readonly code: number | undefined
  /** Fingerprint of the refresh token that was issued. */
  readonly issuedRefreshToken: string | undefined
  /** Status of the answer; `reset` where the connection was; undefined while there is none. */
  readonly answer: number | 'reset' | undefined
  /** The fault that befell it. */
  readonly fault: string | undefined
}

/** A record while its request is on the way. */
export type OpenTokenRequest = {
  -readonly [Name in keyof TokenRequestRecord]: TokenRequestRecord[Name]
}
