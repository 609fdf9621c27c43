import type { Socket } from 'node:net'
import { Agent, buildConnector, Dispatcher1Wrapper, Pool, type Dispatcher } from 'undici'
import { createTransport, type Transport } from '../imports/index.ts'
import type { Clock } from '../kernel/index.ts'
import { createGuardedLookup } from './outbound-addresses.ts'
import { trustAlso } from './outbound-authorities.ts'
import { whileOpening } from './outbound-failure.ts'
import {
  createRoute,
  type ProxyAddress,
  type ProxyChoice,
  type RouteTarget,
} from './outbound-route.ts'
import { openTunnel } from './outbound-tunnel.ts'

/** How calls leave this process: one pool of connections behind both forms. TLS is verified. */
export interface Outbound {
  /** The platform’s `fetch`, its classes and all, over this way out. */
  readonly fetch: typeof globalThis.fetch
  readonly transport: Transport
  /** Host and port of the proxy that calls to a URL go through; undefined: they go directly. */
  proxyFor(url: URL): string | undefined
  /**
   * Opens one connection as a call to the URL does, through its proxy and with TLS verified;
   * nothing is sent to the destination. The caller ends it. @throws what a call would fail with
   */
  dial(url: URL): Promise<Socket>
  /**
   * Opens connections to one origin, for calls whose headers, bodies and deadlines are the user’s
   * own. Without `allowPrivate` names must resolve to public addresses, and the connection goes to
   * the address that was checked; through a proxy it is the proxy that resolves them.
   */
  pool(settings: PoolSettings): OutboundPool
  /** Ends every connection; what is in flight rejects. */
  close(): Promise<void>
}

/** What a pool is for. */
export interface PoolSettings {
  readonly url: string
  readonly allowPrivate: boolean
  readonly http2: boolean
  readonly timeouts: { readonly connectMs: number }
  readonly concurrency?: number
}

/** Connections to one origin. */
export interface OutboundPool {
  readonly dispatcher: Dispatcher
  /** Ends its connections; what is in flight fails. */
  close(): Promise<void>
}

