import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as the server saw it. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
}

/** Answers one request by hand. */
export type Script = (request: SeenRequest, response: ServerResponse) => void

/** A real HTTP server on loopback whose answers a test dictates. */
export interface ScriptedServer extends AsyncDisposable {
  readonly url: string
  readonly requests: readonly SeenRequest[]
  /** Replaces the script from the next request on. */
  answer(script: Script): void
}

/** Starts a scripted server on a free port. */
export async function startScriptedServer(first: Script): Promise<ScriptedServer> {
  let script = first
  const requests: SeenRequest[] = []
  const server = createServer((incoming, response) => {
    let body = ''
    incoming.setEncoding('utf8')
    incoming.on('data', (chunk: string) => (body += chunk))
    incoming.on('end', () => {
      const seen = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        headers: incoming.headers,
        form: new URLSearchParams(body),
      }
      requests.push(seen)
      script(seen, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    answer: (next) => {
      script = next
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Answers with JSON. */
export function json(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Script {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
    response.end(JSON.stringify(body))
  }
}

/** Answers with text of some type. */
export function text(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = { 'content-type': 'text/plain' },
): Script {
  return (_request, response) => {
    response.writeHead(status, headers)
    response.end(body)
  }
}

/** Entra's error body for one AADSTS number. */
export function entraError(
  status: number,
  error: string,
  code: number,
  more: Readonly<Record<string, unknown>> = {},
): Script {
  return json(status, {
    error,
    error_description: `AADSTS${code}: Something about ${code}.\r\nTrace ID: 11111111-0000-0000-0000-000000000000\r\nCorrelation ID: 22222222-0000-0000-0000-000000000000\r\nTimestamp: 2026-01-01 00:00:00Z`,
    error_codes: [code],
    timestamp: '2026-01-01 00:00:00Z',
    trace_id: '11111111-0000-0000-0000-000000000000',
    correlation_id: '22222222-0000-0000-0000-000000000000',
    ...more,
  })
}
