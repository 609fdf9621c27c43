import type { SimulatedRequest } from './answer.ts'
import { clientIdOf, readForm } from './client-authentication.ts'
import { fingerprintOf } from './sessions.ts'

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

/** The requests to token endpoints, the latest 100,000 of them. */
export interface TokenLog {
  open(request: Omit<SimulatedRequest, 'tokenRequest'>): OpenTokenRequest
  records(): readonly TokenRequestRecord[]
  reset(): void
}

const keptRecords = 100_000

/** Makes an empty log. */
export function createTokenLog(): TokenLog {
  let records: OpenTokenRequest[] = []
  let count = 0
  return {
    open: (request) => {
      const form = readForm(request)
      const refreshToken = form.get('refresh_token')
      const [, first = '', second = ''] = request.path.split('/')
      const record: OpenTokenRequest = {
        number: ++count,
        at: request.receivedAt,
        authority: first === 'oidc' ? second : first,
        grantType: form.get('grant_type') ?? undefined,
        clientId: clientIdOf(form),
        scope: form.get('scope') ?? undefined,
        resource: form.get('resource') ?? undefined,
        refreshToken: refreshToken ? fingerprintOf(refreshToken) : undefined,
        isReuse: false,
        isReuseDetected: false,
        authentication: undefined,
        outcome: 'pending',
        error: undefined,
        code: undefined,
        issuedRefreshToken: undefined,
        answer: undefined,
        fault: undefined,
      }
      records.push(record)
      // Halved now and then rather than shifted every time.
      if (records.length >= keptRecords * 2) records = records.slice(-keptRecords)
      return record
    },
    records: () => records.slice(-keptRecords).map((record) => ({ ...record })),
    reset: () => {
      records = []
      count = 0
    },
  }
}
