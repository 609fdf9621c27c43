import type { BeginFacadeTrace } from './facade-context.ts'
import type { TraceRecorder } from './trace-recorder.ts'

/** Lets every request at the façade be recorded as a trace of kind `facade`. */
export function recordFacadeTraces(recorder: Pick<TraceRecorder, 'begin'>): BeginFacadeTrace {
  return ({ connection, endpoint, method, requestId }) => {
    const trace = recorder.begin('facade')
    trace.connection = connection
    trace.requestId = requestId
    trace.method = method
    trace.path = `/${endpoint}`
    return {
      id: trace.id,
      step: (name, detail) => trace.step(name, detail),
      end: ({ client, code, outcome, status }) => {
        trace.callerId = client?.id ?? ''
        trace.callerName = client?.name ?? ''
        trace.upstream = client?.upstream ?? ''
        trace.code = code
        trace.end(outcome, status)
      },
    }
  }
}
