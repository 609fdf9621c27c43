import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { EvergrantError, type Clock, type Emit } from '../kernel/index.ts'
import type { CallTrace } from './call-trace.ts'
import { createDeadlines } from './deadlines.ts'
import type { GatewayEvent } from './events.ts'
import { createFlushes } from './flushes.ts'
import { ForwardedCall, type CallContext } from './forwarded-call.ts'
import type { CallerGate, CaptureSwitch, ConnectionRoutes, UpstreamPool } from './gateway-ports.ts'
import type { UpstreamSettings } from './settings.ts'
import { Roster } from './roster.ts'
import type { TraceRecorder } from './trace-recorder.ts'
import type { TraceKind } from './trace.ts'
import { UpgradedCall, type UpgradeContext } from './upgraded-call.ts'
import { createCallPlans } from './upstream-plan.ts'

/** What a gateway is made of. */
export interface GatewayOptions {
  readonly connections: ConnectionRoutes
  readonly callers: CallerGate
  readonly traces: Pick<TraceRecorder, 'begin'>
  readonly openPool: (settings: UpstreamSettings) => UpstreamPool
  readonly clock: Clock
  readonly emit: Emit<GatewayEvent>
  /** Where callers reach the gateway, such as `https://evergrant.example`. */
  readonly publicUrl: string
  /** Of which connections bodies are kept in traces now. Default: of none. */
  readonly captures?: CaptureSwitch
  /** The id that a trusted proxy gave a request. Default: none is taken over. */
  readonly requestIdOf?: (request: IncomingMessage) => string | undefined
}

/** Forwards calls to APIs through named connections. */
export interface Gateway {
  /**
   * Takes a request whose target begins with `/proxy/`. Also for `checkContinue`: the caller is
   * told to go on only once the call is accepted. Never throws.
   */
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Takes a request to change the protocol, as WebSocket does. Never throws. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Calls under way. */
  readonly calls: number
  /**
   * Refuses new calls and resolves when those under way have ended; after `graceMs` (10 s by
   * default) they are ended. Idempotent.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>
}

/** How often deadlines are looked at (ms). */
const lookEveryMs = 500

/** Makes a gateway; nothing is opened before the first call. */
export function createGateway(options: GatewayOptions): Gateway {
  const { clock, traces, requestIdOf } = options
  const plans = createCallPlans(options)
  const deadlines = createDeadlines(clock, lookEveryMs)
  const calls = new Roster<ForwardedCall | UpgradedCall>(
    (call) => call.place,
    (call, place) => {
      call.place = place
    },
  )
  let closing: Promise<void> | undefined
  let onIdle: (() => void) | undefined
  const context: CallContext & UpgradeContext = {
    plans,
    callers: options.callers,
    clock,
    emit: options.emit,
    deadlines,
    flushes: createFlushes(),
    captures: options.captures ?? { isOn: () => false },
    publicUrl: options.publicUrl.replace(/\/+$/, ''),
    onOver: (call: ForwardedCall | UpgradedCall) => {
      calls.remove(call)
      if (calls.size === 0) onIdle?.()
    },
  }

  async function close(graceMs: number): Promise<void> {
    if (calls.size > 0) {
      const idle = Promise.withResolvers<undefined>()
      onIdle = () => idle.resolve(undefined)
      const cancel = clock.schedule(graceMs, () => {
        for (const call of calls.all()) call.cut(draining())
        // Answers that nobody takes are not waited for.
        idle.resolve(undefined)
      })
      await idle.promise
      cancel()
    }
    deadlines.close()
    await plans.close()
  }

  function begin(kind: TraceKind, request: IncomingMessage): CallTrace {
    const trace = traces.begin(kind)
    trace.requestId = requestIdOf?.(request) ?? `req${trace.id.slice(3)}`
    return trace
  }

  return {
    handle: (request, response) => {
      const trace = begin('call', request)
      const call = new ForwardedCall(context, request, response, trace)
      calls.add(call)
      call.start(closing === undefined ? undefined : draining())
    },
    upgrade: (request, socket, head) => {
      const call = new UpgradedCall(context, request, socket, head, begin('upgrade', request))
      calls.add(call)
      call.start(closing === undefined ? undefined : draining())
    },
    get calls() {
      return calls.size
    },
    close: ({ graceMs = 10_000 } = {}) => (closing ??= close(graceMs)),
  }
}

function draining(): EvergrantError {
  return new EvergrantError('service_draining', 'no further call is taken', {
    retryAfterMs: 1_000,
  })
}
