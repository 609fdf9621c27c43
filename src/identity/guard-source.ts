import type { Clock } from '../kernel/index.ts'
import type { Unavailable } from './issuer-policy.ts'

/** Questions under way at one issuer, at most. */
const mostAtOnce = 32
/** Questions that wait for one of these to end, at most. */
const mostWaiting = 256
/** After a failure that names no time, nobody asks for so long (ms). */
const pauseMs = 1_000

/**
 * Puts a bound on what an issuer is asked: so many questions at once, a short queue behind them,
 * and none while it asked to be left alone. Who cannot be served is told when to come again.
 */
export function guardSource<Question, Answer extends { readonly kind: string }>(
  ask: (question: Question) => Promise<Answer | Unavailable>,
  clock: Pick<Clock, 'monotonic'>,
): (question: Question) => Promise<Answer | Unavailable> {
  let underWay = 0
  let waiting: (() => void)[] = []
  let notBefore = -Infinity
  let why = ''

  const paused = (): Unavailable | undefined => {
    const retryAfterMs = notBefore - clock.monotonic()
    return retryAfterMs > 0 ? { kind: 'unavailable', detail: why, retryAfterMs } : undefined
  }

  async function enter(): Promise<void> {
    if (underWay < mostAtOnce) {
      underWay++
      return
    }
    // Who leaves hands its place on, so that the count stays.
    await new Promise<void>((resolve) => waiting.push(resolve))
  }

  function leave(): void {
    const [next, ...rest] = waiting
    waiting = rest
    if (next === undefined) underWay--
    else next()
  }

  return async (question) => {
    const early = paused()
    if (early !== undefined) return early
    if (waiting.length >= mostWaiting) {
      const detail = `${mostAtOnce + mostWaiting} questions are waiting for it already`
      return { kind: 'unavailable', detail, retryAfterMs: pauseMs }
    }
    await enter()
    try {
      // While it waited, another one may have learned that nobody is to ask.
      const late = paused()
      if (late !== undefined) return late
      const asked = await ask(question)
      if (isUnavailable(asked) && asked.isOwn !== true) {
        notBefore = Math.max(notBefore, clock.monotonic() + asked.retryAfterMs)
        why = asked.detail
      }
      return asked
    } finally {
      leave()
    }
  }
}

function isUnavailable(asked: { readonly kind: string }): asked is Unavailable {
  return asked.kind === 'unavailable'
}
