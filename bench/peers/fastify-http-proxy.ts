import type { AddressInfo } from 'node:net'
import httpProxy from '@fastify/http-proxy'
import fastify from 'fastify'
import { serve } from '../serve.ts'
import { proxySide } from './proxy-side.ts'

serve(
  proxySide(async ({ api }) => {
    const app = fastify()
    await app.register(httpProxy, {
      upstream: api,
      undici: { connections: 128, pipelining: 1 },
      replyOptions: {
        rewriteRequestHeaders: (_request, headers) => ({ ...headers, authorization: 'Bearer x' }),
      },
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return { port: (app.server.address() as AddressInfo).port, headers: {}, prefix: '' }
  }),
)
