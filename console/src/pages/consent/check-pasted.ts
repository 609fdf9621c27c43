import type { Texts } from '../../texts/index.ts'

/**
 * What can be told of a pasted text without sending it: undefined when it may be what is asked for.
 * Nothing is decided by it; the service reads it for itself.
 */
export function checkPasted(
  texts: Texts['consent'],
  pasted: string,
  begunUrl: string | undefined,
): string | undefined {
  const text = pasted.replaceAll(/[\r\n\t]+/g, '').trim()
  if (text === '') return texts.pastedEmpty
  if (!URL.canParse(text) || !/^https?:/i.test(text)) return undefined
  const { searchParams: query, hash } = new URL(text)
  const found = query.size > 0 ? query : new URLSearchParams(hash.slice(1))
  if (found.has('code_challenge') || found.has('response_type')) return texts.pastedOurs
  if (!found.has('code') && !found.has('error')) return texts.pastedNoCode
  const expected =
    begunUrl !== undefined && URL.canParse(begunUrl)
      ? new URL(begunUrl).searchParams.get('state')
      : null
  const state = found.get('state')
  if (expected !== null && state !== null && state !== expected) return texts.pastedForeign
  return undefined
}
