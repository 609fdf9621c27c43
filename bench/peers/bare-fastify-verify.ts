import fastify from 'fastify'
import { serve } from '../serve.ts'
import type { VerifyReport } from './verify-side.ts'

// No peer but a floor: Fastify alone, which lets everybody pass.
serve(async (): Promise<VerifyReport> => {
  const app = fastify()
  app.get('/verify', (_, reply) => reply.send())
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return { port: Number(new URL(url).port), path: '/verify' }
})
