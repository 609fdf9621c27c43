import type { Operations } from '../../../../src/client/index.ts'

/** A trace with its timeline. */
export type Trace = Operations['traces.show']['result']

/** A trace in a list. */
export type TraceSummary = Operations['traces.list']['result']['items'][number]

/** What the list is asked for. */
export type TraceWish = Omit<Operations['traces.list']['input'], 'cursor' | 'limit'>

/** Filters as they stand in the address. */
export type TraceFilters = {
  readonly [
    Name in
      | 'connection'
      | 'caller'
      | 'status'
      | 'code'
      | 'request'
      | 'outcome'
      | 'kind'
      | 'replayed'
      | 'since'
  ]?: string
}

const hourMs = 3_600_000
const outcomes = ['served', 'refused', 'upstream_refused', 'failed', 'aborted'] as const
const kinds = ['call', 'upgrade', 'token', 'facade'] as const

/**
 * What the filters of an address ask for; what the service would refuse, such as half a number,
 * asks for nothing. Times are cut to minutes, so that the same question is asked again.
 */
export function wishOf(filters: TraceFilters, now: number): TraceWish {
  const { connection, caller, status = '', code, request, since = '' } = filters
  const outcome = outcomes.find((one) => one === filters.outcome)
  const kind = kinds.find((one) => one === filters.kind)
  const replayed = (['true', 'false'] as const).find((one) => one === filters.replayed)
  const hours = Number(since)
  const from = Math.floor((now - hours * hourMs) / 60_000) * 60_000
  return {
    ...(connection === undefined ? {} : { connection }),
    ...(caller === undefined ? {} : { caller }),
    ...(/^[1-5]\d\d$/.test(status) ? { status: Number(status) } : {}),
    ...(code === undefined ? {} : { code }),
    ...(request === undefined ? {} : { request_id: request }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(kind === undefined ? {} : { kind }),
    ...(replayed === undefined ? {} : { replayed }),
    ...(hours > 0 ? { since: new Date(from).toISOString() } : {}),
  }
}
