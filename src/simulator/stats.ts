import type { RequestKind } from './answer.ts'
import type { FaultState } from './faults.ts'

/** Counters that only grow, until `reset`. */
export interface Counters {
  requests: number
  requestsByKind: Partial<Record<RequestKind, number>>
  /** By status; `reset` counts connections that got no answer. */
  requestsByStatus: Record<string, number>
  tokenRequests: number
  tokenRequestsByGrant: Record<string, number>
  tokensIssued: number
  refreshTokensReused: number
  reuseDetected: number
  revocations: number
  tokenRejections: number
  rejectedTokens: Set<string>
  pagesServed: number
  rowsServed: number
  bytesSent: number
  throttled: number
  faultsApplied: number
}

/** What a simulator has seen and done so far. */
export interface SimulatorStats {
  /** Requests of every kind, the control API left out. */
  readonly requests: number
  readonly requestsByKind: Readonly<Partial<Record<RequestKind, number>>>
  /** By status; `reset` counts the connections that got no answer. */
  readonly requestsByStatus: Readonly<Record<string, number>>
  readonly tokenRequests: number
  /** Those that were processed, by grant type. */
  readonly tokenRequestsByGrant: Readonly<Record<string, number>>
  readonly tokensIssued: number
  /** Refresh tokens presented that had been redeemed before, whatever came of it. */
  readonly refreshTokensReused: number
  /** Families ended because a spent refresh token was presented again. */
  readonly reuseDetected: number
  /** Revocations asked for (RFC 7009) and granted. */
  readonly revocations: number
  /** Tokens issued that are dead by now: expired, or revoked. */
  readonly tokensDied: number
  /** Requests refused for their access token, and how many different tokens they carried. */
  readonly tokenRejections: number
  readonly tokensRejected: number
  readonly pagesServed: number
  readonly rowsServed: number
  /** Body bytes handed to the network, compressed where they were. */
  readonly bytesSent: number
  /** Graph requests refused for their resource units. */
  readonly throttled: number
  readonly faultsApplied: number
  readonly faults: readonly FaultState[]
  /** The simulator's time (epoch ms) and how far it was moved. */
  readonly now: number
  readonly clockOffsetMs: number
}

/** Makes counters at zero. */
export function createCounters(): Counters {
  return {
    requests: 0,
    requestsByKind: {},
    requestsByStatus: {},
    tokenRequests: 0,
    tokenRequestsByGrant: {},
    tokensIssued: 0,
    refreshTokensReused: 0,
    reuseDetected: 0,
    revocations: 0,
    tokenRejections: 0,
    rejectedTokens: new Set(),
    pagesServed: 0,
    rowsServed: 0,
    bytesSent: 0,
    throttled: 0,
    faultsApplied: 0,
  }
}
