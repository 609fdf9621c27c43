import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import fastify, { type FastifyInstance } from 'fastify'
import { EvergrantError, newId } from '../kernel/index.ts'
import type { Composition } from './compose.ts'
import { answerWithProblems } from './problem-reply.ts'

/** Takes calls below `/proxy/` as they came, before anything else looks at them. */
export interface CallHandler {
  handle(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Lets no call begin; resolves when those under way have ended. */
  close(): Promise<void>
}

/** A part of the service: its routes, plugged in before it listens. */
export type ServicePart = (app: FastifyInstance, composition: Composition) => void | Promise<void>

/** How a service is opened. */
export interface ServiceOptions {
  readonly listen: { readonly host: string; readonly port: number }
  readonly calls?: CallHandler
  readonly parts?: readonly ServicePart[]
  /** Told of faults of ours, which callers are not told more of than that they happened. */
  readonly onFault?: (fault: unknown) => void
}

/** The running service. */
export interface Service {
  /** Where it listens: `http://127.0.0.1:8420`. */
  readonly url: string
  /** Ends it: nothing new is taken, what is under way ends. Idempotent. */
  close(): Promise<void>
}

const callPrefix = '/proxy/'

/**
 * Opens the service on one port: calls to APIs go to the gateway as raw requests, with the path
 * byte for byte as it came; everything else to Fastify.
 *
 * @throws EvergrantError `listen_failed`
 */
export async function openService(
  composition: Composition,
  options: ServiceOptions,
): Promise<Service> {
  const { calls, parts = [], onFault = () => {} } = options
  const { clock } = composition
  let server: Server | undefined
  const app = fastify({
    serverFactory: (handler) => {
      server = createServer((request, response) => {
        if (calls !== undefined && request.url?.startsWith(callPrefix) === true) {
          calls.handle(request, response)
        } else handler(request, response)
      })
      return server
    },
    genReqId: () => newId('req', clock.now()),
    forceCloseConnections: true,
    exposeHeadRoutes: true,
  })
  answerWithProblems(app, onFault)
  app.get('/healthz', () => ({ status: 'ok' }))
  for (const part of parts) await part(app, composition)
  await app.ready()
  const listening = server
  if (listening === undefined) throw new Error('Fastify made no server')
  listening.on('upgrade', (request, socket, head) => {
    if (calls !== undefined && request.url?.startsWith(callPrefix) === true) {
      calls.upgrade(request, socket, head)
    } else socket.destroy()
  })
  await listen(listening, options.listen)
  const { address, port, family } = listening.address() as AddressInfo
  let closing: Promise<void> | undefined
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: () => (closing ??= end(app, listening, calls)),
  }
}

/** Fastify did not open the server, so it does not close it either. */
async function end(
  app: FastifyInstance,
  server: Server,
  calls: CallHandler | undefined,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  await calls?.close()
  await app.close()
  server.closeAllConnections()
  await closed
}

function listen(server: Server, at: ServiceOptions['listen']): Promise<void> {
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
