import type { FastifyReply, FastifyRequest } from 'fastify'
import { EvergrantError, systemRandom, type RandomBytes } from '../kernel/index.ts'
import { readConsoleFiles, type ConsoleFile } from './console-files.ts'
import type { ServicePart } from './service.ts'

/** What the page may load, run and call: only what it brings itself. */
function policyOf(nonce: string): string {
  return [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self' 'nonce-${nonce}'`,
    // Values that scripts set one by one: positions of menus, widths of bars.
    `style-src-attr 'none'`,
    `img-src 'self' data:`,
    `font-src 'self'`,
    `connect-src 'self'`,
    `form-action 'self'`,
    `base-uri 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ')
}

const everywhere: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** Where the nonce stands in the page. */
const placeOfNonce = '%EVERGRANT_NONCE%'

/**
 * Serves the console below `/console/`. It is the same for everybody and holds no data: what it
 * shows it asks the API for, which asks who is there.
 */
export function consoleRoutes(random: RandomBytes = systemRandom): ServicePart {
  return async (app) => {
    const built = await readConsoleFiles()
    const sendPage = (reply: FastifyReply): FastifyReply => {
      if (built === undefined) {
        throw new EvergrantError('console_missing', 'there is no built console beside this program')
      }
      const nonce = Buffer.from(random(16)).toString('base64url')
      return reply
        .headers({
          ...everywhere,
          'content-type': 'text/html; charset=utf-8',
          'cache-control': 'no-store',
          'content-security-policy': policyOf(nonce),
        })
        .send(built.page.replace(placeOfNonce, nonce))
    }
    app.get('/console', async (_request, reply) => reply.redirect('/console/', 308))
    app.get('/console/*', async (request: FastifyRequest<{ Params: { '*': string } }>, reply) => {
      const name = request.params['*']
      const file = built?.files.get(name)
      if (file !== undefined) return sendFile(file, request, reply)
      if (name.startsWith('assets/')) {
        throw new EvergrantError('route_unknown', 'the console has no such file any more')
      }
      // Every other address is a page of the console, which tells of those that there are not.
      return sendPage(reply)
    })
  }
}

function sendFile(
  { type, etag, bytes, compressed, isImmutable }: ConsoleFile,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  reply.headers({
    ...everywhere,
    'content-type': type,
    'cache-control': isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag,
    vary: 'accept-encoding',
  })
  if (request.headers['if-none-match'] === etag) return reply.code(304).send()
  if (compressed !== undefined && acceptsGzip(request.headers['accept-encoding'])) {
    return reply.header('content-encoding', 'gzip').send(compressed)
  }
  return reply.send(bytes)
}

function acceptsGzip(asked: string | readonly string[] | undefined): boolean {
  return /(?:^|[\s,])gzip(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/i.test(String(asked ?? ''))
}
