import { createEventBus, systemClock, systemRandom } from '../kernel/index.ts'
import type { Clock, EventBus, EvergrantEvent, RandomBytes } from '../kernel/index.ts'
import { createTokenSigner, type TokenSigner } from './access-tokens.ts'
import type { RequestKind } from './answer.ts'
import { createCodeLedger, type CodeLedger } from './codes.ts'
import { defaultFilterLimits, type FilterLimits } from './filter-rules.ts'
import { createFaultScript, type FaultEffect, type FaultScript } from './faults.ts'
import { createIssuers, type Issuer } from './issuers.ts'
import { guidOf, mix } from './mixing.ts'
import type { Range, SimulatorOptions } from './options.ts'
import { createPageCache, type PageCache } from './page-cache.ts'
import type { RejectionStyle, ResourceName } from './rejection-styles.ts'
import { createSessionLedger, type SessionLedger } from './sessions.ts'
import { createSignInLedger, type SignInLedger } from './sign-in-ledger.ts'
import { createCounters, type Counters } from './stats.ts'
import { createTenants, type Tenant } from './tenants.ts'
import { createThrottle, type Throttle } from './throttle.ts'
import { createTokenLedger, type TokenLedger } from './token-ledger.ts'
import { createTokenLog, type TokenLog } from './token-log.ts'

/** What can be changed while the simulator runs. */
export interface Settings {
  latencyMs: Range
  tokenLifetimeSeconds: Range
  pageTokenLifetimeSeconds: number
  signInActivityPageCap: number
  readonly filterLimits: FilterLimits
  /** Members below a cast path take `$filter`. */
  readonly filtersMembers: boolean
  /** Any of them is enough for `getByIds`. */
  readonly getByIdsPermissions: readonly string[]
  /** Undefined: as Entra does; null: never. */
  refreshInSeconds: number | null | undefined
  assertionSkewMs: number
  readonly acceptsAssertionReplay: boolean
  /** Partner Center refuses users' tokens without a second factor. */
  isPartnerMfaEnforced: boolean
  /** How resources refuse a dead token, where not by the usual 401. */
  rejectionStyles: Partial<Record<ResourceName, RejectionStyle>>
}

/** How an outage looks from outside. */
export type OutageStyle = 'unavailable' | 'refused'

/** What happens inside the simulator, for tests that wait for it. */
export type SimulatorEvent = EvergrantEvent &
  (
    | {
        readonly type: 'simulator.request_answered'
        readonly kind: RequestKind
        readonly status: number
        /** Rows of the page, when it was one. */
        readonly rows?: number
      }
    | {
        readonly type: 'simulator.fault_applied'
        readonly id: string
        readonly fault: FaultEffect['kind']
      }
  )

/** The whole state of a running simulator. */
export interface World {
  readonly clock: Clock
  /** The simulator's own time (epoch ms): the clock's, moved by `clockOffsetMs`. */
  now(): number
  clockOffsetMs: number
  readonly tenants: readonly Tenant[]
  readonly issuers: readonly Issuer[]
  readonly sessions: SessionLedger
  readonly codes: CodeLedger
  readonly signIns: SignInLedger
  /** Client assertions seen, by client and `jti`, and when each can be forgotten (epoch ms). */
  readonly usedAssertions: Map<string, number>
  readonly tokenLog: TokenLog
  /** Secrets of the key vault; undefined: every name has one. */
  readonly vaultSecrets: Readonly<Record<string, string>> | undefined
  readonly signer: TokenSigner
  readonly ledger: TokenLedger
  readonly throttle: Throttle
  readonly faults: FaultScript
  readonly settings: Settings
  readonly counters: Counters
  readonly pages: PageCache
  readonly events: EventBus<SimulatorEvent>
  /** Goes up whenever the page tokens handed out so far are expired by hand. */
  pageEpoch: number
  outage: { readonly until: number; readonly style: OutageStyle } | undefined
  /** A number out of a range. */
  draw(range: Range): number
  newRequestId(): string
  /** Aborted when the simulator closes: ends every wait. */
  readonly closing: AbortController
}

/** The settings a simulator starts with. */
export function settingsOf(options: SimulatorOptions): Settings {
  return {
    latencyMs: options.latencyMs ?? 0,
    tokenLifetimeSeconds: options.tokenLifetimeSeconds ?? 3_599,
    pageTokenLifetimeSeconds: options.pageTokenLifetimeSeconds ?? Infinity,
    signInActivityPageCap: options.signInActivityPageCap ?? 500,
    getByIdsPermissions: options.getByIdsPermissions ?? [
      'Directory.Read.All',
      'Directory.ReadWrite.All',
    ],
    filtersMembers: options.filtersMembers ?? true,
    filterLimits: {
      maximumOrClauses: options.maximumOrClauses ?? defaultFilterLimits.maximumOrClauses,
      counted: options.orClausesCounted ?? defaultFilterLimits.counted,
    },
    refreshInSeconds: options.refreshInSeconds,
    assertionSkewMs: (options.assertionSkewSeconds ?? 300) * 1_000,
    acceptsAssertionReplay: options.acceptsAssertionReplay ?? false,
    isPartnerMfaEnforced: options.isPartnerMfaEnforced ?? true,
    rejectionStyles: {},
  }
}

/** Makes the world of a simulator. Throws `config_invalid` for tenants that cannot be. */
export async function createWorld(options: SimulatorOptions): Promise<World> {
  const clock = options.clock ?? systemClock
  const random = options.random ?? systemRandom
  const tenants = createTenants(options.tenants)
  const fraction = fractionsOf(random)
  const world: World = {
    clock,
    now: () => clock.now() + world.clockOffsetMs,
    clockOffsetMs: 0,
    tenants,
    issuers: createIssuers(options.issuers),
    sessions: createSessionLedger(random),
    codes: createCodeLedger(random),
    signIns: createSignInLedger(random),
    usedAssertions: new Map(),
    tokenLog: createTokenLog(),
    vaultSecrets: options.vaultSecrets,
    signer: await createTokenSigner(random),
    ledger: createTokenLedger(random),
    throttle: createThrottle(options.throttle),
    faults: createFaultScript(),
    settings: settingsOf(options),
    counters: createCounters(),
    pages: createPageCache(options.cachePages === true),
    events: createEventBus(),
    pageEpoch: 0,
    outage: undefined,
    draw: (range) =>
      typeof range === 'number' ? range : range[0] + fraction() * (range[1] - range[0]),
    newRequestId: requestIdsOf(random),
    closing: new AbortController(),
  }
  return world
}

/** Cheap numbers in [0, 1): good enough for latencies and lifetimes. */
function fractionsOf(random: RandomBytes): () => number {
  let state = Buffer.from(random(4)).readUInt32BE()
  return () => {
    state = mix(state + 0x9e3779b9)
    return state / 0x1_0000_0000
  }
}

/** GUIDs that differ, at no cost worth measuring. */
function requestIdsOf(random: RandomBytes): () => string {
  const start = Buffer.from(random(8))
  const first = start.readUInt32BE(0)
  const last = start.readUInt32BE(4)
  let count = 0
  return () => {
    count++
    return guidOf(mix(first + count), mix(count), mix(last ^ count), last)
  }
}
