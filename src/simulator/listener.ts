import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http'
import type { ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'

/** Answers one request; `origin` is the address the client used. */
export type RequestHandler = (
  incoming: IncomingMessage,
  response: ServerResponse,
  origin: string,
) => Promise<void>

/** A listening server. */
export interface Listener {
  readonly port: number
  /** Stops listening and drops every connection. */
  close(): Promise<void>
}

/** Where and how to listen. */
export interface ListenOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Speak TLS with these; plain HTTP otherwise. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

/**
 * Listens and hands every request to `handle`. A handler that fails drops its connection: a client
 * that hung up is no news, anything else answers 500 where it still can.
 */
export async function listen(options: ListenOptions, handle: RequestHandler): Promise<Listener> {
  const scheme = options.tls === undefined ? 'http' : 'https'
  const onRequest = (incoming: IncomingMessage, response: ServerResponse): void => {
    const origin = `${scheme}://${incoming.headers.host ?? `${options.host}:${options.port}`}`
    handle(incoming, response, origin).catch((error: unknown) => {
      fail(response, error)
    })
  }
  const server: Server =
    options.tls === undefined
      ? createHttpServer(onRequest)
      : createHttpsServer({ key: options.tls.key, cert: options.tls.cert }, onRequest)
  server.keepAliveTimeout = 65_000
  // Neither a slow test under a debugger nor a scripted silence is to be cut short.
  server.requestTimeout = 0
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.port
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) {
    response.destroy()
    return
  }
  const message = error instanceof Error ? error.message : 'unknown'
  response.writeHead(500, { 'Content-Type': 'text/plain' })
  response.end(`The simulator met a fault of its own: ${message}`)
}
