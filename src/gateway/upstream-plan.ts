import { unknownConnection, type ConnectionHandle } from '../grants/index.ts'
import { EvergrantError, type Clock, type Emit } from '../kernel/index.ts'
import type { AttemptLoad } from './attempt.ts'
import { createCircuit, type Circuit } from './circuit.ts'
import type { GatewayEvent } from './events.ts'
import type { ConnectionRoutes, RoutedConnection, UpstreamPool } from './gateway-ports.ts'
import { parseAddress } from './parse-target.ts'
import { compilePathPatterns, type PathMatcher } from './path-pattern.ts'
import { compileRules, type RejectionRules } from './rejection-rules.ts'
import {
  compileHeaders,
  compileQuery,
  type HeaderTemplates,
  type RenderQuery,
} from './render-template.ts'
import type { UpstreamSettings } from './settings.ts'

/** What all calls to one upstream of a connection share, whatever the tenant. */
export interface UpstreamLane {
  readonly settings: UpstreamSettings
  readonly pool: UpstreamPool
  readonly circuit: Circuit
  readonly origin: string
  /** Path of `url`, without trailing slash. */
  readonly basePath: string
  readonly rules: RejectionRules
  readonly headers: HeaderTemplates
  readonly query: RenderQuery | undefined
  readonly methods: ReadonlySet<string>
  readonly isAllowedPath: PathMatcher
  readonly mostCalls: number
  /** Calls under way. */
  calls: number
  /** Called when the last call has ended; set once no further one can come. */
  onIdle: (() => void) | undefined
  readonly load: AttemptLoad
}

/** Everything about one address that is the same for every call to it. */
export interface CallPlan {
  /** As written, such as `name@tenant:upstream`. */
  readonly address: string
  /** `name` or `name@tenant`. */
  readonly connection: string
  readonly name: string
  /** The one of a template that the address names. */
  readonly tenant: string | undefined
  readonly upstream: string
  readonly handle: ConnectionHandle
  readonly lane: UpstreamLane
  readonly source: RoutedConnection
}

/** Bound of calls under way where an upstream has none of its own. */
const mostCallsByDefault = 4_096

const plansKept = 10_000

/** Finds plans; makes each once and again when its connection’s definition changed. */
export interface CallPlans {
  /**
   * Returns the plan of an address.
   *
   * @throws EvergrantError `target_invalid`, `connection_unknown`, `tenant_*`, `upstream_*`
   */
  find(address: string): CallPlan
  /** Ends every connection to upstreams. */
  close(): Promise<void>
}

/** What plans are made with. */
export interface CallPlansOptions {
  readonly connections: ConnectionRoutes
  readonly openPool: (settings: UpstreamSettings) => UpstreamPool
  readonly clock: Clock
  readonly emit: Emit<GatewayEvent>
}

