import type { Clock } from '../kernel/index.ts'
import { readEventStream } from './event-stream.ts'
import { EvergrantAnswerInvalid, EvergrantProblem } from './problem.ts'
import type { Sender } from './send.ts'

/** An event of the service; its other members are those of its type in the reference of events. */
export type ServiceEvent = Readonly<Record<string, unknown>> & { readonly type: string }

/** Which events are followed. */
export interface EventOptions {
  /** Types such as `grant.lapsed`; all by default. */
  readonly types?: readonly string[]
  /** Ends it. */
  readonly signal?: AbortSignal
}

const firstPauseMs = 500
const longestPauseMs = 30_000

/**
 * Follows the events of one node of the service, over as many connections as it takes: each begins
 * after the last event that came. A gap that cannot be filled comes as the event `stream.gap`. Ends
 * with the signal.
 *
 * @throws EvergrantProblem when the service refuses, EvergrantAnswerInvalid when a stranger answers
 *   below 500; not while the service is only away
 */
export async function* followEvents(
  sender: Sender,
  clock: Pick<Clock, 'sleep'>,
  { types = [], signal }: EventOptions,
): AsyncGenerator<ServiceEvent> {
  const query = types.length === 0 ? '' : `?types=${encodeURIComponent(types.join(','))}`
  const wish = signal === undefined ? {} : { signal }
  let lastId: string | undefined
  let pauseMs = firstPauseMs
  const isOver = (): boolean => signal?.aborted === true
  while (!isOver()) {
    try {
      const answer = await sender.open(`/api/v1/events${query}`, {
        headers: {
          accept: 'text/event-stream',
          ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
        },
        ...wish,
      })
      if (answer.body === null) return
      for await (const { id, type, data } of readEventStream(answer.body)) {
        lastId = id ?? lastId
        pauseMs = firstPauseMs
        yield { ...(JSON.parse(data) as Record<string, unknown>), type }
      }
    } catch (error) {
      if (isOver()) return
      if (isFinal(error)) throw error
    }
    await clock.sleep(pauseMs, wish).catch(() => {})
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  }
}

/** Whether trying again cannot help: a plain refusal, or somebody else at the address. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof EvergrantProblem || error instanceof EvergrantAnswerInvalid)) return false
  return error.status < 500 && error.status !== 429
}
