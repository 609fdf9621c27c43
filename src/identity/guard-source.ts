import type { Clock } from '../kernel/index.ts'
import type { Unavailable } from './issuer-policy.ts'

/** Questions under way at one issuer, at most; as many again about tokens it knew before. */
const mostAtOnce = 32
/** Questions that wait for one of these to end, at most. */
const mostWaiting = 256
/** After a failure that names no time, nobody asks for so long (ms). */
const pauseMs = 1_000
/** Names of questions that are known to have been answered, at most. */
const mostKnown = 10_000

/**
 * Puts a bound on what an issuer is asked: so many questions at once, a short queue behind them,
 * and none while it asked to be left alone. Who cannot be served is told when to come again.
 *
 * @param nameOf Names a question, so that those about which something was told before have a lane
 *   of their own: however many made-up tokens come, nobody who was let in waits behind them.
 */
export function guardSource<Question, Answer extends { readonly kind: string }>(
  ask: (question: Question) => Promise<Answer | Unavailable>,
  clock: Pick<Clock, 'monotonic'>,
  nameOf?: (question: Question) => string,
): (question: Question) => Promise<Answer | Unavailable> {
  const lanes = { strangers: createLane(), known: createLane() }
  const told = createMemory()
  let notBefore = -Infinity
  let why = ''

  const paused = (): Unavailable | undefined => {
    const retryAfterMs = notBefore - clock.monotonic()
    return retryAfterMs > 0 ? { kind: 'unavailable', detail: why, retryAfterMs } : undefined
  }

  return async (question) => {
    const early = paused()
    if (early !== undefined) return early
    const name = nameOf?.(question)
    const lane = name !== undefined && told.has(name) ? lanes.known : lanes.strangers
    if (lane.waiting >= mostWaiting) {
      const detail = `${mostAtOnce + mostWaiting} questions are waiting for it already`
      return { kind: 'unavailable', detail, retryAfterMs: pauseMs }
    }
    await lane.enter()
    try {
      // While it waited, another one may have learned that nobody is to ask.
      const late = paused()
      if (late !== undefined) return late
      const asked = await ask(question)
      if (name !== undefined && asked.kind === 'told') told.add(name)
      if (isUnavailable(asked) && asked.isOwn !== true) {
        notBefore = Math.max(notBefore, clock.monotonic() + asked.retryAfterMs)
        why = asked.detail
      }
      return asked
    } finally {
      lane.leave()
    }
  }
}

interface Lane {
  readonly waiting: number
  enter(): Promise<void>
  leave(): void
}

function createLane(): Lane {
  let underWay = 0
  let waiting: (() => void)[] = []
  return {
    get waiting() {
      return waiting.length
    },
    enter: async () => {
      if (underWay < mostAtOnce) {
        underWay++
        return
      }
      // Who leaves hands its place on, so that the count stays.
      await new Promise<void>((resolve) => waiting.push(resolve))
    },
    leave: () => {
      const [next, ...rest] = waiting
      waiting = rest
      if (next === undefined) underWay--
      else next()
    },
  }
}

/** Remembers names, the older half going as a whole once there are too many. */
function createMemory(): Pick<Set<string>, 'has'> & { add(name: string): void } {
  let young = new Set<string>()
  let old = new Set<string>()
  return {
    has: (name) => young.has(name) || old.has(name),
    add: (name) => {
      if (young.size >= mostKnown / 2) {
        old = young
        young = new Set()
      }
      young.add(name)
    },
  }
}

function isUnavailable(asked: { readonly kind: string }): asked is Unavailable {
  return asked.kind === 'unavailable'
}
