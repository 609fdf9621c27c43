import { collections, type CollectionName } from '../directory/index.ts'
import { err, EvergrantError, ok } from '../kernel/index.ts'
import { countUrl } from './page-url.ts'
import type { RunOptions } from './ports.ts'
import { send, type SendDependencies } from './send.ts'

/**
 * Asks Graph how many objects a collection holds; undefined when Graph refuses to say (some tenants
 * have no advanced queries), which the log then tells, and where Graph never says.
 */
export async function countCollection(
  deps: SendDependencies,
  options: RunOptions,
  collection: CollectionName,
  moment: 'before' | 'after',
): Promise<number | undefined> {
  const { journal } = deps
  if (collections[collection].isCounted === false) return undefined
  try {
    const count = await countRows(deps, countUrl(options, { collection }), collection)
    journal.note({ type: 'counted', collection, moment, count })
    return count
  } catch (error) {
    if (!(error instanceof EvergrantError) || !isAboutCounting(error)) throw error
    journal.note({ type: 'counted', collection, moment, count: null, detail: error.detail }, 'warn')
    return undefined
  }
}

/**
 * Asks Graph for a `$count`.
 *
 * @throws EvergrantError Graph's refusal, `isAboutCounting` or not; what `send` gives up on
 */
export async function countRows(
  deps: SendDependencies,
  url: string,
  collection: CollectionName,
): Promise<number> {
  const headers = { consistencylevel: 'eventual', accept: 'text/plain' }
  const place = { collection, page: 0 }
  const sent = await send(deps, url, headers, place, (answer) => {
    const text = answer.body
      .toString('utf8', 0, 64)
      .replace(/^\uFEFF/, '')
      .trim()
    return /^\d{1,15}$/.test(text)
      ? ok(Number(text))
      : err({ detail: 'expected a whole number from $count' })
  })
  if (sent.kind !== 'answer') throw sent.error
  return sent.value
}

/** Tells whether a refusal is about the question, so that one may go on without an answer. */
export function isAboutCounting(error: EvergrantError): boolean {
  return ['graph_request_rejected', 'graph_property_unsupported', 'graph_answer_invalid'].includes(
    error.code,
  )
}
