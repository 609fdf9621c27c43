import { err, type Result } from '../kernel/index.ts'
import { isLoopback } from './endpoint-url.ts'
import { readKeySet, type KeySet } from './key-set.ts'
import { underDeadline, type Transport } from './transport.ts'
import { readAnswer } from './wire-answer.ts'
import { readRetryAfter } from './retry-after.ts'

/** How long an issuer may take to answer with its keys (ms). */
const deadlineMs = 5_000

/** Why no keys came. */
export interface KeyFailure {
  /** What was wrong, naming the host; nothing of what it answered. */
  readonly detail: string
  /** How long the host asked to be left alone. */
  readonly retryAfterMs?: number
}

/**
 * Fetches the keys of an issuer. Only a whole document with at least one key that verifies counts:
 * anything else leaves what is known as it is. Redirects are not followed.
 */
export async function fetchKeySet(
  transport: Transport,
  url: URL,
): Promise<Result<KeySet, KeyFailure>> {
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url))) {
    return err({ detail: `${url.host}: keys are fetched over https alone` })
  }
  const outcome = await underDeadline(
    transport,
    url,
    async (send, signal) => {
      const response = await send(url, {
        headers: { accept: 'application/jwk-set+json, application/json' },
        redirect: 'manual',
        signal,
      })
      return readAnswer(response, signal)
    },
    deadlineMs,
  )
  if ('failed' in outcome) return err({ detail: outcome.failed.error.detail })
  const { status, headers, json, isCut } = outcome.done
  if (status !== 200) {
    const retryAfterMs = readRetryAfter(headers, transport.clock.now())
    return err({
      detail: `${url.host} answered ${status} instead of its keys`,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    })
  }
  if (isCut) return err({ detail: `${url.host} answered with more than 1 MiB` })
  const keys = readKeySet(json)
  if (!keys.ok) return err({ detail: `${url.host} answered no JWK Set: ${keys.error}` })
  if (keys.value.keys.length === 0) {
    const [first] = keys.value.skipped
    const because = first === undefined ? 'it lists none' : `of the first: ${first.because}`
    return err({ detail: `${url.host} publishes no key that verifies; ${because}` })
  }
  return keys
}
