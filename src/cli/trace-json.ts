import type { TraceRecord } from '../gateway/index.ts'

/** A trace as `--json` prints it; `null` for what is absent. */
export function traceToJson(trace: TraceRecord): object {
  const { requestId, callerId, callerName, durationMs, requestBytes, responseBytes } = trace
  return {
    id: trace.id,
    at: new Date(trace.at).toISOString(),
    kind: trace.kind,
    outcome: trace.outcome,
    request_id: requestId,
    connection: trace.connection,
    upstream: trace.upstream,
    caller_id: callerId,
    caller_name: callerName,
    method: trace.method,
    path: trace.path,
    status: trace.status,
    duration_ms: durationMs,
    renewed: trace.wasRenewed,
    replayed: trace.wasReplayed,
    rule: trace.rule ?? null,
    code: trace.code ?? null,
    request_bytes: requestBytes,
    response_bytes: responseBytes,
    steps: trace.steps.map(({ atMs, step, detail }) => ({ at_ms: atMs, step, detail })),
    bodies: trace.bodies ?? null,
  }
}
