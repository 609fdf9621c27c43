import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Dispatcher } from 'undici'
import type { Clock } from '../kernel/index.ts'

/** An answer of Graph, read to its end. */
export interface TransportAnswer {
  readonly status: number
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Bytes that crossed the wire. */
  readonly wireBytes: number
}

/** Why there was no whole answer. */
export type TransportFailureKind =
  | 'refused'
  | 'unresolved'
  | 'proxy'
  | 'reset'
  | 'truncated'
  | 'timeout'
  | 'tls'
  | 'too_large'
  | 'undecodable'

/** A request that got no whole answer; always safe to send again, since imports only read. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure'
  readonly kind: TransportFailureKind

  constructor(kind: TransportFailureKind, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.kind = kind
  }
}

/** How a request is sent. */
export interface TransportOptions {
  readonly signal?: AbortSignal
  /** A question too long for a URL: JSON, sent by POST. It must change nothing, so that it repeats. */
  readonly body?: string
}

/**
 * Sends one GET, or a POST that only asks, and reads the whole answer. Rejects with
 * `TransportFailure`, or the signal's reason.
 */
export type Transport = (
  url: string,
  headers: Readonly<Record<string, string>>,
  options: TransportOptions,
) => Promise<TransportAnswer>

/** Bounds of a transport. */
export interface TransportLimits {
  /** For one answer to begin. Default 60 s. */
  readonly headersTimeoutMs?: number
  /** Between two pieces of a body. Default 30 s. */
  readonly bodyTimeoutMs?: number
  /** For a whole answer, from the first step to the last byte, however it trickles. Default 5 min. */
  readonly answerTimeoutMs?: number
  /** The largest body read, decoded or not. Default 64 MiB; a page of 999 users is about 0.5 MiB. */
  readonly maxBodyBytes?: number
}

const gunzipAsync = promisify(gunzip)

/** Makes a transport over an undici dispatcher, which owns connections, TLS and name resolution. */
export function createTransport(
  dispatcher: Dispatcher,
  clock: Clock,
  limits: TransportLimits = {},
): Transport {
  const {
    answerTimeoutMs = 300_000,
    headersTimeoutMs = 60_000,
    bodyTimeoutMs = 30_000,
    maxBodyBytes = 64 * 1024 * 1024,
  } = limits
  return async (url, headers, options) => {
    options.signal?.throwIfAborted()
    const answer = await exchange(url, headers, options)
    if (answer.headers['content-encoding']?.toLowerCase() !== 'gzip') return answer
    try {
      return { ...answer, body: await gunzipAsync(answer.body, { maxOutputLength: maxBodyBytes }) }
    } catch (cause) {
      throw new TransportFailure('undecodable', 'the gzip body does not decode', { cause })
    }
  }

  function exchange(
    url: string,
    headers: Readonly<Record<string, string>>,
    { body: question, signal }: TransportOptions,
  ): Promise<TransportAnswer> {
    const { origin, pathname, search } = new URL(url)
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      let size = 0
      let status = 0
      let answerHeaders: Record<string, string> = {}
      let abort: ((reason: Error) => void) | undefined
      let ended: Error | undefined
      const settle = (finish: () => void): void => {
        cancelDeadline()
        signal?.removeEventListener('abort', onAbort)
        finish()
      }
      /** Gives the answer up, also while its connection is still being opened. */
      const end = (reason: Error): void => {
        ended = reason
        settle(() => reject(reason))
        abort?.(reason)
      }
      const onAbort = (): void => end(signal?.reason as Error)
      const cancelDeadline = clock.schedule(answerTimeoutMs, () =>
        end(new TransportFailure('timeout', 'the answer did not end in time')),
      )
      signal?.addEventListener('abort', onAbort, { once: true })
      dispatcher.dispatch(
        {
          origin,
          path: pathname + search,
          ...(question === undefined ? { method: 'GET' } : { method: 'POST', body: question }),
          headers: {
            'accept-encoding': 'gzip',
            ...(question === undefined ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
          headersTimeout: headersTimeoutMs,
          bodyTimeout: bodyTimeoutMs,
        },
        {
          onRequestStart: (controller) => {
            abort = (reason) => controller.abort(reason)
            if (ended !== undefined) abort(ended)
          },
          onResponseStart: (_controller, statusCode, incoming) => {
            status = statusCode
            answerHeaders = flatten(incoming)
          },
          onResponseData: (controller, chunk) => {
            size += chunk.length
            if (size > maxBodyBytes) {
              controller.abort(
                new TransportFailure('too_large', `the body is larger than ${maxBodyBytes} bytes`),
              )
            } else chunks.push(chunk)
          },
          onResponseEnd: () => {
            const body = Buffer.concat(chunks, size)
            settle(() => resolve({ status, headers: answerHeaders, body, wireBytes: size }))
          },
          onResponseError: (_controller, error) => {
            settle(() => reject(ended ?? describe(error, status > 0)))
          },
        },
      )
    })
  }
}

function flatten(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined)
      flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
  }
  return flat
}

function describe(error: Error, hadHeaders: boolean): TransportFailure {
  if (error instanceof TransportFailure) return error
  const first = error instanceof AggregateError ? (error.errors[0] as Error) : error
  const code = (first as NodeJS.ErrnoException).code ?? ''
  const say = (kind: TransportFailureKind, message: string): TransportFailure =>
    new TransportFailure(kind, code === '' ? message : `${message} (${code})`, { cause: error })
  // The way out says itself what the proxy did.
  if (code.startsWith('PROXY_')) return say('proxy', first.message)
  if (code === 'ECONNREFUSED') return say('refused', 'the connection was refused')
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return say('unresolved', 'the name did not resolve')
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return say('timeout', 'no answer came in time')
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return say('timeout', 'the connection did not open in time')
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|ISSUER|ALTNAME/.test(code)) {
    return say('tls', `TLS verification failed: ${first.message}`)
  }
  if (hadHeaders) return say('truncated', 'the connection closed before the body ended')
  return say('reset', 'the connection was reset before an answer')
}
