import type { Attributes, HrTime, Span, Tracer } from '@opentelemetry/api'
import type { SpanExporter } from '@opentelemetry/sdk-trace'
import type { CallTrace } from '../gateway/index.ts'
import type { Clock } from '../kernel/index.ts'
import type { AnyEvent } from './compose.ts'
import type { TelemetrySettings } from './telemetry-settings.ts'

/** Hands on what happens as OpenTelemetry’s spans. */
export interface Telemetry {
  /** A call, an upgraded connection, a hand-out or a façade’s answer that ended. */
  trace(trace: CallTrace): void
  /** Of events, the exchanges of tokens become spans. */
  event(event: AnyEvent): void
  /** Sends what is still held, for so long (5 s by default); never fails. */
  close(deadlineMs?: number): Promise<void>
}

/** What telemetry needs besides its settings. */
export interface TelemetryOptions {
  readonly clock: Pick<Clock, 'schedule'>
  /** Names that may be part of a span’s name. */
  readonly isConnection: (name: string) => boolean
  /** Told when the collector stops taking spans, once until it takes them again. */
  readonly onFailure: (reason: string) => void
}

/** `ExportResultCode.SUCCESS` of `@opentelemetry/core`, which only the exporter depends on. */
const exportSucceeded = 0

/**
 * Opens the way to a collector (OTLP over HTTP, JSON). The packages are loaded here and nowhere
 * else, so that nobody who does not ask for it pays for it. Spans are sent from memory in batches;
 * past 2,048 the newest are lost. The trace id of a span is the id of our trace without `trc_`.
 * Nothing of it is sent to APIs or providers.
 *
 * @throws Error when the address is none
 */
export async function openTelemetry(
  { url, serviceName, ratio, timeoutMs }: TelemetrySettings,
  { clock, isConnection, onFailure }: TelemetryOptions,
): Promise<Telemetry> {
  const [api, sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const random = new sdk.RandomIdGenerator()
  let nextTraceId: string | undefined
  const provider = new sdk.TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    sampler: new sdk.TraceIdRatioBasedSampler(ratio),
    idGenerator: {
      generateTraceId: () => nextTraceId ?? random.generateTraceId(),
      generateSpanId: () => random.generateSpanId(),
    },
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: tellFailures(new OTLPTraceExporter({ url, timeoutMillis: timeoutMs }), onFailure),
        exportTimeoutMillis: timeoutMs,
      }),
    ],
  })
  const tracer: Tracer = provider.getTracer('evergrant')
  const { SpanKind, SpanStatusCode } = api

  function nameOf(kind: string, address: string): string {
    const name = address.split('@', 1)[0] ?? ''
    return isConnection(name) ? `${kind} ${name}` : kind
  }
  function failIf(isFailure: boolean, span: Span, code: string | undefined): void {
    if (!isFailure) return
    span.setStatus({
      code: SpanStatusCode.ERROR,
      ...(code === undefined ? {} : { message: code }),
    })
  }
  return {
    trace: (trace) => {
      nextTraceId = traceIdOf(trace.id)
      const span = tracer.startSpan(nameOf(trace.kind, trace.connection), {
        kind: SpanKind.SERVER,
        root: true,
        startTime: instant(trace.at),
        attributes: attributesOf(trace),
      })
      nextTraceId = undefined
      failIf(trace.outcome === 'failed' || trace.status >= 500, span, trace.code)
      span.end(instant(trace.at + trace.durationMs))
    },
    event: (event) => {
      if (event.type !== 'grant.refreshed' && event.type !== 'grant.refresh_failed') return
      const { connection, tenant, reason, at } = event
      const durationMs = event.type === 'grant.refreshed' ? event.durationMs : 0
      const span = tracer.startSpan(nameOf('token exchange', connection), {
        kind: SpanKind.CLIENT,
        root: true,
        startTime: instant(at - durationMs),
        attributes: {
          'evergrant.connection': connection,
          'evergrant.tenant': tenant,
          'evergrant.event': event.type,
          'evergrant.reason': reason,
          ...(event.target === undefined ? {} : { 'evergrant.target': event.target }),
          ...(event.type === 'grant.refresh_failed'
            ? { 'evergrant.code': event.code, 'evergrant.attempt': event.attempt }
            : {}),
        },
      })
      if (event.type === 'grant.refresh_failed') failIf(true, span, event.code)
      span.end(instant(at))
    },
    close: async (deadlineMs = 5_000) => {
      const { promise: tooLate, resolve } = Promise.withResolvers<void>()
      const cancel = clock.schedule(deadlineMs, resolve)
      try {
        await Promise.race([provider.shutdown(), tooLate])
      } catch (error) {
        onFailure(reasonOf(error))
      } finally {
        cancel()
      }
    },
  }
}

/** The exporter, telling once when it fails after a success. */
function tellFailures(
  exporter: SpanExporter,
  onFailure: TelemetryOptions['onFailure'],
): SpanExporter {
  let isFailing = false
  return {
    export: (spans, onResult) =>
      exporter.export(spans, (result) => {
        const code: number = result.code
        const hasFailed = code !== exportSucceeded
        if (hasFailed && !isFailing) onFailure(reasonOf(result.error))
        isFailing = hasFailed
        onResult(result)
      }),
    shutdown: () => exporter.shutdown(),
  }
}

/** What is told of a call: names, numbers and words of ours, no query, header or body. */
function attributesOf(trace: CallTrace): Attributes {
  const { connection, upstream, outcome, rule, code, method, status } = trace
  return {
    'http.request.method': method,
    'url.path': trace.path.split('?', 1)[0] ?? '',
    'http.response.status_code': status,
    'evergrant.trace_id': trace.id,
    'evergrant.request_id': trace.requestId,
    'evergrant.kind': trace.kind,
    'evergrant.connection': connection,
    'evergrant.upstream': upstream,
    'evergrant.caller': trace.callerName,
    'evergrant.outcome': outcome,
    'evergrant.renewed': trace.wasRenewed,
    'evergrant.replayed': trace.wasReplayed,
    ...(rule === undefined ? {} : { 'evergrant.rule': rule }),
    ...(code === undefined ? {} : { 'evergrant.code': code }),
  }
}

/** 32 hex digits, as W3C wants them: those of the UUID in our id. */
function traceIdOf(id: string): string | undefined {
  const digits = id.slice('trc_'.length).replaceAll('-', '')
  return /^[0-9a-f]{32}$/.test(digits) ? digits : undefined
}

/** Seconds and nanoseconds; plain numbers would be taken for times since the process began. */
function instant(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1_000)
  return [seconds, Math.round((epochMs - seconds * 1_000) * 1_000_000)]
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : 'no reason given'
}
