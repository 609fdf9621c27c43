import type { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Clock } from '../kernel/index.ts'
import type { Answer } from './answer.ts'
import type { FaultEffect } from './faults.ts'

/** Smaller bodies are not worth compressing; one packet holds them. */
const smallestCompressed = 1_400
const dripPieces = 20

/** Compresses as servers under load do: fast rather than small. */
export function compressBody(body: Buffer | string): Promise<Buffer> {
  return compress(body, { level: 1 })
}

const compress = promisify(gzip)

/** How an answer leaves. */
export interface Delivery {
  readonly clock: Clock
  /** Ends every wait; aborted when the simulator closes or the client hangs up. */
  readonly signal: AbortSignal
  readonly acceptsGzip: boolean
  /** A fault of the wire, if any. */
  readonly effect: FaultEffect | undefined
}

/** Sends an answer, whole or spoilt on the way; returns the bytes of body handed over. */
export async function deliver(
  response: ServerResponse,
  answer: Answer,
  delivery: Delivery,
): Promise<number> {
  const { effect } = delivery
  const isCompressed = delivery.acceptsGzip && answer.body.length >= smallestCompressed
  const body = isCompressed
    ? await (answer.gzipped?.() ?? compressBody(answer.body))
    : typeof answer.body === 'string'
      ? Buffer.from(answer.body)
      : answer.body
  const headers = {
    ...answer.headers,
    ...(isCompressed ? { 'Content-Encoding': 'gzip' } : {}),
  }
  if (effect?.kind === 'truncate') return truncate(response, answer.status, headers, body, effect)
  response.writeHead(answer.status, headers)
  if (effect?.kind === 'slow') {
    await drip(response, body, effect.ms ?? 2_000, delivery)
    return body.length
  }
  response.end(body)
  return body.length
}

/** Sends half of the body; the framing tells, or hides, that there is more. */
async function truncate(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  effect: Extract<FaultEffect, { readonly kind: 'truncate' }>,
): Promise<number> {
  const half = body.subarray(0, Math.floor(body.length / 2))
  const { framing = 'chunked' } = effect
  if (framing === 'cut_length') {
    response.writeHead(status, { ...headers, 'Content-Length': String(half.length) })
    response.end(half)
    return half.length
  }
  const length = framing === 'full_length' ? { 'Content-Length': String(body.length) } : {}
  response.writeHead(status, { ...headers, ...length })
  await new Promise<void>((resolve) => {
    response.write(half, () => resolve())
  })
  response.destroy()
  return half.length
}

async function drip(
  response: ServerResponse,
  body: Buffer,
  totalMs: number,
  delivery: Delivery,
): Promise<void> {
  const size = Math.max(1, Math.ceil(body.length / dripPieces))
  const { clock, signal } = delivery
  for (let at = 0; at < body.length; at += size) {
    response.write(body.subarray(at, at + size))
    await clock.sleep(totalMs / dripPieces, { signal })
  }
  response.end()
}
