import type { Dispatcher } from 'undici'
import type { CallerDirectory } from '../access/index.ts'
import type { ConnectionHandle } from '../grants/index.ts'
import type { UpstreamSettings } from './settings.ts'

/** Who may call; asked for every call. */
export type CallerGate = Pick<CallerDirectory, 'authenticate' | 'admit'>

/** Of which connections the beginnings of bodies are kept; asked for every call. */
export interface CaptureSwitch {
  /** @param connection Name without tenant. */
  isOn(connection: string): boolean
}

/** A connection as calls are routed to it. */
export interface RoutedConnection {
  readonly name: string
  /** Those that have a `url`, by name; `''` for the one written as `upstream`. */
  readonly upstreams: Readonly<Record<string, UpstreamSettings>>
  /**
   * The tokens for one upstream.
   *
   * @throws EvergrantError `tenant_required`, `tenant_invalid`, `connection_unknown`
   */
  handle(tenant: string | undefined, upstream: string): ConnectionHandle
}

/** All connections there are now. */
export interface ConnectionRoutes {
  /** The same object as long as the connection’s definition is the same. */
  find(name: string): RoutedConnection | undefined
  /** For messages. */
  names(): readonly string[]
}

/** What opens connections to one upstream and sends over them. */
export interface UpstreamPool {
  readonly dispatcher: Dispatcher
  /** Ends its connections; what is in flight fails. */
  close(): Promise<void>
}
