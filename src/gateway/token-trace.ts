import type { AccessToken, Clock, EvergrantError, Result } from '../kernel/index.ts'
import type { CallTrace } from './call-trace.ts'
import type { TraceRecorder } from './trace-recorder.ts'

/** Whoever asks for a raw token, and how. */
export interface TokenQuestion {
  /** As addressed: `name` or `name@tenant`. */
  readonly connection: string
  readonly upstream?: string
  readonly callerId: string
  readonly callerName: string
  readonly requestId: string
  /** The door it came through, such as `/identity/contoso-graph/token`. */
  readonly door: string
}

/** The trace of one hand-out. */
export interface TokenTrace {
  /** `trc_…` */
  readonly id: string
  /** Notes the token’s life, or why there was none, and closes the trace. */
  end(result: Result<AccessToken, EvergrantError>, status: number): void
}

/** Begins the trace of a raw token being handed out; failures are traces, too. */
export function beginTokenTrace(
  recorder: Pick<TraceRecorder, 'begin'>,
  clock: Pick<Clock, 'now'>,
  question: TokenQuestion,
): TokenTrace {
  const trace: CallTrace = recorder.begin('token')
  trace.connection = question.connection
  trace.upstream = question.upstream ?? ''
  trace.callerId = question.callerId
  trace.callerName = question.callerName
  trace.requestId = question.requestId
  trace.method = 'GET'
  trace.path = question.door
  return {
    id: trace.id,
    end: (result, status) => {
      if (result.ok) {
        const now = clock.now()
        const { issuedAt, expiresAt } = result.value
        trace.step('token', { ageMs: now - issuedAt, remainingMs: expiresAt - now })
        trace.end('served', status)
        return
      }
      const { code, detail, definition } = result.error
      trace.code = code
      trace.step('refused', { code, detail })
      trace.end(definition.retry === 'later' ? 'failed' : 'refused', status)
    },
  }
}
