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
    const headers = { consistencylevel: 'eventual', accept: 'text/plain' }
    const sent = await send(
      deps,
      countUrl(options, { collection }),
      headers,
      { collection, page: 0 },
      (answer) => {
        const text = answer.body
          .toString('utf8', 0, 64)
          .replace(/^\uFEFF/, '')
          .trim()
        return /^\d{1,15}$/.test(text)
          ? ok(Number(text))
          : err({ detail: 'expected a whole number from $count' })
      },
    )
    if (sent.kind !== 'answer') throw sent.error
    journal.note({ type: 'counted', collection, moment, count: sent.value })
    return sent.value
  } catch (error) {
    if (!(error instanceof EvergrantError) || !isAboutCounting(error)) throw error
    journal.note({ type: 'counted', collection, moment, count: null, detail: error.detail }, 'warn')
    return undefined
  }
}

function isAboutCounting(error: EvergrantError): boolean {
  return ['graph_request_rejected', 'graph_property_unsupported', 'graph_answer_invalid'].includes(
    error.code,
  )
}
