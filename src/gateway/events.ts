import type { EvergrantEvent } from '../kernel/index.ts'

interface CallEventBase extends EvergrantEvent {
  readonly connection: string
  readonly upstream: string
  readonly traceId: string
}

/** What happens to calls through the gateway; plain successes are no events, but traces and metrics. */
export type GatewayEvent =
  | (CallEventBase & {
      readonly type: 'gateway.replayed'
      readonly rule: string
      readonly status: number
      /** Status of the second answer. */
      readonly replayStatus: number
    })
  | (CallEventBase & {
      readonly type: 'gateway.replay_skipped'
      readonly rule: string
      readonly reason: string
    })
  | (CallEventBase & { readonly type: 'gateway.normalised'; readonly status: number })
  | (CallEventBase & { readonly type: 'gateway.refused'; readonly code: string })
  | (CallEventBase & { readonly type: 'gateway.upstream_failed'; readonly code: string })
  | (EvergrantEvent & {
      readonly type: 'gateway.circuit_opened' | 'gateway.circuit_closed'
      readonly origin: string
    })
  | (EvergrantEvent & {
      readonly type: 'gateway.capture_began'
      readonly connection: string
      /** When it ends by itself. */
      readonly until: number
    })
  | (EvergrantEvent & { readonly type: 'gateway.capture_ended'; readonly connection: string })
  | (EvergrantEvent & { readonly type: 'gateway.traces_dropped'; readonly count: number })

/** What each event means, in one sentence; the source of the reference page. */
export const gatewayEventTypes: Readonly<Record<GatewayEvent['type'], string>> = {
  'gateway.replayed':
    'An API refused a token by a rule; the call was sent again with a newer token.',
  'gateway.replay_skipped':
    'An API refused a token by a rule, but the call could not be sent again; the reason is told.',
  'gateway.normalised': 'An API’s way of saying that a token expired was answered as a plain 401.',
  'gateway.refused': 'A call was refused here and never reached the API.',
  'gateway.upstream_failed': 'An API could not be reached, did not answer in time, or broke off.',
  'gateway.circuit_opened':
    'An API failed again and again; calls to it are answered at once until it recovers.',
  'gateway.circuit_closed': 'An API answers again; calls go through.',
  'gateway.capture_began':
    'The beginnings of bodies are kept in the traces of a connection, until the instant that is told.',
  'gateway.capture_ended': 'No more bodies of a connection are kept.',
  'gateway.traces_dropped':
    'Traces were left out, those of plain successes first: more came than can be held, or the store would not take them.',
}
