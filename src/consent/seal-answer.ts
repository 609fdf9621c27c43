import { EvergrantError, err, isEvergrantError, ok, Secret, type Result } from '../kernel/index.ts'
import type { CodePlace, CodeSealer } from './context.ts'
import type { ConsentSession } from './ports.ts'

const sealedPattern = /^egx_([\da-f-]{36})_([\w-]+)$/

/**
 * Seals what a sign-in led to, for somebody to hand on: only processes with our keys can open it,
 * and only for this session. What is shown to people is then of no use to anybody else.
 *
 * @param query The parameters that the provider sent.
 */
export function sealAnswer(
  query: URLSearchParams,
  { id }: ConsentSession,
  vault: CodeSealer,
): string {
  const kept = new URLSearchParams()
  for (const name of ['code', 'state', 'iss']) {
    const value = query.get(name)
    if (value !== null) kept.set(name, value)
  }
  const sealed = vault.seal(new Secret(kept.toString()), placeOf(id))
  return `egx_${id.slice(id.indexOf('_') + 1)}_${Buffer.from(sealed).toString('base64url')}`
}

/** Tells whether a text claims to be a sealed code. */
export function isSealedAnswer(text: string): boolean {
  return text.startsWith('egx_')
}

/** The parameters that were sealed. @returns `consent_unreadable` for anything that we did not */
export function unsealAnswer(text: string, vault: CodeSealer): Result<string, EvergrantError> {
  const [, uuid, sealed] = sealedPattern.exec(text) ?? []
  if (uuid === undefined || sealed === undefined) return unreadable('the sealed code is not whole')
  try {
    return ok(vault.open(Buffer.from(sealed, 'base64url'), placeOf(`cns_${uuid}`)).reveal())
  } catch (error) {
    if (!isEvergrantError(error)) throw error
    return unreadable('the sealed code was changed, or was not made here')
  }
}

function placeOf(sessionId: string): CodePlace {
  return { table: 'consent_sessions', column: 'shown_code', row: sessionId }
}

function unreadable(why: string): { readonly ok: false; readonly error: EvergrantError } {
  return err(new EvergrantError('consent_unreadable', why))
}
