import { EvergrantError } from '../kernel/index.ts'
import type { RequestKind, SimulatedRequest } from './answer.ts'

/** Which requests a fault is for; everything left out matches all. */
export interface FaultMatch {
  readonly kind?: RequestKind | readonly RequestKind[]
  /** Beginning of path and query, or a pattern for them; `{ pattern }` is the JSON way. */
  readonly path?: string | RegExp | { readonly pattern: string }
  /** Token requests with this grant type (one of these). */
  readonly grantType?: string | readonly string[]
  /** Token requests of this client. */
  readonly clientId?: string
  /** Begin with the nth matching request, counted from 1. Default 1. */
  readonly nth?: number
  /** From there on, only every k-th matching request. Default 1. */
  readonly every?: number
  /** How many times at most. Default 1; without end for `endless_empty`. */
  readonly times?: number
}

/** What goes wrong. */
export type FaultEffect =
  /** An error answer in the shape of its side; or `body` as given. */
  | {
      readonly kind: 'status'
      readonly status: number
      /** Seconds, or the header's very text. Left out: no header. */
      readonly retryAfter?: number | string
      readonly body?: string | Readonly<Record<string, unknown>>
      /** Error code of Graph, in place of the usual one for that status. */
      readonly code?: string
      readonly message?: string
      /** Graph only: throttle the application until Retry-After ended; calling earlier restarts it. */
      readonly penalty?: boolean
    }
  /** The connection is reset before any header; `when: 'after'`: the answer is lost. */
  | { readonly kind: 'reset' }
  /**
   * The right answer, but the connection dies after half of its body. `chunked` (default) and
   * `full_length` show it in the framing; `cut_length` does not: only the content is cut.
   */
  | { readonly kind: 'truncate'; readonly framing?: 'chunked' | 'full_length' | 'cut_length' }
  /**
   * Silence for `ms`, then the right answer; without `ms` silence until someone hangs up. It comes
   * after the request was processed; `when: 'before'` processes it only then, and does even when
   * the client has left meanwhile.
   */
  | { readonly kind: 'hang'; readonly ms?: number }
  /** The request waits, before or after it is processed, until `release`. */
  | { readonly kind: 'hold' }
  /** The right answer, dripped over `ms` (default 2,000). */
  | { readonly kind: 'slow'; readonly ms?: number }
  /** A page without rows whose nextLink leads to the rows it owes. */
  | { readonly kind: 'empty_page' }
  | { readonly kind: 'endless_empty' }
  /** A page whose nextLink is the URL it was asked under. */
  | { readonly kind: 'repeat_next_link' }
  /** A page whose nextLink leads to another host. */
  | { readonly kind: 'foreign_next_link'; readonly origin?: string }
  /** 200 with somebody's sign-in page, as captive portals and proxies answer. */
  | { readonly kind: 'html'; readonly status?: number }
  /** 200 and JSON's content type, but not JSON. */
  | { readonly kind: 'garbage' }
  /** 429 in plain text with `Retry-After` (default 60 seconds). */
  | { readonly kind: 'text429'; readonly retryAfter?: number }
  /** 200 whose body is an error object. */
  | { readonly kind: 'ok_with_error_body' }
  /**
   * A refusal of Entra by its number; what is left out is as Entra has it for that number. At an
   * authorization endpoint it comes by redirect.
   */
  | {
      readonly kind: 'aadsts'
      readonly code: number
      readonly status?: number
      readonly error?: string
      readonly suberror?: string
      readonly message?: string
      /** JSON text. */
      readonly claims?: string
      /** Seconds. */
      readonly retryAfter?: number
    }

/** A scripted fault. */
export interface Fault {
  readonly match?: FaultMatch
  readonly effect: FaultEffect
  /**
   * Whether the request is processed, with all that follows from it (a refresh token rotated), when
   * the fault strikes. Default `before`; `after` for `hang` and for what spoils a right answer.
   */
  readonly when?: 'before' | 'after'
}

