import type { SecureContext } from 'node:tls'
import { createTransport } from 'nodemailer'
import { redact, type Secret } from '../kernel/index.ts'
import { factsOf, headOf, type AlarmMessage } from './message.ts'
import { describe, type Receiver } from './receiver.ts'

/** A mail server and who gets mails. */
export interface MailOptions {
  readonly key: string
  readonly label: string
  readonly host: string
  readonly port: number
  readonly user: string | undefined
  readonly password: (() => Promise<Secret>) | undefined
  readonly from: string
  readonly to: readonly string[]
  readonly tls: 'starttls' | 'implicit' | 'none'
  /** Certificate authorities to trust; undefined: the platform’s. */
  readonly secureContext: SecureContext | undefined
}

/** For each step of a conversation with a mail server (ms). */
const stepMs = 10_000

/**
 * Makes a receiver of mails. Its certificate is always verified; without TLS where TLS is wanted
 * nothing is sent. A message that is sent again has the same `Message-ID`, so that mailboxes may
 * tell.
 */
export function createMailbox(options: MailOptions): Receiver {
  const { key, label, host, port, user, from, to, tls, secureContext } = options
  return {
    key,
    label,
    send: async (message, signal) => {
      let password: Secret | undefined
      try {
        password = await options.password?.()
        signal.throwIfAborted()
        const transport = createTransport({
          host,
          port,
          secure: tls === 'implicit',
          requireTLS: tls === 'starttls',
          ignoreTLS: tls === 'none',
          ...(user === undefined || password === undefined
            ? {}
            : { auth: { user, pass: password.reveal() } }),
          tls: {
            rejectUnauthorized: true,
            ...(secureContext === undefined ? {} : { secureContext }),
          },
          connectionTimeout: stepMs,
          greetingTimeout: stepMs,
          socketTimeout: stepMs,
          disableFileAccess: true,
          disableUrlAccess: true,
        })
        try {
          const { rejected } = await untilAborted(
            transport.sendMail(mailOf(message, from, to)),
            signal,
          )
          if (rejected.length === 0) return { kind: 'delivered' }
          return {
            kind: 'failed',
            detail: `the mail server refused ${rejected.length} of the addresses`,
          }
        } finally {
          transport.close()
        }
      } catch (error) {
        const secrets = password === undefined ? [] : [password]
        return { kind: 'failed', detail: redact(describe(error, []), secrets) }
      }
    },
  }
}

function mailOf(
  message: AlarmMessage,
  from: string,
  to: readonly string[],
): NonNullable<Parameters<ReturnType<typeof createTransport>['sendMail']>[0]> {
  const lines = factsOf(message).map(([name, value]) => `${name}: ${value}`)
  return {
    from,
    to: [...to],
    subject: `Evergrant: ${headOf(message)}`,
    text: `${headOf(message)}\n\n${lines.join('\n')}\n`,
    date: message.at,
    messageId: `<${message.id}@evergrant.invalid>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Evergrant-Alarm': message.alarm.key },
  }
}

/** Rejects as soon as the signal aborts; what goes on is closed by the caller. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
