import type { Socket } from 'node:net'
import { EvergrantError } from '../kernel/index.ts'
import { problemAnswer } from './problem-reply.ts'

/** What the parser refuses, in words for whoever sent it, and the status where it is not 400. */
const reasons: Readonly<Record<string, { readonly detail: string; readonly status?: number }>> = {
  HPE_HEADER_OVERFLOW: {
    detail: 'the head of the request is larger than 32 KiB; a token may have 16,384 characters',
    status: 431,
  },
  ERR_HTTP_REQUEST_TIMEOUT: { detail: 'the head of the request did not come in time', status: 408 },
  HPE_INVALID_METHOD: { detail: 'the method is none of HTTP' },
  HPE_INVALID_CONSTANT: { detail: 'this port speaks HTTP/1.1' },
  HPE_UNEXPECTED_CONTENT_LENGTH: {
    detail: '"Content-Length" stands twice, or beside "Transfer-Encoding"',
  },
  HPE_INVALID_TRANSFER_ENCODING: { detail: '"Transfer-Encoding" is not plain "chunked"' },
  HPE_INVALID_HEADER_TOKEN: { detail: 'a header is malformed' },
}

/**
 * Makes what answers bytes that are no HTTP: a problem, then the end of the connection, since
 * nobody knows where the next request would begin (RFC 9112 section 11.2).
 */
export function answerBrokenRequest(
  newRequestId: () => string,
): (error: NodeJS.ErrnoException, socket: Socket) => void {
  return (error, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const reason = reasons[error.code ?? '']
    const { status, headers, body } = problemAnswer(
      new EvergrantError('request_malformed', reason?.detail ?? 'the request is not HTTP'),
      newRequestId(),
      reason?.status,
    )
    const head = Object.entries({
      ...headers,
      'content-length': String(Buffer.byteLength(body)),
      connection: 'close',
    }).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.end(`HTTP/1.1 ${status} Refused\r\n${head.join('')}\r\n${body}`, () => socket.destroy())
  }
}
