import { once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type Server,
} from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from 'node:net'
import type { Caller } from '../../src/access/index.ts'
import {
  createGateway,
  createTraceRecorder,
  type CaptureSwitch,
  type Gateway,
  type GatewayEvent,
  type RoutedConnection,
  type TraceRecorder,
  type UpstreamSettings,
} from '../../src/gateway/index.ts'
import type { ConnectionHandle } from '../../src/grants/index.ts'
import { err, EvergrantError, ok, systemClock, systemRandom } from '../../src/kernel/index.ts'
import { createOutbound } from '../../src/server/outbound.ts'
import { createEngineFixture, type EngineFixture } from './engine-fixture.ts'

/** An answer as a test reads it. */
export interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  readonly text: string
}

/** What a test sends. */
export interface Ask {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Buffer
}

export interface GatewayFixture extends AsyncDisposable {
  readonly engine: EngineFixture
  readonly gateway: Gateway
  readonly traces: TraceRecorder
  readonly events: GatewayEvent[]
  readonly url: string
  readonly port: number
  /** Calls that the caller’s limits let in and that did not end. */
  readonly admitted: number
  /** Sends to `/proxy/…` with the caller’s key. */
  call(path: string, ask?: Ask): Promise<Got>
  /** Writes bytes to the gateway and reads until it hangs up. */
  raw(text: string): Promise<string>
  /** Gives the connection other upstreams, or takes it away. */
  redefine(upstreams?: Readonly<Record<string, UpstreamSettings>>): void
  /** Resolves when no call is under way and nothing of any is left. */
  quiet(): Promise<void>
}

/** The key of the only caller. */
export const callerKey = 'egk_test'

const caller: Caller = {
  id: 'clr_1',
  name: 'tester',
  kind: 'key',
  connections: ['api'],
  allowTokens: false,
  limits: {},
}

/** Settings with every default, for an API at a URL. */
export function settingsFor(url: string, change: Partial<UpstreamSettings> = {}): UpstreamSettings {
  return {
    url,
    headers: { authorization: 'Bearer {token}' },
    query: {},
    methods: [],
    paths: [],
    rejected: [],
    replayUnsafe: false,
    normalise: false,
    links: 'keep',
    allowPrivate: false,
    http2: false,
    timeouts: { connectMs: 10_000, headersMs: 60_000, idleMs: 60_000 },
    ...change,
  }
}

/** What else a gateway of a test is made of. */
export interface GatewayFixtureOptions {
  readonly ca?: readonly string[]
  readonly captures?: CaptureSwitch
  /** Connections to the API at once, however many calls. */
  readonly connections?: number
  /** Callers are known only after this. */
  readonly lookUp?: () => Promise<void>
  /** What every caller is refused with, while there is something. */
  readonly refusal?: () => EvergrantError | undefined
}

/** A gateway over HTTP with a real engine behind it, and one connection, `api`. */
export async function startGateway(
  upstreams: Readonly<Record<string, UpstreamSettings>>,
  options: GatewayFixtureOptions = {},
): Promise<GatewayFixture> {
  const engine = createEngineFixture()
  const { clock } = engine
  const grants = engine.engine({ name: 'api' })
  const { captures } = options
  const outbound = createOutbound({ clock: systemClock, env: {}, ca: options.ca ?? [] })
  let admitted = 0
  const events: GatewayEvent[] = []
  const emit = (event: GatewayEvent): void => void events.push(event)
  const traces = createTraceRecorder({ clock, random: systemRandom, emit })
  const handle = (): ConnectionHandle => grants.connection('api')
  let route: RoutedConnection | undefined = { name: 'api', upstreams, handle }
  const gateway = createGateway({
    connections: { find: (name) => (name === 'api' ? route : undefined), names: () => ['api'] },
    callers: {
      authenticate: (headers) => {
        const refusal = options.refusal?.()
        if (refusal !== undefined) return err(refusal)
        if (options.lookUp !== undefined) return options.lookUp().then(() => ok(caller))
        const key = headers['evergrant-key'] ?? headers['authorization']?.toString().slice(7)
        if (key === callerKey) return ok(caller)
        return err(new EvergrantError('caller_unauthenticated', 'no credential came with the call'))
      },
      admit: () => {
        admitted++
        return () => void admitted--
      },
    },
    traces,
    ...(captures === undefined ? {} : { captures }),
    openPool: ({ concurrency = 256, ...settings }) =>
      outbound.pool({ ...settings, concurrency: options.connections ?? concurrency }),
    clock,
    emit,
    publicUrl: 'http://gateway.example',
  })
  const server = createServer((request, response) => gateway.handle(request, response))
  server.on('checkContinue', (request, response) => gateway.handle(request, response))
  server.on('upgrade', (request, socket, head) => gateway.upgrade(request, socket, head))
  const { url, port, close } = await listen(server)
  return {
    engine,
    gateway,
    traces,
    events,
    url,
    port,
    get admitted() {
      return admitted
    },
    redefine: (next) => {
      route = next === undefined ? undefined : { name: 'api', upstreams: next, handle }
    },
    quiet: async () => {
      while (gateway.calls > 0) await new Promise((resolve) => setImmediate(resolve))
      if (admitted > 0) throw new Error(`${admitted} calls hold a place among the caller’s own`)
    },
    call: (path, ask = {}) => call(`${url}${path}`, ask),
    raw: async (text) => {
      const socket = connect(port, '127.0.0.1')
      let answered = ''
      socket.on('data', (piece: Buffer) => (answered += piece.toString('latin1')))
      socket.on('error', () => {})
      socket.write(text, 'latin1')
      await once(socket, 'close')
      return answered
    },
    [Symbol.asyncDispose]: async () => {
      const closed = gateway.close({ graceMs: 0 })
      await clock.advance(0)
      await closed
      await close()
      await outbound.close()
      await grants.close()
    },
  }
}

/** An API of a test. */
export interface TestApi extends AsyncDisposable {
  readonly url: string
  readonly server: Server
  readonly sockets: ReadonlySet<Socket>
}

/** Starts an API on loopback. */
export async function startApi(listener: RequestListener): Promise<TestApi> {
  const server = createServer(listener)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const { url, close } = await listen(server)
  return {
    url,
    server,
    sockets,
    [Symbol.asyncDispose]: () => {
      const closed = close()
      // Those that were upgraded are not the server's any more.
      for (const socket of sockets) socket.destroy()
      return closed
    },
  }
}

async function listen(
  server: Server,
): Promise<{ readonly url: string; readonly port: number; readonly close: () => Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Sends a request, its path byte for byte as given, and reads the whole answer. */
export function call(url: string, { method = 'GET', headers = {}, body }: Ask): Promise<Got> {
  const [, host = '', port = '', path = '/'] = /^http:\/\/([^:/]+):(\d+)(.*)$/.exec(url) ?? []
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        host,
        port,
        path,
        method,
        agent: false,
        headers: { 'evergrant-key': callerKey, ...headers },
      },
      (answer) => void read(answer).then(resolve, reject),
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

async function read(answer: IncomingMessage): Promise<Got> {
  const pieces: Buffer[] = []
  for await (const piece of answer) pieces.push(piece as Buffer)
  const body = Buffer.concat(pieces)
  const { statusCode: status = 0, headers, rawHeaders } = answer
  return { status, headers, rawHeaders, body, text: body.toString() }
}
