import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { CallTrace } from '../gateway/index.ts'
import type { AnyEvent } from './compose.ts'

/** What a service counts, for Prometheus. */
export interface ServiceMetrics {
  readonly contentType: string
  event(event: AnyEvent): void
  /** A call, an upgraded connection or a hand-out that ended. */
  trace(trace: CallTrace): void
  /** A request that is none of those. */
  request(route: string, method: string, status: number, durationMs: number): void
  text(): Promise<string>
  close(): void
}

/** What one kind of outcome of one upstream is counted in. */
interface CallSeries {
  /** As it is named in labels. */
  readonly connection: string
  readonly calls: Counter.Internal
  readonly durations: { observe(value: number): void }
  readonly bytesIn: Counter.Internal
  readonly bytesOut: Counter.Internal
}

/** Bounds in seconds: from what memory answers to what a slow API takes. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

/**
 * Makes the metrics of one service. Labels are names of the configuration and words of ours: no
 * tenant, path or caller ever becomes one, so that their number is bounded.
 *
 * @param upstreamsOf The upstreams of a connection by name, undefined for one that is none. Names
 *   that are not known are counted as `unknown`: callers may write what they like.
 */
export function createServiceMetrics(
  upstreamsOf: (connection: string) => Readonly<Record<string, unknown>> | undefined,
): ServiceMetrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 10 })
  const calls = new Counter({
    name: 'evergrant_calls_total',
    help: 'Calls through the gateway, tokens handed out and answers of the façade.',
    labelNames: ['kind', 'connection', 'upstream', 'outcome', 'status_class'] as const,
    registers,
  })
  const durations = new Histogram({
    name: 'evergrant_call_duration_seconds',
    help: 'From the first byte of a call to the last of its answer.',
    labelNames: ['kind', 'connection'] as const,
    buckets,
    registers,
  })
  const replays = new Counter({
    name: 'evergrant_replays_total',
    help: 'Calls sent again with a newer token, by the rule that recognised the refused one.',
    labelNames: ['connection', 'rule'] as const,
    registers,
  })
  const bytes = new Counter({
    name: 'evergrant_call_bytes_total',
    help: 'Bytes of bodies that went through the gateway.',
    labelNames: ['connection', 'direction'] as const,
    registers,
  })
  const requests = new Histogram({
    name: 'evergrant_http_request_duration_seconds',
    help: 'Requests to the service’s own addresses.',
    labelNames: ['route', 'method', 'status_class'] as const,
    buckets,
    registers,
  })
  const events = new Counter({
    name: 'evergrant_events_total',
    help: 'Events by their type; the types stand in the reference of events.',
    labelNames: ['type'] as const,
    registers,
  })
  const storeLost = new Gauge({
    name: 'evergrant_store_lost',
    help: '1 while the store does not answer the engine.',
    registers,
  })
  const circuits = new Gauge({
    name: 'evergrant_circuits_open',
    help: 'APIs that are left alone at the moment.',
    registers,
  })
  const dropped = new Counter({
    name: 'evergrant_traces_dropped_total',
    help: 'Traces that were not kept, because there were too many.',
    registers,
  })
  storeLost.set(0)
  circuits.set(0)

  const labelsOf = (address: string, upstream: string): readonly [string, string] => {
    const at = address.indexOf('@')
    const name = at === -1 ? address : address.slice(0, at)
    const known = upstreamsOf(name)
    if (known === undefined) return ['unknown', '']
    return [name, upstream === '' || Object.hasOwn(known, upstream) ? upstream : 'unknown']
  }

  /** Series are looked up once: with labels, each look-up costs as much as all the rest. */
  const series = new Map<string, CallSeries>()
  const seriesOf = (trace: CallTrace): CallSeries => {
    const { kind, outcome } = trace
    const [connection, upstream] = labelsOf(trace.connection, trace.upstream)
    const status_class = classOf(trace.status)
    const key = `${kind} ${outcome} ${status_class} ${connection} ${upstream}`
    const known = series.get(key)
    if (known !== undefined) return known
    const made = {
      connection,
      calls: calls.labels({ kind, connection, upstream, outcome, status_class }),
      durations: durations.labels({ kind, connection }),
      bytesIn: bytes.labels({ connection, direction: 'in' }),
      bytesOut: bytes.labels({ connection, direction: 'out' }),
    }
    series.set(key, made)
    return made
  }
  return {
    contentType: registry.contentType,
    event: (event) => {
      events.inc({ type: event.type })
      switch (event.type) {
        case 'grant.store_lost':
          storeLost.set(1)
          break
        case 'grant.store_regained':
          storeLost.set(0)
          break
        case 'gateway.circuit_opened':
          circuits.inc()
          break
        case 'gateway.circuit_closed':
          circuits.dec()
          break
        case 'gateway.traces_dropped':
          dropped.inc(event.count)
          break
        default:
      }
    },
    trace: (trace) => {
      const of = seriesOf(trace)
      of.calls.inc()
      of.durations.observe(trace.durationMs / 1_000)
      if (trace.wasReplayed) replays.inc({ connection: of.connection, rule: trace.rule ?? '' })
      if (trace.requestBytes > 0) of.bytesIn.inc(trace.requestBytes)
      if (trace.responseBytes > 0) of.bytesOut.inc(trace.responseBytes)
    },
    request: (route, method, status, durationMs) => {
      requests.observe({ route, method, status_class: classOf(status) }, durationMs / 1_000)
    },
    text: () => registry.metrics(),
    close: () => registry.clear(),
  }
}

function classOf(status: number): string {
  return status === 0 ? 'none' : `${Math.floor(status / 100)}xx`
}
