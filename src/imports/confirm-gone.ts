import { collections, type CollectionName } from '../directory/index.ts'
import { isEvergrantError, type EvergrantError } from '../kernel/index.ts'
import { atOnce, piecesOf } from './at-once.ts'
import { sameId, type LookUpIds } from './look-up-ids.ts'
import type { RunOptions } from './ports.ts'
import { createPageScanner, type ScannedPage } from './scan-page.ts'
import { send, type SendDependencies } from './send.ts'

/** Graph takes so many ids in one question. */
const idsPerQuestion = 1_000
const questionsAtOnce = 4

/** What became of ids that seemed to be gone. */
export interface Confirmation {
  readonly gone: readonly string[]
  /** Those that Graph still knows, read anew. */
  readonly found: ScannedPage
  /**
   * Those that Graph says are there, but does not list: neither gone nor to be had. Of a filtered
   * run these are the ones beyond its filter.
   */
  readonly unlisted: readonly string[]
}

/** Asks Graph itself about ids before anything is marked as deleted. */
export type ConfirmGone = (ids: readonly string[]) => Promise<Confirmation>

/**
 * Makes the check of a run's collection: `directoryObjects/getByIds`, a thousand ids at a time;
 * where that is refused (another permission is enough to list users, but not for this), the
 * collection is asked for each id. Ids that are there after all are read anew.
 *
 * @param lookUp Reads what is there.
 * @param lookUpAny The same without the run's filter, if it has one: who is beyond it is not gone.
 */
export function createGoneCheck(
  deps: SendDependencies,
  options: RunOptions,
  collection: CollectionName,
  lookUp: LookUpIds,
  lookUpAny?: LookUpIds,
): ConfirmGone {
  const scan = createPageScanner(['id'], undefined)
  const url = `${options.graphUrl}/directoryObjects/getByIds?$select=id`
  const { kind, objectType = kind } = collections[collection]
  let isRefused = false

  /** Those of the ids that are there; undefined where Graph does not answer such a question whole. */
  async function ask(ids: readonly string[]): Promise<readonly string[] | undefined> {
    if (isRefused) return undefined
    const question = JSON.stringify({ ids, types: [objectType] })
    try {
      const place = { collection, page: 0 }
      const sent = await send(deps, url, {}, place, ({ body }) => scan(body), question)
      if (sent.kind !== 'answer') throw sent.error
      // Of a part of an answer, what it does not name may be there all the same.
      return sent.value.nextLink === undefined ? sent.value.rows.ids : undefined
    } catch (error) {
      if (!isEvergrantError(error) || !isAboutQuestion(error)) throw error
      if (!isRefused) note(error)
      isRefused = true
      return undefined
    }
  }

  /** The same by the collection, where it takes more than the look-up that follows in any case. */
  async function askBeyondFilter(ids: readonly string[]): Promise<readonly string[] | undefined> {
    return lookUpAny === undefined ? undefined : (await lookUpAny(ids)).page.rows.ids
  }

  function note({ detail }: EvergrantError): void {
    deps.journal.note({ type: 'bulk_check_refused', collection, detail }, 'warn')
  }

  return async (ids) => {
    const answers = await atOnce(questionsAtOnce, piecesOf(ids, idsPerQuestion), async (some) => ({
      some,
      there: (await ask(some)) ?? (await askBeyondFilter(some)),
    }))
    const unasked = answers.flatMap(({ some, there }) => (there === undefined ? some : []))
    const there = new Set(answers.flatMap((answer) => (answer.there ?? []).map(sameId)))
    const asked = answers.flatMap((answer) => (answer.there === undefined ? [] : answer.some))
    const { page, missing } = await lookUp([
      ...unasked,
      ...asked.filter((id) => there.has(sameId(id))),
    ])
    const isThere = (id: string): boolean => there.has(sameId(id))
    return {
      gone: [...asked.filter((id) => !isThere(id)), ...missing.filter((id) => !isThere(id))],
      found: page,
      unlisted: missing.filter(isThere),
    }
  }
}

function isAboutQuestion({ code, upstream }: EvergrantError): boolean {
  const status = upstream?.status
  if (status === 404 || status === 405) return true
  return (
    code === 'graph_permission_missing' || (code === 'graph_request_rejected' && status === 400)
  )
}
