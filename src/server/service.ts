import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer, Server as SecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContextOptions } from 'node:tls'
import fastify, { type FastifyInstance } from 'fastify'
import { EvergrantError, newId, type Clock } from '../kernel/index.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { answerFrameworkError, answerWithProblems } from './problem-reply.ts'

/** Takes calls below `/proxy/` as they came, before anything else looks at them. */
export interface CallHandler {
  handle(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Lets no call begin; resolves when those under way have ended, at the latest after `drainMs`. */
  close(drainMs: number): Promise<void>
}

/** Answers requests by itself, where what a framework costs counts. */
export interface RawDoor {
  handles(url: string): boolean
  /** Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): void
}

/** A part of the service: its routes, plugged in before it listens. */
export type ServicePart = (app: FastifyInstance) => void | Promise<void>

/** How a service is opened. */
export interface ServiceOptions {
  readonly listen: { readonly host: string; readonly port: number }
  readonly clock: Clock
  readonly tls?: SecureContextOptions
  /** Makes what takes calls, given where the service listens, before the first request comes. */
  readonly calls?: (url: string) => CallHandler
  /** Take requests as they came, before Fastify looks at them; the first that does. */
  readonly doors?: readonly RawDoor[]
  readonly parts?: readonly ServicePart[]
  /** The id of a request; a new one by default. */
  readonly requestId?: (request: IncomingMessage) => string
  /** Told of faults of ours, which callers are not told more of than that they happened. */
  readonly onFault?: (fault: unknown) => void
}

/** The running service. */
export interface Service {
  /** Where it listens: `http://127.0.0.1:8420`. */
  readonly url: string
  /** Takes another certificate for connections from now on. */
  setTls(tls: SecureContextOptions): void
  /**
   * Ends it: nothing new is taken, what is under way may end for so long (30 s by default), then
   * every connection is closed. A second call with less ends it sooner.
   */
  close(drainMs?: number): Promise<void>
}

const callPrefix = '/proxy/'

/** For the head of a request to come, so that a slow writer cannot hold a connection (ms). */
const headDeadlineMs = 30_000
/** Idle connections are kept so long: longer than load balancers in front keep theirs (ms). */
const keepAliveMs = 65_000
const maxHeadBytes = 32_768
/** For the body of a request to come that is no call to an API, answered or not (ms). */
const bodyDeadlineMs = 30_000
/** For the first request on a connection to come once the service drains (ms). */
const silentMs = 1_000
/** For the last words of calls that are ended at the deadline of a drain (ms). */
const lastWordMs = 250

/**
 * Opens the service on one port: calls to APIs go to the gateway as raw requests, with the path
 * byte for byte as it came; everything else to Fastify (ADR 0015).
 *
 * @throws EvergrantError `listen_failed`
 */
export async function openService(options: ServiceOptions): Promise<Service> {
  const { parts = [], doors = [], onFault = () => {}, clock, tls } = options
  let calls: CallHandler | undefined
  let isClosing = false
  const newRequestId = (): string => newId('req', clock.now())
  const requestId = options.requestId ?? newRequestId
  const isCall = (request: IncomingMessage): boolean => request.url?.startsWith(callPrefix) === true
  const doorOf = ({ url = '' }: IncomingMessage): RawDoor | undefined =>
    doors.find((one) => one.handles(url))
  // A proxy that asks about a WebSocket may leave its headers in: the question is a plain one.
  const isUpgrade = (request: IncomingMessage): boolean => doorOf(request) === undefined
  const spoken = new WeakSet<Duplex>()
  let server: Server | SecureServer | undefined
  const app = fastify({
    serverFactory: (handler) => {
      server = makeServer(tls, isUpgrade, (request, response) => {
        spoken.add(request.socket)
        // Whoever comes again on a connection that is kept alive is told to take another.
        if (isClosing) response.shouldKeepAlive = false
        if (calls !== undefined && isCall(request)) return calls.handle(request, response)
        limitBody(request, clock)
        const door = doorOf(request)
        if (door === undefined) handler(request, response)
        else door.handle(request, response)
      })
      return server
    },
    genReqId: requestId,
    clientErrorHandler: answerBrokenRequest(newRequestId),
    frameworkErrors: answerFrameworkError,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: 300 },
    bodyLimit: 1_048_576,
  })
  answerWithProblems(app, onFault)
  for (const part of parts) await part(app)
  await app.ready()
  if (server === undefined) throw new Error('Fastify made no server')
  const listening = server
  listening.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // The gateway says "go on" itself, once it lets the call in.
    if (calls === undefined || !isCall(request)) response.writeContinue()
    listening.emit('request', request, response)
  })
  listening.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    spoken.add(socket)
    if (calls !== undefined && isCall(request)) calls.upgrade(request, socket, head)
    else refuseUpgrade(socket)
  })
  const connections = trackConnections(listening, spoken)
  await listen(listening, options.listen)
  const { address, port, family } = listening.address() as AddressInfo
  const host = family === 'IPv6' ? `[${address}]` : address
  const url = `${tls === undefined ? 'http' : 'https'}://${host}:${port}`
  calls = options.calls?.(url)
  let closing: Promise<void> | undefined
  return {
    url,
    setTls: (next) => {
      if ('setSecureContext' in listening) listening.setSecureContext(next)
    },
    close: (drainMs = 30_000) => {
      isClosing = true
      closing ??= end(app, listening, calls, { drainMs, clock, connections })
      if (drainMs === 0) connections.endAll()
      return closing
    },
  }
}