/** A fault as it stands. */
export interface FaultState {
  readonly id: string
  readonly kind: FaultEffect['kind']
  /** Requests it matched, applied or not. */
  readonly matched: number
  /** Times it really happened. */
  readonly applied: number
  /** Requests it holds right now. */
  readonly holding: number
}

/** A fault that was added. */
export interface FaultHandle {
  readonly id: string
  state(): FaultState
  /** Resolves once it has happened `times` (default 1) times. */
  happened(times?: number): Promise<void>
  /** Lets every request go that it holds, and holds no more. */
  release(): void
  /** Ends it; requests it holds go on. */
  remove(): void
}

/** A fault that is due for one request; `apply` counts it. */
export interface DueFault {
  readonly id: string
  readonly effect: FaultEffect
  readonly when: 'before' | 'after'
  apply(): void
  /** Resolves once a held request may go on. */
  gate(): Promise<void>
}

/** The script of faults, in the order they were added; the first one due wins. */
export interface FaultScript {
  /** Throws `config_invalid` for a fault that could never happen. */
  add(fault: Fault): FaultHandle
  /** Counts the request against every fault it matches and returns the first that is due. */
  due(request: SimulatedRequest): DueFault | undefined
  /** Lets requests go: those of one fault, or all. Returns whether there is such a fault. */
  release(id?: string): boolean
  /** Removes all faults and lets held requests go; their counts remain readable. */
  clear(): void
  states(): readonly FaultState[]
  reset(): void
}

interface Entry {
  readonly id: string
  readonly fault: Fault
  readonly matches: (request: SimulatedRequest) => boolean
  matched: number
  applied: number
  isActive: boolean
  waiters: { readonly times: number; readonly resolve: () => void }[]
  held: (() => void)[]
}

const effectKinds: Readonly<Record<FaultEffect['kind'], true>> = {
  status: true,
  reset: true,
  truncate: true,
  hang: true,
  hold: true,
  slow: true,
  empty_page: true,
  endless_empty: true,
  repeat_next_link: true,
  foreign_next_link: true,
  html: true,
  garbage: true,
  text429: true,
  ok_with_error_body: true,
  aadsts: true,
}

function requirePossible({ effect, match = {}, when }: Fault): void {
  // Faults also come as JSON, which no compiler has seen.
  const kind: unknown = (effect as FaultEffect | undefined)?.kind
  if (typeof kind !== 'string' || !Object.hasOwn(effectKinds, kind)) {
    const known = Object.keys(effectKinds).join(', ')
    throw invalid(`"effect.kind" must be one of ${known}, but is ${JSON.stringify(kind)}`)
  }
  for (const name of ['nth', 'every', 'times'] as const) {
    const value = match[name] ?? 1
    if (value === Infinity || (Number.isInteger(value) && value >= 1)) continue
    throw invalid(`"match.${name}" must be a whole number from 1, but is ${JSON.stringify(value)}`)
  }
  const spoilsAnswer = isPageEffect(effect) || effect.kind === 'truncate' || effect.kind === 'slow'
  const isKnown = when === undefined || when === 'after' || (when === 'before' && !spoilsAnswer)
  if (!isKnown) {
    const expected = spoilsAnswer ? '"after" for what spoils an answer' : '"before" or "after"'
    throw invalid(`"when" must be ${expected}, but is ${JSON.stringify(when)}`)
  }
  if (effect.kind === 'aadsts' && !Number.isInteger(effect.code)) {
    throw invalid(`"effect.code" must be a whole number, but is ${JSON.stringify(effect.code)}`)
  }
  const status = 'status' in effect ? (effect.status ?? 200) : 200
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw invalid(`"effect.status" must be from 200 to 599, but is ${JSON.stringify(status)}`)
  }
}

function invalid(detail: string): EvergrantError {
  return new EvergrantError('config_invalid', `simulator: ${detail}`)
}

/** Faults that shape a page: they wait for a request that gets one. */
export function isPageEffect(effect: FaultEffect): boolean {
  return ['empty_page', 'endless_empty', 'repeat_next_link', 'foreign_next_link'].includes(
    effect.kind,
  )
}

