import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import httpProxy from 'http-proxy-3'
import { serve } from '../serve.ts'
import { proxySide } from './proxy-side.ts'

serve(
  proxySide(async ({ api }) => {
    // By default it opens a connection for every request; this is how it is meant to be used.
    const agent = new Agent({ keepAlive: true, maxSockets: 128 })
    const proxy = httpProxy.createProxyServer({
      target: api,
      agent,
      headers: { authorization: 'Bearer x' },
    })
    proxy.on('error', (_error: Error, _request: unknown, response: unknown) => {
      ;(response as { destroy(): void }).destroy()
    })
    const server = createServer((request, response) => proxy.web(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { port: (server.address() as AddressInfo).port, headers: {}, prefix: '' }
  }),
)
