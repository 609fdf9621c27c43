import type { IdentityEvent, IdentityRefusal } from '../identity/index.ts'
import { maskOwnSecrets, type Clock, type Emit } from '../kernel/index.ts'

/** A refusal as operators see it: nothing of the token but its fingerprint and names in it. */
export interface RefusalRecord {
  readonly at: number
  readonly refusal: IdentityRefusal
  readonly requestId: string | undefined
}

/** Refusals of bearer tokens: the newest for operators, some of them as events. */
export interface IssuerRefusals {
  add(refusal: IdentityRefusal, requestId: string | undefined): void
  /** The newest first. */
  newest(filter?: { readonly issuer?: string }): readonly RefusalRecord[]
}

const kept = 100
/** Events in a second; the rest is counted. */
const mostEvents = 10

/** Makes the memory of one process. */
export function createIssuerRefusals(
  clock: Pick<Clock, 'now' | 'monotonic'>,
  emit: Emit<IdentityEvent>,
): IssuerRefusals {
  const ring: RefusalRecord[] = []
  let second = { startedAt: Number.NEGATIVE_INFINITY, events: 0 }
  let unreported = 0
  return {
    add: (told, requestId) => {
      const refusal = { ...told, seen: maskSeen(told.seen) }
      const at = clock.now()
      ring.push({ at, refusal, requestId })
      if (ring.length > kept) ring.shift()
      const now = clock.monotonic()
      if (now >= second.startedAt + 1_000) second = { startedAt: now, events: 0 }
      if (second.events >= mostEvents) {
        unreported++
        return
      }
      second.events++
      const { issuer, stage, code, expected, seen, fingerprint, keyId, tokenId } = refusal
      emit({
        type: 'identity.refused',
        at,
        stage,
        code,
        expected,
        seen,
        fingerprint,
        unreported,
        ...(issuer === undefined ? {} : { issuer }),
        ...(keyId === undefined ? {} : { keyId }),
        ...(tokenId === undefined ? {} : { tokenId }),
        ...(requestId === undefined ? {} : { requestId }),
      })
      unreported = 0
    },
    newest: ({ issuer } = {}) =>
      ring.filter(({ refusal }) => issuer === undefined || refusal.issuer === issuer).toReversed(),
  }
}

/** Whatever looks like an address of a person, or like one of our secrets, is masked. */
function maskSeen(seen: string): string {
  return maskOwnSecrets(seen).replaceAll(/[^\s"'@,]+@(?=[\w.-]+)/g, '…@')
}
