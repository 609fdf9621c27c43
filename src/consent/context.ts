import type { ConnectionDefinition, GrantEngine } from '../grants/index.ts'
import type { Clock, RandomBytes } from '../kernel/index.ts'
import type { ConsentEvent } from './events.ts'
import type { ConsentStore } from './ports.ts'

/** What consent works with. */
export interface ConsentContext {
  readonly store: ConsentStore
  readonly engine: Pick<GrantEngine, 'connection' | 'status' | 'adopt'>
  /** The way out. */
  readonly fetch: typeof fetch
  /** StoreClock. */
  readonly clock: Clock
  readonly random: RandomBytes
  readonly emit: (event: ConsentEvent) => void
  /** Where an upstream of a connection answers, if the configuration says so. */
  readonly upstreamUrl: (connection: string, upstream: string) => string | undefined
}

/** What the code is redeemed for: Partner Center first, whose policy decides about MFA. */
export function signInTargets({
  target,
  targets,
}: ConnectionDefinition): readonly [
  first: ConnectionDefinition['target'],
  ...more: ConnectionDefinition['target'][],
] {
  const [first = target, ...more] = [target, ...(targets?.values() ?? [])].toSorted(
    (a, b) => Number(isPartnerCenter(b)) - Number(isPartnerCenter(a)),
  )
  return [first, ...more]
}

/** Tells whether a target is Partner Center. */
export function isPartnerCenter(target: ConnectionDefinition['target']): boolean {
  const text = 'resource' in target ? target.resource : target.scope
  return /https:\/\/api\.partnercenter\.microsoft\.com(?:\/|\s|$)/.test(text)
}
