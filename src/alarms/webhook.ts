import { createHmac } from 'node:crypto'
import type { Secret } from '../kernel/index.ts'
import { factsOf, headOf, type AlarmMessage } from './message.ts'

/** The shape of what a webhook gets. */
export type WebhookFormat = 'plain' | 'slack' | 'teams'

/** A request to a webhook, ready to be posted. */
export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Makes the request that tells a webhook of an alarm. With a key it is signed:
 * `Evergrant-Signature: t=<seconds>,v1=<hex>`, HMAC-SHA256 over `<seconds>.<body>`.
 */
export function webhookRequest(
  message: AlarmMessage,
  {
    format,
    secret,
    now,
  }: {
    readonly format: WebhookFormat
    readonly secret: Secret | undefined
    readonly now: number
  },
): WebhookRequest {
  const body = JSON.stringify(shapes[format](message))
  const seconds = Math.floor(now / 1_000)
  return {
    headers: {
      'content-type': 'application/json',
      'evergrant-delivery': message.id,
      ...(secret === undefined
        ? {}
        : { 'evergrant-signature': `t=${seconds},v1=${signatureOf(secret, seconds, body)}` }),
    },
    body,
  }
}

function signatureOf(secret: Secret, seconds: number, body: string): string {
  return createHmac('sha256', secret.reveal()).update(`${seconds}.${body}`).digest('hex')
}

const shapes: Readonly<Record<WebhookFormat, (message: AlarmMessage) => unknown>> = {
  plain: (message) => message,
  slack: (message) => {
    const lines = factsOf(message).map(([name, value]) => `*${name}:* ${escapeSlack(value)}`)
    const head = escapeSlack(headOf(message))
    return {
      text: head,
      blocks: [
        {
          type: 'section',
          text: { type: 'mrkdwn', text: cut([`*${head}*`, ...lines].join('\n'), 3_000) },
        },
      ],
    }
  },
  teams: (message) => ({
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            { type: 'TextBlock', text: plainText(headOf(message)), weight: 'Bolder', wrap: true },
            {
              type: 'FactSet',
              facts: factsOf(message).map(([title, value]) => ({ title, value: plainText(value) })),
            },
          ],
        },
      },
    ],
  }),
}

/** Slack takes three characters for markup of its own: links and mentions come of them. */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Cards know Markdown; links of strangers’ texts must not become ones. */
function plainText(text: string): string {
  return text.replaceAll(/[[\]()]/g, '\\$&')
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}
