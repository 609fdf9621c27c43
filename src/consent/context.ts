import type { ConnectionDefinition, GrantEngine } from '../grants/index.ts'
import type { Clock, RandomBytes, Secret } from '../kernel/index.ts'
import type { ConsentEvent } from './events.ts'
import type { LinkStore } from './link-ports.ts'
import type { ConsentStore } from './ports.ts'

/** What consent works with. */
export interface ConsentContext {
  readonly store: ConsentStore
  readonly links: LinkStore
  readonly engine: Pick<GrantEngine, 'connection' | 'status' | 'adopt'>
  /** The way out. */
  readonly fetch: typeof fetch
  /** StoreClock. */
  readonly clock: Clock
  readonly random: RandomBytes
  readonly emit: (event: ConsentEvent) => void
  /** Seals codes that are shown to somebody who is to hand them on. */
  readonly vault: CodeSealer
  /** This process among all that share the store. */
  readonly worker: string
  /** The processes that live. */
  readonly livingWorkers: () => Promise<ReadonlySet<string>>
  /** Where an upstream of a connection answers, if the configuration says so. */
  readonly upstreamUrl: (connection: string, upstream: string) => string | undefined
}

/** The part of a vault that is needed here. */
export interface CodeSealer {
  seal(secret: Secret, place: CodePlace): Uint8Array
  /** @throws `unseal_failed` */
  open(sealed: Uint8Array, place: CodePlace): Secret
}

/** What a code is sealed for. */
export interface CodePlace {
  readonly table: string
  readonly column: string
  readonly row: string
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
