import type { IncomingMessage } from 'node:http'
import {
  createGateway,
  type CallerGate,
  type CaptureSwitch,
  type ConnectionRoutes,
  type Gateway,
  type RoutedConnection,
  type TraceRecorder,
  type UpstreamSettings,
} from '../gateway/index.ts'
import type { Composition } from './compose.ts'
import type { RegisteredConnection } from './connection-registry.ts'

/** What a composition’s gateway is opened with. */
export interface OpenGatewayOptions {
  readonly callers: CallerGate
  readonly traces: Pick<TraceRecorder, 'begin'>
  /** Of which connections bodies are kept; of none by default. */
  readonly captures?: CaptureSwitch
  /** Where callers reach the service, such as `https://evergrant.example`. */
  readonly publicUrl: string
  /** The id that a trusted proxy gave a request. */
  readonly requestIdOf?: (request: IncomingMessage) => string | undefined
}

/** Opens the gateway of a composition: its connections, its engine’s tokens, its way out. */
export function openGateway(composition: Composition, options: OpenGatewayOptions): Gateway {
  const { clock, events, pool } = composition
  return createGateway({
    ...options,
    connections: routesOf(composition),
    openPool: pool,
    clock,
    emit: events.emit,
  })
}

/** Routes calls to the connections there are; the same route as long as a definition is the same. */
function routesOf({ connections, engine }: Composition): ConnectionRoutes {
  const routes = new WeakMap<RegisteredConnection, RoutedConnection>()
  return {
    find: (name) => {
      const registered = connections.find(name)
      if (registered === undefined) return undefined
      const known = routes.get(registered)
      if (known !== undefined) return known
      const route = {
        name,
        upstreams: callable(registered),
        handle: (tenant: string | undefined, upstream: string) => {
          const address = tenant === undefined ? name : `${name}@${tenant}`
          return engine.connection(address, { target: upstream })
        },
      }
      routes.set(registered, route)
      return route
    },
    names: () => connections.all().map(({ config }) => config.name),
  }
}

function callable({ config }: RegisteredConnection): Readonly<Record<string, UpstreamSettings>> {
  const found = Object.entries(config.upstreams).flatMap(([name, upstream]) =>
    upstream.url === undefined ? [] : [[name, upstream] as const],
  )
  return Object.fromEntries(found)
}
