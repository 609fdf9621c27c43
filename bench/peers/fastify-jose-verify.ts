import fastify from 'fastify'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { serve } from '../serve.ts'
import type { VerifyOrder, VerifyReport } from './verify-side.ts'

// What one writes oneself: Fastify, jose, the key in memory; no directory, no log.
serve(async ({ issuer, audience, jwk }: VerifyOrder): Promise<VerifyReport> => {
  const keys = createLocalJWKSet({ keys: [{ ...jwk, kty: String(jwk.kty) }] })
  const app = fastify()
  app.get('/verify', async (request, reply) => {
    const [, token = ''] = request.headers.authorization?.split(' ') ?? []
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience })
      return await reply.header('x-user', payload.sub ?? '').send()
    } catch {
      return reply.code(401).send()
    }
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: Number(new URL(url).port), path: '/verify' }
})
