import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from './serve.ts'

/** What is streamed; without a port: where its API listens. */
export interface StreamJob {
  readonly port?: number
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly bytes?: number
  readonly way?: 'down' | 'up'
}

/** What came through. */
export interface StreamOutcome {
  readonly apiPort: number
  readonly bytes: number
  readonly elapsedMs: number
}

const piece = Buffer.alloc(1_048_576, 'x')

const api = createServer((asked, answer) => {
  if (asked.method === 'GET') {
    const bytes = Number(asked.url?.slice(1))
    answer.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes })
    pour(answer, bytes)
    return
  }
  void count(asked).then((bytes) => answer.end(String(bytes)))
})

// One body after the other through a proxy, from an API that is here as well.
serve(async ({ port, path = '', headers = {}, bytes = 0, way }: StreamJob) => {
  if (!api.listening) await new Promise<void>((done) => api.listen(0, '127.0.0.1', done))
  const apiPort = (api.address() as AddressInfo).port
  if (port === undefined) return { apiPort, bytes: 0, elapsedMs: 0 } satisfies StreamOutcome
  const beganAt = performance.now()
  const came = way === 'down' ? await download() : await upload()
  return { apiPort, bytes: came, elapsedMs: performance.now() - beganAt } satisfies StreamOutcome

  function download(): Promise<number> {
    return new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: `${path}/${bytes}`, headers }, (answer) => {
        count(answer).then(resolve, reject)
      })
        .on('error', reject)
        .end()
    })
  }

  function upload(): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: '127.0.0.1',
          port,
          path: `${path}/sink`,
          method: 'POST',
          headers: {
            ...headers,
            'content-type': 'application/octet-stream',
            'content-length': bytes,
          },
        },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8').on('data', (more: string) => (text += more))
          answer.on('end', () => resolve(Number(text)))
        },
      ).on('error', reject)
      pour(sent, bytes)
    })
  }
})

/** Writes so many bytes as fast as they are taken. */
function pour(sink: NodeJS.WritableStream, bytes: number): void {
  let left = bytes
  const write = (): void => {
    while (left > 0) {
      const next = left < piece.length ? piece.subarray(0, left) : piece
      left -= next.length
      if (!sink.write(next) && left > 0) {
        sink.once('drain', write)
        return
      }
    }
    sink.end()
  }
  write()
}

async function count(source: IncomingMessage): Promise<number> {
  let bytes = 0
  for await (const more of source) bytes += (more as Buffer).length
  return bytes
}
