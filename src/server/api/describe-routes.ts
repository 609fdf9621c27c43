import { hash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { renderApiPage, apiPageStyle } from './api-page.ts'
import { describeApi } from './openapi.ts'
import { apiOperations } from './operations.ts'

/**
 * Adds the document of the API and its readable page; public, as they tell nothing of this
 * installation.
 */
export function describeRoutes(app: FastifyInstance): void {
  const document = describeApi(apiOperations)
  const json = JSON.stringify(document)
  const page = renderApiPage(document)
  const headers = { 'cache-control': 'public, max-age=300', 'x-content-type-options': 'nosniff' }
  const policy =
    `default-src 'none'; style-src 'sha256-${hash('sha256', apiPageStyle, 'base64')}'; ` +
    `form-action 'none'; base-uri 'none'; frame-ancestors 'none'`
  app.get('/api/openapi.json', async (_request, reply) =>
    reply.headers({ ...headers, 'content-type': 'application/json; charset=utf-8' }).send(json),
  )
  app.get('/api/docs', async (_request, reply) =>
    reply
      .headers({
        ...headers,
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': policy,
        'referrer-policy': 'no-referrer',
      })
      .send(page),
  )
}
