import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** What a proxy does with CONNECT. */
export type ProxyBehaviour =
  | 'tunnel'
  /** Takes the request and never answers. */
  | 'hang'
  /** Hangs up without a word. */
  | 'reset'
  /** Answers in something that is not HTTP. */
  | 'babble'
  /** Answers with this status. */
  | { readonly status: number }

/** A CONNECT as it arrived. */
export interface ProxyRequest {
  /** Host and port asked for. */
  readonly authority: string
  readonly headers: IncomingMessage['headers']
}

/** A proxy on loopback that opens tunnels by CONNECT and nothing else. */
export interface ProxyServer {
  readonly url: string
  readonly port: number
  /** Every CONNECT, refused ones included. */
  readonly requests: readonly ProxyRequest[]
  /** How many tunnels were opened. */
  readonly tunnels: number
  behaviour: ProxyBehaviour
  /** Resolves as soon as `count` requests came in all. */
  arrival(count: number): Promise<void>
  /** Stops and drops every connection. */
  close(): Promise<void>
}

/** What a proxy is started with. */
export interface ProxyOptions {
  /** Wants exactly these; without them it wants none. */
  readonly credentials?: { readonly user: string; readonly password: string }
  /** Speaks TLS itself. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

/** Starts an authenticating forward proxy on a free port of loopback. */
export async function startProxyServer(options: ProxyOptions = {}): Promise<ProxyServer> {
  const { credentials, tls } = options
  const wanted =
    credentials === undefined
      ? undefined
      : `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`
  const requests: ProxyRequest[] = []
  const sockets = new Set<Duplex>()
  const waiting: { readonly count: number; readonly resolve: () => void }[] = []
  let tunnels = 0
  const keep = (socket: Duplex): void => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
  }

  const server: Server = tls === undefined ? createHttpServer() : createHttpsServer(tls)
  server.on('connection', keep)
  server.on('connect', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    keep(client)
    const authority = request.url ?? ''
    requests.push({ authority, headers: request.headers })
    for (const { count, resolve } of waiting) if (requests.length >= count) resolve()
    const { behaviour } = proxy
    if (behaviour === 'hang') return
    if (behaviour === 'reset') return void client.destroy()
    if (behaviour === 'babble') return void client.end('SSH-2.0-OpenSSH_9.9\r\n')
    if (wanted !== undefined && request.headers['proxy-authorization'] !== wanted) {
      return void client.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="test"\r\nContent-Length: 0\r\n\r\n',
      )
    }
    if (behaviour !== 'tunnel') {
      return void client.end(`HTTP/1.1 ${behaviour.status} As Told\r\nContent-Length: 0\r\n\r\n`)
    }
    tunnels++
    dig(authority, client, head)
  })

  function dig(authority: string, client: Duplex, head: Buffer): void {
    const { hostname, port } = new URL(`tcp://${authority}`)
    const upstream: Socket = connect(Number(port), hostname.replace(/^\[(.*)\]$/, '$1'))
    keep(upstream)
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      if (head.length > 0) upstream.write(head)
      upstream.pipe(client)
      client.pipe(upstream)
    })
    upstream.once('close', () => client.destroy())
    client.once('close', () => upstream.destroy())
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const proxy: ProxyServer = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    get tunnels() {
      return tunnels
    },
    behaviour: 'tunnel',
    arrival: (count) =>
      new Promise((resolve) => {
        if (requests.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
  return proxy
}
