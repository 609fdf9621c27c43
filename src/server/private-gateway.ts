import { timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request as sendRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Caller } from '../access/index.ts'
import { proxyPrefix, type TraceRecorder } from '../gateway/index.ts'
import { err, EvergrantError, ok, systemRandom } from '../kernel/index.ts'
import type { Composition } from './compose.ts'
import { openGateway } from './open-gateway.ts'

/** One call as a person writes it. */
export interface PrivateCall {
  /** `NAME`, `NAME@TENANT`, `NAME:UPSTREAM` or `NAME@TENANT:UPSTREAM`. */
  readonly address: string
  readonly method: string
  /** Empty, or from a slash on, the query included. */
  readonly path: string
  /** As a flat list. */
  readonly headers: readonly string[]
  readonly body?: Uint8Array
}

/** A gateway for this process alone. */
export interface PrivateGateway {
  /** Resolves with the answer’s head; its body is still to be read, and comes as it was sent. */
  call(wanted: PrivateCall): Promise<IncomingMessage>
  /** Waits for calls under way, then ends it. Idempotent. */
  close(): Promise<void>
}

const caller: Caller = {
  id: '',
  name: 'cli',
  kind: 'key',
  connections: '*',
  allowTokens: false,
  limits: {},
}

/**
 * Opens the gateway of a composition on loopback, under a key that nobody else learns: what is
 * called through it goes exactly the way of a call through the service.
 *
 * @throws EvergrantError `listen_failed`
 */
export async function openPrivateGateway(
  composition: Composition,
  recorder: Pick<TraceRecorder, 'begin'>,
): Promise<PrivateGateway> {
  const key = Buffer.from(systemRandom(32)).toString('base64url')
  const gateway = openGateway(composition, {
    traces: recorder,
    publicUrl: composition.config.server.publicUrl,
    callers: {
      authenticate: ({ 'evergrant-key': shown }) =>
        typeof shown === 'string' && isSame(shown, key)
          ? ok(caller)
          : err(new EvergrantError('caller_unauthenticated', 'this gateway serves one command')),
      admit: () => () => {},
    },
  })
  // The gateway has deadlines of its own.
  const server = createServer({ requestTimeout: 0 }, gateway.handle)
  server.listen({ host: '127.0.0.1', port: 0 })
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new EvergrantError('listen_failed', 'no port of 127.0.0.1 could be had', { cause })
  }
  const { port } = server.address() as AddressInfo

  async function call({
    address,
    method,
    path,
    headers,
    body,
  }: PrivateCall): Promise<IncomingMessage> {
    const length = body === undefined ? [] : ['content-length', String(body.length)]
    const sent = sendRequest({
      host: '127.0.0.1',
      port,
      method,
      path: `${proxyPrefix}${address}${path}`,
      headers: [...headers, ...length, 'host', `127.0.0.1:${port}`, 'evergrant-key', key],
      agent: false,
    })
    const answered = once(sent, 'response')
    sent.end(body)
    const [answer] = (await answered) as [IncomingMessage]
    return answer
  }

  async function close(): Promise<void> {
    await gateway.close()
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  let closing: Promise<void> | undefined
  return { call, close: () => (closing ??= close()) }
}

function isSame(shown: string, key: string): boolean {
  return shown.length === key.length && timingSafeEqual(Buffer.from(shown), Buffer.from(key))
}
