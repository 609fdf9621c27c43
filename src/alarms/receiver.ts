import { isEvergrantError, redact, type Clock, type Secret } from '../kernel/index.ts'
import type { AlarmMessage } from './message.ts'
import { webhookRequest, type WebhookFormat } from './webhook.ts'

/** What came of sending a message once. */
export type SendOutcome =
  | { readonly kind: 'delivered' }
  | {
      readonly kind: 'failed'
      /** Without secrets, for people. */
      readonly detail: string
      /** How long the receiver asked to be left alone. */
      readonly retryAfterMs?: number
    }

/** Who is told of alarms. */
export interface Receiver {
  /** The same for as long as it is the same receiver, whatever its place in the configuration. */
  readonly key: string
  /** For logs and lists, without secrets. */
  readonly label: string
  /** Sends a message once, within half a minute. Never throws. */
  send(message: AlarmMessage, signal: AbortSignal): Promise<SendOutcome>
}

/** An answer of a webhook. */
export interface PostAnswer {
  readonly status: number
  /** The header Retry-After, if there was one. */
  readonly retryAfter?: string
}

/** Posts to a webhook: no redirects followed, 10 s at most. Rejects with what went wrong. */
export type PostWebhook = (
  url: string,
  request: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  signal: AbortSignal,
) => Promise<PostAnswer>

/** What a webhook is made with. */
export interface WebhookOptions {
  readonly key: string
  readonly label: string
  readonly format: WebhookFormat
  /** Read for every message: it may be a secret that changes. */
  readonly url: () => Promise<string>
  readonly secret: (() => Promise<Secret>) | undefined
  readonly post: PostWebhook
  readonly clock: Pick<Clock, 'now'>
}

/** Makes a receiver of a webhook. */
export function createWebhook(options: WebhookOptions): Receiver {
  const { key, label, format, url, secret, post, clock } = options
  return {
    key,
    label,
    send: async (message, signal) => {
      let address = ''
      try {
        address = await url()
        const now = clock.now()
        const request = webhookRequest(message, { format, secret: await secret?.(), now })
        const { status, retryAfter } = await post(address, request, signal)
        if (status >= 200 && status < 300) return { kind: 'delivered' }
        const waitMs = retryAfter === undefined ? undefined : readRetryAfter(retryAfter, now)
        return {
          kind: 'failed',
          detail:
            status >= 300 && status < 400
              ? `it answered ${status}: redirects are not followed`
              : `it answered ${status}`,
          ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
        }
      } catch (error) {
        return { kind: 'failed', detail: describe(error, [address, pathOf(address)]) }
      }
    },
  }
}

/** What went wrong, without these texts in it. */
export function describe(error: unknown, secrets: readonly string[]): string {
  const text = isEvergrantError(error)
    ? error.detail
    : error instanceof Error
      ? [error.message, codeOf(error)].filter((part) => part !== '').join(' ')
      : 'no reason was given'
  const hidden = secrets.filter((secret) => secret.length > 1)
  return redact(
    hidden.reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), text),
    [],
  )
}

function codeOf(error: Error): string {
  const { code, cause } = error as { code?: unknown; cause?: unknown }
  if (typeof code === 'string' && !error.message.includes(code)) return `(${code})`
  return cause instanceof Error ? codeOf(cause) : ''
}

/** The address of a chat’s webhook is a secret by its path. */
function pathOf(address: string): string {
  const url = URL.parse(address)
  return url === null ? '' : url.pathname + url.search
}

/** Reads Retry-After in either form (RFC 9110 section 10.2.3). */
export function readRetryAfter(text: string, now: number): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  const at = Date.parse(text)
  return Number.isFinite(at) ? Math.max(0, at - now) : undefined
}
