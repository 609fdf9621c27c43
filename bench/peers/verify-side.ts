import type { BearerJob, BearerTokens } from './bearer-side.ts'

/** What a service that judges tokens for proxies is started with. */
export interface VerifyOrder extends Pick<BearerJob, 'issuer' | 'audience' | 'tenantId'> {
  /** Where the issuer is: the origin of its addresses. */
  readonly authority: string
  readonly folder: string
  readonly jwk: BearerTokens['jwk']
  /** The account the token is for. */
  readonly accountId: string
}

/** Where it listens, and what is asked there. */
export interface VerifyReport {
  readonly port: number
  readonly path: string
}