/** Makes the plans of a gateway. */
export function createCallPlans(options: CallPlansOptions): CallPlans {
  const { connections } = options
  const plans = new Map<string, CallPlan>()
  const lanes = new Map<RoutedConnection, Map<string, UpstreamLane>>()
  const sources = new Map<string, RoutedConnection>()
  /** Lanes of definitions that are no more, with calls under way. */
  const busy = new Set<UpstreamLane>()
  const circuits = new Map<string, Circuit>()
  const leaving = new Set<Promise<void>>()

  function laneOf(source: RoutedConnection, upstream: string): UpstreamLane {
    const known = lanes.get(source)?.get(upstream)
    if (known !== undefined) return known
    const settings = source.upstreams[upstream] as UpstreamSettings
    const lane = createLane(settings, options, circuits)
    const ofSource = lanes.get(source) ?? new Map<string, UpstreamLane>()
    lanes.set(source, ofSource.set(upstream, lane))
    sources.set(source.name, source)
    return lane
  }

  function closePool(lane: UpstreamLane): void {
    busy.delete(lane)
    const left = lane.pool
      .close()
      .catch(() => {})
      .finally(() => leaving.delete(left))
    leaving.add(left)
  }

  /**
   * Calls under way finish on the connections of the definition they began with, those as well that
   * wait for a token or are sent again.
   */
  function letGo(source: RoutedConnection): void {
    for (const lane of lanes.get(source)?.values() ?? []) {
      if (lane.calls === 0) closePool(lane)
      else {
        busy.add(lane)
        lane.onIdle = () => closePool(lane)
      }
    }
    lanes.delete(source)
    sources.delete(source.name)
    for (const [address, plan] of plans) if (plan.source === source) plans.delete(address)
  }

  /** A definition that changed is seldom the only one: all are looked at. */
  function findSource(name: string): RoutedConnection | undefined {
    const source = connections.find(name)
    const before = sources.get(name)
    if (before !== undefined && before !== source) {
      for (const one of sources.values()) if (connections.find(one.name) !== one) letGo(one)
    }
    return source
  }

  function make(address: string): CallPlan {
    const { name, tenant, upstream: wanted } = parseAddress(address)
    const source = findSource(name)
    if (source === undefined) throw unknownConnection(name, connections.names())
    const upstream = chooseUpstream(source, wanted)
    const handle = source.handle(tenant, upstream)
    const connection = handle.address
    const lane = laneOf(source, upstream)
    return {
      address,
      connection,
      name,
      tenant: tenantOf(connection),
      upstream,
      handle,
      lane,
      source,
    }
  }

  return {
    find: (address) => {
      const known = plans.get(address)
      if (known !== undefined && connections.find(known.name) === known.source) return known
      const plan = make(address)
      plans.set(address, plan)
      const [oldest] = plans.keys()
      if (plans.size > plansKept && oldest !== undefined) plans.delete(oldest)
      return plan
    },
    close: async () => {
      for (const source of lanes.keys()) letGo(source)
      for (const lane of busy) closePool(lane)
      await Promise.all(leaving)
    },
  }
}

function chooseUpstream(source: RoutedConnection, wanted: string | undefined): string {
  const known = Object.keys(source.upstreams)
  const [only] = known
  if (wanted !== undefined) {
    if (Object.hasOwn(source.upstreams, wanted)) return wanted
    const names = known.filter((name) => name !== '').join(', ')
    throw new EvergrantError(
      'upstream_unknown',
      `connection "${source.name}" has no upstream ${JSON.stringify(wanted)}; ` +
        (names === '' ? 'it has none with a name' : `there are ${names}`),
    )
  }
  if (only === undefined) {
    throw new EvergrantError(
      'upstream_unknown',
      `connection "${source.name}" has no upstream with a \`url\``,
    )
  }
  if (known.length === 1) return only
  throw new EvergrantError(
    'upstream_required',
    `connection "${source.name}" has the upstreams ${known.join(', ')}`,
  )
}

function createLane(
  settings: UpstreamSettings,
  options: CallPlansOptions,
  circuits: Map<string, Circuit>,
): UpstreamLane {
  const { clock, emit } = options
  const { origin, pathname } = new URL(settings.url)
  const circuit =
    circuits.get(origin) ??
    createCircuit({
      clock,
      origin,
      onChange: (isOpen) => {
        const type = isOpen ? 'gateway.circuit_opened' : 'gateway.circuit_closed'
        emit({ type, at: clock.now(), origin })
      },
    })
  circuits.set(origin, circuit)
  return {
    settings,
    pool: options.openPool(settings),
    circuit,
    origin,
    basePath: pathname.replace(/\/+$/, ''),
    rules: compileRules(settings.rejected),
    headers: compileHeaders(settings.headers),
    query: compileQuery(settings.query),
    methods: new Set(settings.methods),
    isAllowedPath: compilePathPatterns(settings.paths),
    mostCalls: settings.concurrency ?? mostCallsByDefault,
    calls: 0,
    onIdle: undefined,
    load: { sending: 0, abandoned: 0 },
  }
}

function tenantOf(address: string): string | undefined {
  const at = address.indexOf('@')
  return at === -1 ? undefined : address.slice(at + 1)
}