/** What the way out is made of. */
export interface OutboundOptions {
  readonly clock: Clock
  /** Which proxy; see `createRoute` for the rules of HTTP(S)_PROXY and NO_PROXY. Default `env`. */
  readonly proxy?: ProxyChoice
  /** Certificate authorities to trust besides the platform’s, each text in PEM. Default none. */
  readonly ca?: readonly string[]
  /** What to call each of `ca` in a message. Default `"network.ca[N]"`. */
  readonly nameOfCa?: (position: number) => string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * How long an idle connection is kept (ms): shorter than servers keep theirs, since a request that
 * meets one as it is closed leaves unknown whether it arrived, and a strict provider's refresh
 * token with it.
 */
const idleMs = 4_000

/**
 * How long a connection may take to open, in milliseconds. Less in sum than the ten seconds a token
 * request may take, so that a way that is blocked is told from a provider that is slow.
 */
const openingMs = { direct: 8_000, tunnel: 6_000, throughTunnel: 3_000 } as const

/**
 * Connections to one origin. More than the engine sends at once (`exchangesAtOnce`): a request that
 * waits here for a connection would use its deadline up unsent.
 */
const connections = 160

/** Connections of a pool at most, and the longest head of an answer that is read (bytes). */
const pooled = { connections: 256, headBytes: 65_536, streams: 100 } as const

/**
 * Makes the way out; nothing is sent or opened yet. Every connection, of `fetch` and `transport`
 * alike, goes through the proxy the route names, in a tunnel opened by CONNECT (for `http:` targets
 * too), and is HTTP/1.1. TLS is verified always and everywhere: NODE_TLS_REJECT_UNAUTHORIZED
 * changes nothing. What fails before a request left is told by `OutboundError`s.
 *
 * @throws EvergrantError `config_invalid` for a proxy or a certificate that cannot be read
 */
export function createOutbound(options: OutboundOptions): Outbound {
  const { clock, env } = options
  const route = createRoute(options.proxy ?? 'env', env)
  const secureContext = trustAlso(options.ca ?? [], options.nameOfCa)
  const tls = {
    allowH2: false,
    rejectUnauthorized: true,
    ...(secureContext === undefined ? {} : { secureContext }),
  }
  const connectDirectly = buildConnector({ ...tls, timeout: openingMs.direct })
  const secureTunnel = buildConnector({ ...tls, timeout: openingMs.throughTunnel })
  const tunnels = new Set<Socket>()
  const pools = new Set<Pool>()

  const connectorOf =
    (direct: buildConnector.connector, secure: buildConnector.connector): typeof direct =>
    (target, callback) => {
      const settle: buildConnector.Callback = (...outcome) => {
        const [error] = outcome
        if (error === null) callback(...outcome)
        else callback(whileOpening(error), null)
      }
      const proxy = route(target)
      if (proxy === undefined) return direct(target, settle)
      void connectThrough(proxy, target, secure, settle)
    }
  const connect = connectorOf(connectDirectly, secureTunnel)

  async function connectThrough(
    proxy: ProxyAddress,
    target: buildConnector.Options,
    secure: buildConnector.connector,
    settle: buildConnector.Callback,
  ): Promise<void> {
    let socket: Socket
    try {
      const opening = { clock, timeoutMs: openingMs.tunnel, secureContext, onSocket: keep }
      socket = await openTunnel(proxy, authorityOf(target), opening)
    } catch (error) {
      return settle(error as Error, null)
    }
    if (target.protocol === 'https:') secure({ ...target, httpSocket: socket }, settle)
    else settle(null, socket)
  }

  function keep(socket: Socket): void {
    tunnels.add(socket)
    socket.once('close', () => tunnels.delete(socket))
  }

  function openPool(settings: PoolSettings): OutboundPool {
    const { url, allowPrivate, http2, timeouts, concurrency } = settings
    const opening = { ...tls, allowH2: http2, preferH2: http2, timeout: timeouts.connectMs }
    const lookup = allowPrivate ? {} : { lookup: createGuardedLookup() }
    const pool = new Pool(new URL(url).origin, {
      connect: connectorOf(buildConnector({ ...opening, ...lookup }), buildConnector(opening)),
      allowH2: http2,
      connections: Math.min(concurrency ?? pooled.connections, pooled.connections),
      pipelining: 1,
      ...(http2 ? { maxConcurrentStreams: pooled.streams } : {}),
      keepAliveTimeout: idleMs,
      maxHeaderSize: pooled.headBytes,
      // The caller’s framing was checked; a body that breaks its promise fails the call.
      strictContentLength: true,
    })
    pools.add(pool)
    const close = async (): Promise<void> => {
      pools.delete(pool)
      await pool.destroy()
    }
    return { dispatcher: pool, close }
  }

  const agent = new Agent({ connect, allowH2: false, connections, keepAliveTimeout: idleMs })
  // The platform’s fetch is of an older undici, whose handlers the wrapper translates.
  const way: object = { dispatcher: new Dispatcher1Wrapper(agent) }
  return {
    // oxlint-disable-next-line no-restricted-properties -- this is where fetch enters
    fetch: (input, init) => globalThis.fetch(input, { ...init, ...way }),
    transport: createTransport(agent, clock),
    proxyFor: (url) => route(targetOf(url))?.name,
    dial: (url) =>
      new Promise((resolve, reject) => {
        connect({ ...targetOf(url), host: url.host }, (error, socket) => {
          if (error === null) resolve(socket)
          else reject(error)
        })
      }),
    pool: openPool,
    close: async () => {
      for (const socket of tunnels) socket.destroy()
      await Promise.all([...pools].map((pool) => pool.destroy()))
      await agent.destroy()
    },
  }
}

/** A URL as undici names its destination: IPv6 without brackets. */
function targetOf({ protocol, hostname, port }: URL): RouteTarget {
  return { protocol, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), port }
}

function authorityOf(target: buildConnector.Options): string {
  const { hostname, protocol, port } = target
  const host = hostname.includes(':') ? `[${hostname}]` : hostname
  return `${host}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`
}
