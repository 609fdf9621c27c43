import type { ConnectionHandle } from '../grants/index.ts'
import type { Clock, Emit, ErrorCode, RandomBytes } from '../kernel/index.ts'
import type { FacadeEvent } from './facade-events.ts'
import type { FacadeClient, FacadeStore } from './facade-store.ts'
import type { TraceOutcome } from './trace.ts'

/** What the façade is made of. */
export interface FacadeContext {
  readonly store: FacadeStore
  /** StoreClock. */
  readonly clock: Clock
  readonly random: RandomBytes
  readonly emit: Emit<FacadeEvent>
  /**
   * The handle of a connection by its address.
   *
   * @throws EvergrantError `connection_unknown`, `tenant_*`, `usage` for an unknown upstream
   */
  readonly connection: (address: string, options?: { readonly target?: string }) => ConnectionHandle
  /** How callers reach the service from outside; no trailing slash. */
  readonly publicUrl: () => string
}

/** The trace of one request at the façade; values it is given hold no secret. */
export interface FacadeTrace {
  /** `trc_…` */
  readonly id: string
  step(name: string, detail: Readonly<Record<string, string | number | boolean>>): void
  end(end: {
    readonly outcome: TraceOutcome
    readonly status: number
    readonly code?: ErrorCode
    readonly client?: FacadeClient
  }): void
}

/** Begins the trace of a request. */
export type BeginFacadeTrace = (about: {
  readonly connection: string
  readonly method: string
  /** `authorize`, `token`, `userinfo` or `revoke`. */
  readonly endpoint: string
  readonly requestId: string
}) => FacadeTrace

/** One request as it is served. */
export interface FacadeExchange {
  /** As the address names it. */
  readonly connection: string
  readonly endpoint: string
  readonly trace: FacadeTrace
  /** The client, as soon as it is known; for the trace of a failure. */
  client?: FacadeClient
}

/** The issuer of a connection’s façade; every address of it begins so. */
export function issuerOf(context: Pick<FacadeContext, 'publicUrl'>, connection: string): string {
  return `${context.publicUrl()}/oauth/${connection}`
}

/** What every event of an exchange carries. */
export function eventBase(
  context: FacadeContext,
  { connection, client, trace }: FacadeExchange,
): {
  readonly at: number
  readonly connection: string
  readonly clientId: string
  readonly clientName: string
  readonly traceId: string
} {
  return {
    at: context.clock.now(),
    connection,
    clientId: client?.id ?? '',
    clientName: client?.name ?? '',
    traceId: trace.id,
  }
}
