import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Pool } from 'undici'
import { serve } from '../serve.ts'
import { proxySide } from './proxy-side.ts'

// The least a proxy in Node.js can do: a pool of connections, headers and body passed on.
serve(
  proxySide(async ({ api }) => {
    const pool = new Pool(api, { connections: 128, pipelining: 1 })
    const server = createServer((request, response) => {
      pool
        .stream(
          {
            path: request.url ?? '/',
            method: request.method ?? 'GET',
            headers: { ...request.headers, connection: undefined, authorization: 'Bearer x' },
            body: request.method === 'GET' ? null : request,
          },
          ({ statusCode, headers }) => {
            response.writeHead(statusCode, headers)
            return response
          },
        )
        .catch(() => response.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { port: (server.address() as AddressInfo).port, headers: {}, prefix: '' }
  }),
)
