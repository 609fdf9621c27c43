import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Facade, FacadeAnswer, FacadeRequest } from '../gateway/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { renderFacadePage } from './facade-page.ts'
import { pageHeaders } from './page.ts'
import type { ServicePart } from './service.ts'

interface Addressed {
  readonly Params: { readonly connection: string }
}

/** Most bytes of a form; a request of the code flow has a few hundred. */
const formLimit = 16_384

/** The façade below `/oauth/{connection}/`; its endpoints authenticate their clients themselves. */
export function facadeRoutes(facade: Facade): ServicePart {
  return async (app) => {
    await app.register(async (scope) => {
      // Whatever the header says: endpoints of OAuth take forms alone, and read nothing else.
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser(
        '*',
        { parseAs: 'string', bodyLimit: formLimit },
        async (_request: FastifyRequest, body: string | Buffer) => body.toString(),
      )
      addMetadata(scope, facade)
      addEndpoints(scope, facade)
    })
  }
}

function addEndpoints(app: FastifyInstance, facade: Facade): void {
  const quiet = { exposeHeadRoute: false }
  app.get<Addressed>('/oauth/:connection/authorize', quiet, async (request, reply) => {
    const outcome = await facade.authorize(readRequest(request))
    reply.header('evergrant-trace', outcome.traceId)
    if (outcome.kind === 'page') {
      return reply
        .code(outcome.error.definition.status)
        .headers(pageHeaders())
        .send(renderFacadePage(outcome.error, outcome.traceId))
    }
    return reply
      .code(302)
      .headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
      .header('location', outcome.location)
      .send()
  })
  for (const endpoint of ['token', 'revoke'] as const) {
    app.post<Addressed>(`/oauth/:connection/${endpoint}`, async (request, reply) =>
      send(reply, await facade[endpoint](readRequest(request))),
    )
  }
  app.route<Addressed>({
    method: ['GET', 'POST'],
    url: '/oauth/:connection/userinfo',
    ...quiet,
    handler: async (request, reply) => send(reply, await facade.userinfo(readRequest(request))),
  })
}

function addMetadata(app: FastifyInstance, facade: Facade): void {
  const documents = ['oauth-authorization-server', 'openid-configuration']
  for (const document of documents) {
    for (const path of [
      `/.well-known/${document}/oauth/:connection`,
      `/oauth/:connection/.well-known/${document}`,
    ]) {
      app.get<Addressed>(path, async (request, reply) => {
        const { connection } = request.params
        const metadata = await facade.metadata(connection)
        if (metadata === undefined) {
          throw new EvergrantError('route_unknown', 'no façade client is registered there')
        }
        return reply.header('cache-control', 'public, max-age=300').send(metadata)
      })
    }
  }
}

function readRequest(request: FastifyRequest<Addressed>): FacadeRequest {
  const { authorization } = request.headers
  const { url = '' } = request.raw
  const cut = url.indexOf('?')
  return {
    connection: request.params.connection,
    method: request.method,
    requestId: request.id,
    ...(authorization === undefined ? {} : { authorization }),
    ...(cut === -1 ? {} : { query: url.slice(cut + 1) }),
    ...(typeof request.body === 'string' ? { body: request.body } : {}),
  }
}

async function send(reply: FastifyReply, answer: FacadeAnswer): Promise<FastifyReply> {
  const { body, headers, status, traceId } = answer
  reply.code(status).headers({
    'cache-control': 'no-store',
    pragma: 'no-cache',
    'evergrant-trace': traceId,
    ...headers,
  })
  return body === undefined ? reply.send() : reply.send(body)
}
