import type { Simulator } from '../simulator/index.ts'

interface Mishap {
  /** At which share of the import it happens. */
  readonly share: number
  readonly text: string
  readonly happen: (simulator: Simulator) => void
}

/** What goes wrong during the demo, in order. Tokens expire all the time besides. */
const mishaps: readonly Mishap[] = [
  {
    share: 0.2,
    text: 'the tenant revokes every token: the next page meets a 401',
    happen: ({ control }) => control.revokeTokens(),
  },
  {
    share: 0.35,
    text: 'Graph throttles: 429 with Retry-After',
    happen: ({ control }) => {
      control.addFault({
        match: { kind: 'users' },
        effect: { kind: 'status', status: 429, retryAfter: 2 },
      })
    },
  },
  {
    share: 0.5,
    text: 'continuous access evaluation revokes the token: a claims challenge',
    happen: ({ control }) => control.revokeTokens({ cae: true }),
  },
  {
    share: 0.65,
    text: 'Graph is down for four seconds, a page is cut off in the middle',
    happen: ({ control }) => {
      control.addFault({ match: { kind: 'users' }, effect: { kind: 'truncate' } })
      control.outage(4_000)
    },
  },
  {
    share: 0.85,
    text: 'the token endpoint fails for a while; the token that still lives carries on',
    happen: ({ control }) => {
      control.addFault({
        match: { kind: 'token', times: 2 },
        effect: { kind: 'status', status: 503 },
      })
    },
  },
]

/**
 * Plays the mishaps as the import moves on; `tell` says each one. `stop` also ends what a mishap
 * has begun: an import may be done before the token endpoint has failed as often as it was to.
 */
export function playMishaps(
  simulator: Simulator,
  pages: number,
  tell: (text: string) => void,
): { stop(): void } {
  const left = [...mishaps]
  const stop = simulator.events.on((event) => {
    if (event.type !== 'simulator.request_answered') return
    const next = left[0]
    if (next === undefined || simulator.stats().pagesServed < pages * next.share) return
    left.shift()
    tell(next.text)
    next.happen(simulator)
  })
  return {
    stop: () => {
      stop()
      simulator.control.clearFaults()
      simulator.control.outage(false)
    },
  }
}
