import type { FastifyInstance } from 'fastify'
import { isEvergrantError } from '../kernel/index.ts'
import type { Composition } from './compose.ts'

/** One thing that has to be so for a node to be sent calls. */
interface Readiness {
  readonly name: string
  readonly isReady: boolean
  readonly detail?: string
}

/** Longest that the store may take to answer before a node counts as not ready (ms). */
const storeDeadlineMs = 2_000

/**
 * Adds `/healthz`, which says that the process answers, and `/readyz`, which says whether calls
 * should be sent to it (200 or 503): its store answers and it is not shutting down. Public: they
 * tell nothing of connections or callers.
 */
export function addHealthRoutes(
  app: FastifyInstance,
  composition: Pick<Composition, 'store' | 'clock'>,
  isDraining: () => boolean,
): void {
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const checks = [
      {
        name: 'accepting',
        isReady: !isDraining(),
        ...(isDraining() ? { detail: 'this node is shutting down' } : {}),
      },
      await storeReadiness(composition),
    ]
    const isReady = checks.every((check) => check.isReady)
    return reply
      .code(isReady ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({
        status: isReady ? 'ready' : 'not_ready',
        checks: Object.fromEntries(
          checks.map(({ name, isReady: isFine, detail }) => [
            name,
            { status: isFine ? 'ok' : 'failed', ...(detail === undefined ? {} : { detail }) },
          ]),
        ),
      })
  })
}

async function storeReadiness({
  store,
  clock,
}: Pick<Composition, 'store' | 'clock'>): Promise<Readiness> {
  const { promise: tooLate, resolve } = Promise.withResolvers<'late'>()
  const cancel = clock.schedule(storeDeadlineMs, () => resolve('late'))
  try {
    const outcome = await Promise.race([store.readGenerations(), tooLate])
    if (outcome !== 'late') return { name: 'store', isReady: true }
    return { name: 'store', isReady: false, detail: 'the store does not answer' }
  } catch (error) {
    if (!isEvergrantError(error)) throw error
    return { name: 'store', isReady: false, detail: error.definition.title }
  } finally {
    cancel()
  }
}
