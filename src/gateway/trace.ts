import type { ErrorCode } from '../kernel/index.ts'

/**
 * What a trace is of: a forwarded call, an upgraded connection, a token handed out, a façade’s
 * answer.
 */
export type TraceKind = 'call' | 'upgrade' | 'token' | 'facade'

/** How it ended, for whoever called: served; refused by us; the API’s own refusal; failed. */
export type TraceOutcome = 'served' | 'refused' | 'upstream_refused' | 'failed' | 'aborted'

/** One step of a call. `atMs` counts from its beginning; values hold no secret. */
export interface TraceStep {
  readonly atMs: number
  /** Such as `authenticated`, `token`, `sent`, `answered`, `judged`, `renewed`, `replayed`, `ended`. */
  readonly step: string
  readonly detail: Readonly<Record<string, string | number | boolean>>
}

/** Beginnings of the bodies of a call; in parentheses why one is not there. */
export interface TraceBodies {
  readonly request?: string
  /** Of the answer that refused the token, when the call was sent again. */
  readonly refused?: string
  /** As the API sent it. */
  readonly response?: string
}

/** One call as kept. */
export interface TraceRecord {
  /** `trc_…`; the value of the header `Evergrant-Trace`. */
  readonly id: string
  readonly at: number
  readonly kind: TraceKind
  readonly outcome: TraceOutcome
  readonly requestId: string
  /** As addressed: `name` or `name@tenant`; empty when it never came so far. */
  readonly connection: string
  readonly upstream: string
  /** Id and name of the caller; empty while unknown. */
  readonly callerId: string
  readonly callerName: string
  readonly method: string
  /** Path below the upstream, values of its query left out. */
  readonly path: string
  /** What the caller was answered with; 0 when nothing was. */
  readonly status: number
  readonly durationMs: number
  readonly wasRenewed: boolean
  readonly wasReplayed: boolean
  /** The rule that recognised a refused token. */
  readonly rule?: string
  readonly code?: ErrorCode
  readonly requestBytes: number
  readonly responseBytes: number
  readonly steps: readonly TraceStep[]
  /** Only while bodies are switched on: their beginnings, redacted. */
  readonly bodies?: TraceBodies
}