/** Makes an empty script. */
export function createFaultScript(): FaultScript {
  let entries: Entry[] = []
  let count = 0

  const release = (entry: Entry): void => {
    entry.isActive = false
    for (const go of entry.held.splice(0)) go()
  }
  const apply = (entry: Entry): void => {
    entry.applied++
    const { applied } = entry
    for (const waiter of entry.waiters) if (applied >= waiter.times) waiter.resolve()
    entry.waiters = entry.waiters.filter(({ times }) => applied < times)
  }
  return {
    add: (fault) => {
      requirePossible(fault)
      const entry: Entry = {
        id: `fault-${++count}`,
        fault,
        matches: matcherOf(fault.match ?? {}),
        matched: 0,
        applied: 0,
        isActive: true,
        waiters: [],
        held: [],
      }
      entries.push(entry)
      return {
        id: entry.id,
        state: () => stateOf(entry),
        happened: (times = 1) =>
          new Promise((resolve) => {
            if (entry.applied >= times) resolve()
            else entry.waiters.push({ times, resolve })
          }),
        release: () => release(entry),
        remove: () => release(entry),
      }
    },
    due: (request) => {
      let first: Entry | undefined
      for (const entry of entries) {
        if (!entry.isActive || !entry.matches(request)) continue
        entry.matched++
        if (first === undefined && isDue(entry)) first = entry
      }
      const entry = first
      if (entry === undefined) return undefined
      return {
        id: entry.id,
        effect: entry.fault.effect,
        when: whenOf(entry.fault),
        apply: () => apply(entry),
        gate: () => (entry.isActive ? new Promise((go) => entry.held.push(go)) : Promise.resolve()),
      }
    },
    release: (id) => {
      const chosen = entries.filter((entry) => id === undefined || entry.id === id)
      for (const entry of chosen) if (entry.fault.effect.kind === 'hold') release(entry)
      return id === undefined || chosen.length > 0
    },
    clear: () => entries.forEach(release),
    states: () => entries.map(stateOf),
    reset: () => {
      entries.forEach(release)
      entries = []
      count = 0
    },
  }
}

/** When a fault strikes, if it does not say so itself. */
function whenOf({ effect, when }: Fault): 'before' | 'after' {
  if (when !== undefined) return when
  const isLate = effect.kind === 'hang' || effect.kind === 'truncate' || effect.kind === 'slow'
  return isLate || isPageEffect(effect) ? 'after' : 'before'
}

function isDue(entry: Entry): boolean {
  const { match = {}, effect } = entry.fault
  const { nth = 1, every = 1 } = match
  const times = match.times ?? (effect.kind === 'endless_empty' ? Infinity : 1)
  return entry.applied < times && entry.matched >= nth && (entry.matched - nth) % every === 0
}

function stateOf(entry: Entry): FaultState {
  const { id, matched, applied, held } = entry
  return { id, kind: entry.fault.effect.kind, matched, applied, holding: held.length }
}

function matcherOf(match: FaultMatch): (request: SimulatedRequest) => boolean {
  const kinds = match.kind === undefined ? undefined : [match.kind].flat()
  const grants = match.grantType === undefined ? undefined : [match.grantType].flat()
  const { path, clientId } = match
  const matchesPath = ((): ((url: string) => boolean) => {
    if (path === undefined) return () => true
    if (typeof path === 'string') return (url) => url.startsWith(path)
    const pattern =
      path instanceof RegExp
        ? new RegExp(path.source, path.flags.replace(/[gy]/g, ''))
        : new RegExp(path.pattern)
    return (url) => pattern.test(url)
  })()
  return (request) =>
    (grants === undefined || grants.includes(request.tokenRequest?.grantType ?? '')) &&
    (clientId === undefined || request.tokenRequest?.clientId === clientId) &&
    (kinds === undefined || kinds.includes(request.kind)) &&
    matchesPath(request.url)
}
