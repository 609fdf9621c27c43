import type { TraceKind, TraceOutcome, TraceRecord } from './trace.ts'

export type {
  CodeRedemption,
  FacadeClient,
  FacadeCode,
  FacadeStore,
  FacadeToken,
  FoundFacadeToken,
} from './facade-store.ts'

/** Which traces are asked for; every condition present must hold. */
export interface TraceQuery {
  readonly limit: number
  /** Only older than this one (a trace’s id), for the next page. */
  readonly before?: string
  readonly kind?: TraceKind
  readonly outcome?: TraceOutcome
  /** Name without tenant, or a whole address. */
  readonly connection?: string
  /** Id (`clr_…`, `fac_…`) or name. */
  readonly caller?: string
  readonly status?: number
  readonly code?: string
  readonly requestId?: string
  /** From this instant on. */
  readonly since?: number
  /** Before this instant. */
  readonly until?: number
  readonly wasReplayed?: boolean
}

/** Bodies of one connection are kept until then. */
export interface BodyCapture {
  /** Name without tenant. */
  readonly connection: string
  readonly until: number
}

/**
 * Where traces live. A trace’s id is a UUIDv7 of its `at`, which is how the newest are found first
 * and stretches of time without a scan.
 */
export interface TraceStore {
  /**
   * Appends a batch in one step, and lets go of what was appended first beyond `keep`, at most
   * 10,000 or twice the batch at a time. A trace that is there already stays as it is, so a batch
   * whose fate is unknown may be appended again.
   */
  appendTraces(traces: readonly TraceRecord[], keep: number): Promise<void>
  getTrace(id: string): Promise<TraceRecord | undefined>
  /** Newest first, by when they began. */
  listTraces(query: TraceQuery): Promise<readonly TraceRecord[]>
  /** Keeps bodies of a connection until an instant; bumps the generation `captures`. 0 ends it. */
  setCapture(connection: string, until: number): Promise<void>
  /** Those that have not ended. */
  listCaptures(now: number): Promise<readonly BodyCapture[]>
}