/** The connections of a server. */
interface Connections {
  /**
   * Ends every one. Those that changed their protocol, or never got as far as a request, are no
   * longer the server’s to end, and yet it waits for them when it closes.
   */
  endAll(): void
  /** Ends those on which no request has ever come. */
  endSilent(): void
}

/** @param spoken Those on which a request came; with TLS, the secure side of them. */
function trackConnections(
  server: Server | SecureServer,
  spoken: Pick<WeakSet<Duplex>, 'has'>,
): Connections {
  const sockets = track(server, 'connection')
  const secured = server instanceof SecureServer ? track(server, 'secureConnection') : sockets
  const placeOf = ({ remoteAddress, remotePort }: Socket): string =>
    `${remoteAddress} ${remotePort}`
  return {
    endAll: () => {
      server.closeAllConnections()
      for (const socket of sockets) socket.destroy()
    },
    endSilent: () => {
      const busy = new Set([...secured].filter((socket) => spoken.has(socket)).map(placeOf))
      for (const socket of sockets) if (!busy.has(placeOf(socket))) socket.destroy()
    },
  }
}

function track(server: Server | SecureServer, event: string): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on(event, (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}

/**
 * Ends the connection of whoever does not finish a body in time. Those of our own API are small;
 * one that comes a byte at a time would hold a connection for ever, also after its answer.
 */
function limitBody(request: IncomingMessage, clock: Clock): void {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers
  if (coding === undefined && length === '0') return
  const cancel = clock.schedule(bodyDeadlineMs, () => {
    if (!request.complete) request.socket.destroy()
  })
  request.once('close', cancel)
}

/** Answers a request to speak another protocol where none is spoken. */
function refuseUpgrade(socket: Duplex): void {
  socket.on('error', () => {})
  const answer = 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'
  socket.end(answer, () => socket.destroy())
}

function makeServer(
  tls: SecureContextOptions | undefined,
  isUpgrade: (request: IncomingMessage) => boolean,
  listener: RequestListener,
): Server | SecureServer {
  const options: ServerOptions = {
    headersTimeout: headDeadlineMs,
    // Bodies of calls are streams that may last; the gateway says how slowly they may come.
    requestTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    maxHeaderSize: maxHeadBytes,
    connectionsCheckingInterval: 5_000,
    insecureHTTPParser: false,
    shouldUpgradeCallback: isUpgrade,
    noDelay: true,
  }
  return tls === undefined
    ? createServer(options, listener)
    : createSecureServer({ ...options, ...tls }, listener)
}

/** Fastify did not open the server, so it does not close it either. */
async function end(
  app: FastifyInstance,
  server: Server | SecureServer,
  calls: CallHandler | undefined,
  {
    drainMs,
    clock,
    connections,
  }: { readonly drainMs: number; readonly clock: Clock; readonly connections: Connections },
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  // Calls that are ended at the deadline get a moment to say so.
  const deadline = drainMs === 0 ? 0 : drainMs + lastWordMs
  const cancel = clock.schedule(deadline, () => connections.endAll())
  // Browsers connect before they know what to ask for, and nobody should wait for that.
  const cancelSilent = clock.schedule(silentMs, () => connections.endSilent())
  // A connection that is kept alive becomes idle only once what is under way on it has ended.
  const sweep = setIntervalOf(clock, 250, () => server.closeIdleConnections())
  try {
    await Promise.all([calls?.close(drainMs), closed])
    await app.close()
  } finally {
    sweep()
    cancel()
    cancelSilent()
  }
}

function setIntervalOf(clock: Clock, everyMs: number, task: () => void): () => void {
  let cancel = (): void => {}
  const arm = (): void => {
    cancel = clock.schedule(everyMs, () => {
      task()
      arm()
    })
  }
  arm()
  return () => cancel()
}

function listen(server: Server | SecureServer, at: ServiceOptions['listen']): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      reject(
        new EvergrantError(
          'listen_failed',
          `"server.listen": cannot listen at ${at.host}:${at.port} (${error.code ?? error.message})`,
          { cause: error },
        ),
      )
    }
    server.once('error', onError)
    server.listen(at, () => {
      server.off('error', onError)
      resolve()
    })
  })
}
