import { createHash } from 'node:crypto'
import { EvergrantError, err, ok, Secret, type Result } from '../kernel/index.ts'
import { readAuthorizationError, type AuthorizationError } from '../oauth/index.ts'

/** What a sign-in led to, as somebody pasted it. */
export interface Pasted {
  /** SHA-256 of `state`, hex; absent for a code alone. */
  readonly stateHash?: string
  /** RFC 9207: who says it answered. */
  readonly issuer?: string
  readonly outcome:
    | { readonly kind: 'code'; readonly code: Secret }
    | { readonly kind: 'error'; readonly error: AuthorizationError }
}

/** JSON, an address that was encoded as a whole, a key of ours: a sign-in is not spent on them. */
const noCode = /^(?:[{[]|https?%3a|eg[kfs]_)/i
/** Longest text that is looked at. */
const longest = 16_384

/**
 * Reads the address a sign-in led to, its query alone, or the bare code; line breaks and `&amp;`
 * that mail put in, and blanks or the end of a sentence around it, do not matter. A whole address
 * must name its sign-in by its state: a browser can be led to one by anybody.
 *
 * @returns `consent_unreadable`, which repeats nothing of the text
 */
export function readPasted(text: string): Result<Pasted, EvergrantError> {
  if (text.length > longest) return unreadable(`it has more than ${longest} characters`)
  const pasted = text
    .replaceAll(/[\r\n\t]+/g, '')
    .replaceAll('&amp;', '&')
    .trim()
    .replaceAll(/^[<"'`“‘]+|[>"'`”’]+$/g, '')
  if (pasted === '') return unreadable('there is nothing')
  if (/\s/.test(pasted)) return unreadable('it consists of several words')
  const parameters = parametersOf(pasted)
  if (parameters === undefined) {
    if (noCode.test(pasted)) return unreadable('it is neither a code nor an address that is whole')
    if (/^[\u0021-\u007e]+$/.test(pasted)) {
      return ok({ outcome: { kind: 'code', code: new Secret(pasted) } })
    }
    return unreadable('it holds characters that no code has')
  }
  for (const name of ['code', 'state', 'error', 'iss']) {
    if (parameters.getAll(name).length > 1) return unreadable(`it names "${name}" twice`)
  }
  // Ours end in none of these; sentences do.
  const state = (parameters.get('state') ?? '').replace(/[.,;:!?)\]]+$/, '')
  const issuer = parameters.get('iss') ?? ''
  const about = {
    ...(state === '' ? {} : { stateHash: hashState(state) }),
    ...(issuer === '' ? {} : { issuer }),
  }
  const error = readAuthorizationError(parameters)
  const isNameless = state === '' && isAddress(pasted)
  if (isNameless && (error !== undefined || parameters.has('code'))) {
    return unreadable('it has no "state", so that nobody knows of which sign-in it is')
  }
  if (error !== undefined) return ok({ ...about, outcome: { kind: 'error', error } })
  const code = parameters.get('code') ?? ''
  if (code === '') return unreadable('it has neither "code" nor "error"')
  return ok({ ...about, outcome: { kind: 'code', code: new Secret(code) } })
}

/** What is kept of a `state`. */
export function hashState(state: string): string {
  return createHash('sha256').update(state).digest('hex')
}

/** The parameters of an address or query; undefined for anything else. */
function parametersOf(text: string): URLSearchParams | undefined {
  if (isAddress(text)) {
    if (!URL.canParse(text)) return new URLSearchParams()
    const { search, hash } = new URL(text)
    return new URLSearchParams(search === '' ? hash.slice(1) : search)
  }
  return /^[?#&]|(?:^|&)(?:code|state|error|session_state)=/.test(text)
    ? new URLSearchParams(text.replace(/^[?#&]+/, ''))
    : undefined
}

function isAddress(text: string): boolean {
  return /^https?:\/\//i.test(text)
}

function unreadable(why: string): { readonly ok: false; readonly error: EvergrantError } {
  return err(new EvergrantError('consent_unreadable', why))
}
