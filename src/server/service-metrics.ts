import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { CallTrace } from '../gateway/index.ts'
import type { ErrorCode } from '../kernel/index.ts'
import type { AnyEvent } from './compose.ts'
import type { ImportHealth } from './import-health.ts'
import { createImportMetrics } from './import-metrics.ts'
import type { IssuerHealth } from './issuer-health.ts'

/** What a service counts, for Prometheus. */
export interface ServiceMetrics {
  readonly contentType: string
  event(event: AnyEvent): void
  /** A call, an upgraded connection or a hand-out that ended. */
  trace(trace: CallTrace): void
  /** A request that is none of those. */
  request(route: string, method: string, status: number, durationMs: number): void
  /** A bearer token that was judged. */
  verdict(verdict: BearerVerdict): void
  /** Asked at every scrape for how the keys of issuers stand. */
  followIssuers(health: () => readonly IssuerHealth[]): void
  /** Asked at every scrape for how configured imports stand. */
  followImports(look: () => Promise<readonly ImportHealth[]>): void
  text(): Promise<string>
  close(): void
}

/** What came of a bearer token, for counting. */
export interface BearerVerdict {
  /** Name in the configuration; `unknown` for any other. */
  readonly issuer: string
  readonly outcome: 'accepted' | 'refused' | 'unavailable'
  readonly code?: ErrorCode
  readonly stage?: string
  /** Whether it was in memory. */
  readonly isKept: boolean
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
 * @param isImport Whether an import of that name is configured.
 */
export function createServiceMetrics(
  upstreamsOf: (connection: string) => Readonly<Record<string, unknown>> | undefined,
  isImport: (name: string) => boolean = () => false,
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
  const verdicts = new Counter({
    name: 'evergrant_bearer_verdicts_total',
    help: 'Bearer tokens of callers, by what came of them and the code and stage of refusals.',
    labelNames: ['issuer', 'outcome', 'code', 'stage'] as const,
    registers,
  })
  const keptVerdicts = new Counter({
    name: 'evergrant_bearer_cache_hits_total',
    help: 'Bearer tokens that were known from memory.',
    labelNames: ['issuer'] as const,
    registers,
  })
  const imports = createImportMetrics(registry, isImport)
  storeLost.set(0)
  circuits.set(0)

  const labelsOf = (address: string, upstream: string): readonly [string, string] => {
    const at = address.indexOf('@')
    const name = at === -1 ? address : address.slice(0, at)
    const known = upstreamsOf(name)
    if (known === undefined) return ['unknown', '']
    return [name, upstream === '' || Object.hasOwn(known, upstream) ? upstream : 'unknown']
  }

  const requestSeries = new Map<string, { observe(value: number): void }>()
  const verdictSeries = new Map<string, Counter.Internal>()
  const verdictSeriesOf = (verdict: BearerVerdict): Counter.Internal => {
    const { issuer, outcome, stage = '' } = verdict
    const code: string = verdict.code ?? ''
    const key = `${issuer} ${outcome} ${code} ${stage}`
    const known = verdictSeries.get(key)
    if (known !== undefined) return known
    const made = verdicts.labels({ issuer, outcome, code, stage })
    verdictSeries.set(key, made)
    return made
  }
  const keptSeries = new Map<string, Counter.Internal>()

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
      imports.event(event)
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
      const status_class = classOf(status)
      const key = `${route} ${method} ${status_class}`
      let of = requestSeries.get(key)
      if (of === undefined) {
        of = requests.labels({ route, method, status_class })
        requestSeries.set(key, of)
      }
      of.observe(durationMs / 1_000)
    },
    verdict: (verdict) => {
      verdictSeriesOf(verdict).inc()
      if (!verdict.isKept) return
      let of = keptSeries.get(verdict.issuer)
      if (of === undefined) {
        of = keptVerdicts.labels({ issuer: verdict.issuer })
        keptSeries.set(verdict.issuer, of)
      }
      of.inc()
    },
    followIssuers: (health) => addIssuerGauges(registry, health),
    followImports: imports.follow,
    text: () => registry.metrics(),
    close: () => registry.clear(),
  }
}

/** How the keys of issuers stand, looked at when somebody asks. */
function addIssuerGauges(registry: Registry, health: () => readonly IssuerHealth[]): void {
  const gauge = (
    name: string,
    help: string,
    valueOf: (one: IssuerHealth) => number | undefined,
  ): void => {
    const made = new Gauge({
      name,
      help,
      labelNames: ['issuer', 'iss'] as const,
      registers: [registry],
      collect: () => {
        made.reset()
        for (const one of health()) {
          const value = valueOf(one)
          if (value !== undefined) made.set({ issuer: one.issuer, iss: one.iss }, value)
        }
      },
    })
  }
  gauge('evergrant_issuer_keys', 'Keys of an issuer that verify.', ({ keyIds }) => keyIds.length)
  gauge(
    'evergrant_issuer_keys_age_seconds',
    'Since the keys of an issuer were fetched.',
    ({ ageMs }) => (ageMs === undefined ? undefined : ageMs / 1_000),
  )
  gauge(
    'evergrant_issuer_keys_stale',
    '1 while the keys of an issuer are older than an hour because fetching them fails, or there are none.',
    ({ state }) => (state === 'stale' || state === 'unusable' ? 1 : 0),
  )
  gauge(
    'evergrant_issuer_key_fetches',
    'How often the keys of an issuer were asked for.',
    ({ fetches }) => fetches,
  )
  gauge(
    'evergrant_issuer_key_failures',
    'How often asking for the keys of an issuer failed.',
    ({ failures }) => failures,
  )
}

function classOf(status: number): string {
  return status === 0 ? 'none' : `${Math.floor(status / 100)}xx`
}
