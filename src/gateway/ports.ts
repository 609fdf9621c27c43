import type { TraceKind, TraceOutcome, TraceRecord } from './trace.ts'

/** Which traces are asked for; every condition present must hold. */
export interface TraceQuery {
  readonly limit: number
  /** Only older than this one (a trace’s id), for the next page. */
  readonly before?: string
  readonly kind?: TraceKind
  readonly outcome?: TraceOutcome
  /** Name without tenant, or a whole address. */
  readonly connection?: string
  /** Id or name. */
  readonly caller?: string
  readonly status?: number
  readonly code?: string
  readonly requestId?: string
  readonly since?: number
  readonly until?: number
  readonly wasReplayed?: boolean
}

/** Bodies of one connection are kept until then. */
export interface BodyCapture {
  /** Name without tenant. */
  readonly connection: string
  readonly until: number
}

/** Where traces live: the newest `keep`, older ones go. */
export interface TraceStore {
  /** Appends a batch in one step and lets the oldest go beyond `keep`. */
  appendTraces(traces: readonly TraceRecord[], keep: number): Promise<void>
  getTrace(id: string): Promise<TraceRecord | undefined>
  /** Newest first. */
  listTraces(query: TraceQuery): Promise<readonly TraceRecord[]>
  /** Keeps bodies of a connection until an instant; bumps the generation `captures`. 0 ends it. */
  setCapture(connection: string, until: number): Promise<void>
  /** Those that have not ended. */
  listCaptures(now: number): Promise<readonly BodyCapture[]>
}
