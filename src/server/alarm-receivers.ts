import { createHash } from 'node:crypto'
import type { SecureContext } from 'node:tls'
import { request } from 'undici'
import { createMailbox, createWebhook, type PostWebhook, type Receiver } from '../alarms/index.ts'
import { isLoopback, type AlarmTargetConfig } from '../config/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import type { Composition } from './compose.ts'

/** For a webhook to answer, from the first byte to the last (ms). */
const answerMs = 10_000

/** Makes who is told of alarms, as configured now. Nothing is opened yet. */
export function openReceivers(
  composition: Pick<Composition, 'config' | 'secrets' | 'clock' | 'pool'>,
  secureContext: SecureContext | undefined,
): readonly Receiver[] {
  return composition.config.alarms.to.map((target, index) =>
    openReceiver(composition, target, { path: `alarms.to[${index}]`, secureContext }),
  )
}

function openReceiver(
  composition: Pick<Composition, 'secrets' | 'clock' | 'pool'>,
  target: AlarmTargetConfig,
  {
    path,
    secureContext,
  }: { readonly path: string; readonly secureContext: SecureContext | undefined },
): Receiver {
  const { secrets, clock } = composition
  if (target.type === 'smtp') {
    const { host, port, user, password, from, to, tls } = target
    return createMailbox({
      key: keyOf(['smtp', host, port, from, to]),
      label: `mail to ${to.join(', ')}`,
      host,
      port,
      user,
      password:
        password === undefined
          ? undefined
          : async () => await secrets.read(password, `${path}.smtp.password`),
      from,
      to,
      tls,
      secureContext,
    })
  }
  const { url, secret, format, allowPrivate } = target
  return createWebhook({
    key: keyOf(['webhook', url, format]),
    label: `${format} webhook${typeof url === 'string' ? ` at ${new URL(url).host}` : ''} (${path})`,
    format,
    url: async () => {
      if (typeof url === 'string') return url
      return requireAddress((await secrets.read(url, `${path}.webhook`)).reveal(), path)
    },
    secret:
      secret === undefined ? undefined : async () => await secrets.read(secret, `${path}.secret`),
    post: postOver(composition, allowPrivate),
    clock,
  })
}

/** @throws EvergrantError `config_invalid`, without the address in it */
function requireAddress(text: string, path: string): string {
  const url = URL.parse(text.trim())
  if (url !== null && url.username + url.password === '') {
    if (url.protocol === 'https:') return url.href
    if (url.protocol === 'http:' && isLoopback(url.hostname)) return url.href
  }
  throw new EvergrantError(
    'config_invalid',
    `"${path}.webhook": expected an https URL where it refers to, but saw something else`,
  )
}

/**
 * Posts over the way out with its proxy; names that lead to private addresses are refused unless
 * they may. Redirects are answers like any other.
 */
function postOver(
  { pool, clock }: Pick<Composition, 'pool' | 'clock'>,
  allowPrivate: boolean,
): PostWebhook {
  return async (url, { headers, body }, signal) => {
    const { hostname } = new URL(url)
    const way = pool({
      url,
      allowPrivate: allowPrivate || isLoopback(hostname),
      http2: false,
      timeouts: { connectMs: answerMs },
    })
    const deadline = new AbortController()
    const cancel = clock.schedule(answerMs, () =>
      deadline.abort(new Error(`it did not answer within ${answerMs / 1_000} s`)),
    )
    try {
      const answer = await request(url, {
        dispatcher: way.dispatcher,
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.any([signal, deadline.signal]),
      })
      // What it says is nobody's business; how it answered is.
      await answer.body.dump({ limit: 65_536 }).catch(() => {})
      const retryAfter = answer.headers['retry-after']
      return {
        status: answer.statusCode,
        ...(typeof retryAfter === 'string' ? { retryAfter } : {}),
      }
    } finally {
      cancel()
      await way.close()
    }
  }
}

/** Names a receiver by what it is, so that its messages find it whatever its place in the file. */
function keyOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24)
}
