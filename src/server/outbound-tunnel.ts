import { request } from 'node:http'
import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls, type SecureContext } from 'node:tls'
import type { Clock } from '../kernel/index.ts'
import {
  OutboundError,
  proxyUnreachable,
  tunnelRefused,
  tunnelTimedOut,
} from './outbound-failure.ts'
import type { ProxyAddress } from './outbound-route.ts'

/** What tunnels are opened with. */
export interface TunnelOptions {
  readonly clock: Clock
  /** For the whole of it, from the first step to the proxy’s answer (milliseconds). */
  readonly timeoutMs: number
  /** Whom to trust for a proxy that speaks TLS. Default: the platform’s authorities. */
  readonly secureContext?: SecureContext | undefined
  /** Told of the socket at once, so that it can be ended while the tunnel is still being opened. */
  readonly onSocket: (socket: Socket) => void
}

/**
 * Opens a tunnel through a proxy by CONNECT (RFC 9110 section 9.3.6). The proxy’s credentials go to
 * the proxy alone: what is sent through the tunnel afterwards is another request altogether.
 *
 * @param authority Host and port of the destination, as `login.example:443`.
 * @returns The socket, nothing read from it beyond the proxy’s answer.
 * @throws OutboundError; a failed tunnel means that nothing reached the destination
 */
export function openTunnel(
  proxy: ProxyAddress,
  authority: string,
  options: TunnelOptions,
): Promise<Socket> {
  const { clock, timeoutMs, secureContext, onSocket } = options
  const { authorization, name } = proxy
  return new Promise((resolve, reject) => {
    const socket = dial(proxy, secureContext)
    onSocket(socket)
    const asking = request({
      createConnection: () => socket,
      method: 'CONNECT',
      path: authority,
      headers: {
        host: authority,
        'proxy-connection': 'keep-alive',
        ...(authorization === undefined ? {} : { 'proxy-authorization': authorization.reveal() }),
      },
    })
    const fail = (error: OutboundError): void => {
      cancel()
      socket.destroy()
      reject(error)
    }
    const cancel = clock.schedule(timeoutMs, () => fail(tunnelTimedOut(name, timeoutMs)))
    asking.once('connect', (answer, _socket, head) => {
      const status = answer.statusCode ?? 0
      if (status < 200 || status > 299) return fail(tunnelRefused(name, status))
      if (head.length > 0) socket.unshift(head)
      cancel()
      resolve(socket)
    })
    // A proxy that answers CONNECT like any other request speaks no proxy’s HTTP.
    asking.once('response', () => fail(notHttp(name)))
    // Stays for good: an error after the first one must not become an uncaught exception.
    asking.on('error', (error) => fail(proxyUnreachable(name, error)))
    asking.end()
  })
}

function dial(proxy: ProxyAddress, secureContext: SecureContext | undefined): Socket {
  const { hostname: host, port, isTls } = proxy
  if (!isTls) return connectPlain({ host, port })
  return connectTls({
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(secureContext === undefined ? {} : { secureContext }),
    ALPNProtocols: ['http/1.1'],
    // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED cannot switch it off.
    rejectUnauthorized: true,
  })
}

function notHttp(name: string): OutboundError {
  return new OutboundError('PROXY_ANSWER_INVALID', `the proxy ${name} does not answer CONNECT`)
}
