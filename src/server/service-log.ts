import { pino, type DestinationStream, type Logger } from 'pino'
import { redact, type Clock } from '../kernel/index.ts'
import type { AnyEvent } from './compose.ts'

/** How much is told. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** One request as it is told. */
export interface RequestLine {
  readonly requestId: string
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly status: number
  readonly durationMs: number
  readonly traceId?: string
  readonly callerId?: string
  readonly code?: string
}

/** The log of a service: JSON, a line each. */
export interface ServiceLog {
  event(event: AnyEvent): void
  request(line: RequestLine): void
  info(message: string, facts?: Readonly<Record<string, unknown>>): void
  warn(message: string, facts?: Readonly<Record<string, unknown>>): void
  /** A fault of ours, with its stack. */
  fault(message: string, fault: unknown): void
  setLevel(level: LogLevel): void
  /** Writes out what is still held. */
  flush(): void
}

/** Events that are told on another level than `info`. */
const levels: Readonly<Partial<Record<AnyEvent['type'], LogLevel>>> = {
  'grant.adopted': 'debug',
  'grant.waited': 'debug',
  'grant.refresh_failed': 'warn',
  'grant.rejected': 'warn',
  'grant.credential_rejected': 'warn',
  'grant.taken_over': 'warn',
  'grant.resent': 'warn',
  'grant.dropped': 'warn',
  'grant.candidate_refused': 'warn',
  'consent.failed': 'warn',
  'grant.lapsed': 'error',
  'grant.refresh_unknown': 'error',
  'grant.store_lost': 'error',
  'grant.unsaved': 'error',
  'gateway.replay_skipped': 'warn',
  'gateway.refused': 'debug',
  'gateway.upstream_failed': 'warn',
  'gateway.circuit_opened': 'warn',
  'gateway.capture_began': 'warn',
  'gateway.traces_dropped': 'warn',
  'identity.keys_unavailable': 'warn',
  'import.progress': 'debug',
  'import.host_slow': 'warn',
  'import.waiting_started': 'warn',
  'import.deletion_withheld': 'warn',
  'import.run_interrupted': 'warn',
  'import.run_failed': 'error',
  'import.run_taken_over': 'warn',
  'import.run_not_taken_over': 'warn',
  'import.run_given_up': 'error',
  'alarm.raised': 'warn',
  'alarm.delivery_failed': 'warn',
  'alarm.delivery_dead': 'error',
  'alarm.deliveries_dropped': 'error',
}

/**
 * Makes the log of a service. Events and requests hold no secret by construction; what faults say
 * is a stranger's text and is cleaned of whatever looks like a token.
 */
export function createServiceLog(
  level: LogLevel,
  destination: DestinationStream,
  clock: Pick<Clock, 'now'>,
): ServiceLog {
  const log: Logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  const instant = instantText()
  return {
    event: (event) => {
      const { type, at: _at, ...facts } = event
      log[levels[type] ?? 'info']({ event: type, ...facts })
    },
    request: (line) => {
      if (log.isLevelEnabled('info')) destination.write(requestText(line, instant(clock.now())))
    },
    info: (message, facts = {}) => log.info(facts, message),
    warn: (message, facts = {}) => log.warn(facts, message),
    fault: (message, fault) => log.error({ fault: describeFault(fault) }, message),
    setLevel: (next) => {
      log.level = next
    },
    flush: () => log.flush(),
  }
}

/**
 * A request as a line of the log. Written by hand, since it is the one line that every call costs:
 * ids and methods are words without anything to escape.
 */
function requestText(line: RequestLine, time: string): string {
  const { requestId, method, path, status, durationMs, traceId, callerId, code } = line
  const trace = traceId === undefined ? '' : `,"traceId":"${traceId}"`
  const caller = callerId === undefined ? '' : `,"callerId":"${callerId}"`
  const why = code === undefined ? '' : `,"code":"${code}"`
  return `{"level":"info","time":"${time}","requestId":"${requestId}","method":"${method}","path":${JSON.stringify(path)},"status":${status},"durationMs":${durationMs}${trace}${caller}${why},"msg":"request"}\n`
}

/** Instants as text; the same millisecond is written once. */
function instantText(): (now: number) => string {
  let last = Number.NaN
  let text = ''
  return (now) => {
    if (now !== last) {
      last = now
      text = new Date(now).toISOString()
    }
    return text
  }
}

/** What a fault was, with where it happened; longer than other texts, for whoever has to find it. */
function describeFault(fault: unknown): readonly string[] {
  const text = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
  return text
    .split('\n')
    .slice(0, 20)
    .map((line) => redact(line, []))
}
