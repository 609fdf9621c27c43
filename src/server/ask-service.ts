import { readFile } from 'node:fs/promises'
import {
  createSecretReader,
  isLoopback,
  type Config,
  type SecretReference,
} from '../config/index.ts'
import { EvergrantError, isErrorCode, systemClock } from '../kernel/index.ts'
import { describeTransportError } from '../oauth/index.ts'
import { openOutbound } from './open-outbound.ts'

/** Whom to ask, and as whom. */
export interface ServiceQuestion {
  readonly config: Config
  readonly env: Readonly<Record<string, string | undefined>>
  /** The service's address, without the operation's path. */
  readonly url: string
  /** Where the caller key is read. */
  readonly key: SecretReference
  /** What asks for the key, for messages. */
  readonly keyAskedBy: string
}

/** Longest that a service may take to answer (ms). */
const deadlineMs = 30_000

/**
 * Calls an operation of a running service, trusting what `network.ca` names, and returns what it
 * answered with 2xx. The key goes over TLS or to this machine only, and never after a redirect.
 *
 * @throws EvergrantError what the service answered; `service_not_running` when nobody answers, or
 *   something else does; `usage`, `secret_unavailable`, `config_invalid`
 */
export async function askService(
  path: string,
  question: ServiceQuestion,
  method: 'GET' | 'POST' = 'POST',
): Promise<string> {
  const { config, env, key, keyAskedBy } = question
  const url = serviceUrl(question.url, path)
  const secrets = createSecretReader({ env, readFile })
  const bearer = await secrets.read(key, keyAskedBy)
  const outbound = await openOutbound(config, { secrets, clock: systemClock, env, readFile })
  try {
    const answer = await outbound.fetch(url, {
      method,
      headers: { 'evergrant-key': bearer.reveal() },
      redirect: 'manual',
      signal: AbortSignal.timeout(deadlineMs),
    })
    const text = await answer.text()
    if (!answer.ok) throw refusalOf(url, answer.status, text)
    return text
  } catch (error) {
    if (error instanceof EvergrantError) throw error
    const { detail } = describeTransportError(error, url).error
    throw new EvergrantError('service_not_running', detail, { cause: error })
  } finally {
    await outbound.close()
  }
}

/** @throws EvergrantError `usage` */
function serviceUrl(base: string, path: string): URL {
  const url = URL.parse(base)
  const isFine =
    url !== null &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) &&
    url.username + url.password + url.search + url.hash === ''
  if (isFine) return new URL(`${url.origin}${url.pathname.replace(/\/+$/, '')}${path}`)
  throw new EvergrantError(
    'usage',
    '--url: expected an https address of the service (http on this machine only), without user name, query or fragment',
  )
}

/** The problem that a service answered with; whatever answers otherwise is no Evergrant. */
function refusalOf(url: URL, status: number, text: string): EvergrantError {
  try {
    const { code, detail, remedy } = JSON.parse(text) as Record<string, unknown>
    if (typeof code === 'string' && isErrorCode(code) && typeof detail === 'string') {
      return new EvergrantError(code, detail, typeof remedy === 'string' ? { remedy } : {})
    }
  } catch {
    // No JSON: somebody else's answer.
  }
  return new EvergrantError(
    'service_not_running',
    `${url.host} answered ${status}, but not as Evergrant does`,
  )
}
