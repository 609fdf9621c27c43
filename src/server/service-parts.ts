import type { FastifyInstance } from 'fastify'
import type { CallerDirectory } from '../access/index.ts'
import { maskOwnSecrets } from '../kernel/index.ts'
import type { VerifyAnswer } from './auth-verify.ts'
import { knownCallerOf, callerCheck } from './caller-check.ts'
import type { ServiceLog } from './service-log.ts'
import type { ServiceMetrics } from './service-metrics.ts'
import type { ServicePart } from './service.ts'

/** Health checks come every few seconds and say nothing when they are fine. */
const quietRoutes: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics'])

/** Tells log and metrics of every request to the service’s own addresses. */
export function observeRequests(log: ServiceLog, metrics: ServiceMetrics): ServicePart {
  return (app) => {
    app.addHook('onRequest', async (request, reply) => {
      reply.header('evergrant-request-id', request.id)
    })
    app.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'unknown'
      const { method, id: requestId } = request
      const { statusCode: status, elapsedTime: durationMs } = reply
      metrics.request(route, method, status, durationMs)
      if (quietRoutes.has(route) && status < 400) return
      const traceId = reply.getHeader('evergrant-trace')
      const caller = knownCallerOf(request)
      log.request({
        requestId,
        method,
        path: maskOwnSecrets(readPath(request.url)),
        status,
        durationMs: Math.round(durationMs * 10) / 10,
        ...(typeof traceId === 'string' ? { traceId } : {}),
        ...(caller === undefined ? {} : { callerId: caller.id }),
      })
    })
  }
}

/**
 * The path as it is routed, so that no spelling hides a token of ours: `%65gl_` is `egl_` as well.
 * What is no UTF-8 has no route either, and keeps nothing but its beginning.
 */
function readPath(url: string): string {
  const path = url.split('?', 1)[0] ?? ''
  if (!path.includes('%')) return path
  try {
    return readPath(decodeURIComponent(path))
  } catch {
    return `${path.slice(0, path.indexOf('%'))}…`
  }
}

/**
 * Makes what tells log and metrics of answers to proxies. Those that let a request pass are counted
 * alone: the proxy has a log of its own.
 */
export function tellAnswers(
  log: ServiceLog,
  metrics: ServiceMetrics,
): (answer: VerifyAnswer) => void {
  return ({ method, status, durationMs, requestId = '', code, caller }) => {
    metrics.request('/auth/verify', method, status, durationMs)
    if (status < 400) return
    log.request({
      requestId,
      method,
      path: '/auth/verify',
      status,
      durationMs: Math.round(durationMs * 10) / 10,
      ...(caller === undefined ? {} : { callerId: caller.id }),
      ...(code === undefined ? {} : { code }),
    })
  }
}

/** Adds `/metrics` in Prometheus’ form, for callers with the role viewer. */
export function metricsRoute(metrics: ServiceMetrics, directory: CallerDirectory): ServicePart {
  return (app: FastifyInstance) => {
    const preHandler = callerCheck(directory, 'connections.read')
    app.get('/metrics', { preHandler }, async (_request, reply) =>
      reply.header('content-type', metrics.contentType).send(await metrics.text()),
    )
  }
}
