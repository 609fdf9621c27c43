import { createHmac } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, it } from 'vitest'
import {
  createMailbox,
  messageOf,
  type AlarmMessage,
  type AlarmRecord,
} from '../../src/alarms/index.ts'
import { webhookRequest } from '../../src/alarms/webhook.ts'
import { findRemedy, Secret } from '../../src/kernel/index.ts'
import { makeClientCertificate } from '../support/client-certificate.ts'

const alarm: AlarmRecord = {
  id: 'alm_1',
  key: 'grant_lapsed:csp',
  kind: 'grant_lapsed',
  subject: 'csp',
  severity: 'critical',
  title: 'Connection "csp" gets no tokens\r\nBcc: all@example.com',
  detail: 'Refused <https://evil.example|here> & [there](https://evil.example)',
  remedy: 'Consent again.',
  since: 0,
  step: 0,
  raisedAt: 0,
  changedAt: 0,
}
const message = (over: Partial<AlarmMessage> = {}): AlarmMessage => ({
  ...messageOf(alarm, { type: 'alarm.raised', id: 'dlv_1', now: 0, service: 'https://eg.example' }),
  ...over,
})

describe('a webhook request', () => {
  const request = (
    format: 'plain' | 'slack' | 'teams',
    secret?: string,
  ): ReturnType<typeof webhookRequest> =>
    webhookRequest(message(), {
      format,
      secret: secret === undefined ? undefined : new Secret(secret),
      now: 1_700_000_000_999,
    })

  it('is signed over its second and its body', () => {
    const { headers, body } = request('plain', 'key')
    const mac = createHmac('sha256', 'key').update(`1700000000.${body}`).digest('hex')
    expect(headers['evergrant-signature']).toBe(`t=1700000000,v1=${mac}`)
    expect(headers['evergrant-delivery']).toBe('dlv_1')
    expect(JSON.parse(body)).toEqual(message())
  })

  it('to Slack holds no link or mention of a stranger', () => {
    const { headers, body } = request('slack')
    expect(headers).not.toHaveProperty('evergrant-signature')
    expect(body).not.toContain('<https')
    expect(JSON.parse(body)).toMatchObject({
      blocks: [{ text: { type: 'mrkdwn', text: expect.stringContaining('&lt;https') as string } }],
    })
  })

  it.each(['slack', 'teams'] as const)(
    'to %s says why, what to do in order, and where to read on',
    (format) => {
      const entry = findRemedy('AADSTS70043')
      const told = messageOf(
        { ...alarm, remedy: entry?.remedy ?? '' },
        { type: 'alarm.raised', id: 'dlv_1', now: 0, service: 'https://eg.example' },
      )
      const how = { format, secret: undefined, now: 0 }
      const { body } = webhookRequest(told, how)
      const text = body.replaceAll('\\\\', '')
      const wanted = [entry?.meaning, ...(entry?.steps ?? []), entry?.link].map((one) =>
        String(one).replaceAll('NAME', 'csp'),
      )
      expect(wanted.filter((one) => !text.includes(one))).toEqual([])
      const over = webhookRequest({ ...told, type: 'alarm.recovered' }, how).body
      expect(over).not.toContain('Step 1')
      // As an Evergrant without steps left it to be sent.
      const { steps: _steps, link: _link, meaning: _meaning, actor: _actor, ...old } = told.alarm
      expect(webhookRequest({ ...told, alarm: old }, how).body).toContain('To do')
    },
  )

  it('to Teams is a card whose Markdown is only text', () => {
    const { body } = request('teams')
    const card = JSON.parse(body) as { attachments: { contentType: string; content: object }[] }
    expect(card.attachments[0]?.contentType).toBe('application/vnd.microsoft.card.adaptive')
    expect(JSON.stringify(card.attachments[0]?.content)).toContain('\\\\[there\\\\]')
  })
})

describe('mail', () => {
  let server: SMTPServer | undefined
  let mails: { readonly to: readonly string[]; readonly text: string; readonly isSecure: boolean }[]
  afterEach(async () => {
    await new Promise<void>((resolve) => server?.close(resolve))
  })

  const start = async (options: SMTPServerOptions): Promise<number> => {
    mails = []
    const started = new SMTPServer({
      logger: false,
      ...options,
      onData: (stream, session, callback) => {
        let text = ''
        stream.on('data', (part: Buffer) => {
          text += part.toString()
        })
        stream.on('end', () => {
          const to = session.envelope.rcptTo.map(({ address }) => address)
          mails.push({ to, text, isSecure: session.secure })
          callback()
        })
      },
    })
    // A client that does not trust it hangs up in the middle.
    started.on('error', () => {})
    server = started
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve))
    return (started.server.address() as AddressInfo).port
  }
  const box = (
    port: number,
    over: Partial<Parameters<typeof createMailbox>[0]> = {},
  ): ReturnType<typeof createMailbox> =>
    createMailbox({
      key: 'k',
      label: 'mail',
      host: 'localhost',
      port,
      user: undefined,
      password: undefined,
      from: 'evergrant@example.com',
      to: ['ops@example.com', 'csp@example.com'],
      tls: 'none',
      secureContext: undefined,
      ...over,
    })
  const { signal } = new AbortController()
  const certificate = makeClientCertificate()
  const trust = (): SecureContext => createSecureContext({ ca: [certificate.certificatePem] })
  const tls = { key: certificate.keyPem, cert: certificate.certificatePem }
  const password = async (): Promise<Secret> => new Secret('planted-password')

  it('is not sent to a server that is not trusted', async () => {
    const port = await start({ ...tls, authOptional: true })
    const sent = await box(port, { tls: 'starttls' }).send(message(), signal)
    expect(sent).toMatchObject({
      kind: 'failed',
      detail: expect.stringContaining('cert') as string,
    })
    expect(mails).toEqual([])
  })

  it('is not sent without TLS where TLS is wanted', async () => {
    const port = await start({ disabledCommands: ['STARTTLS'], authOptional: true })
    const sent = await box(port, { tls: 'starttls' }).send(message(), signal)
    expect(sent.kind).toBe('failed')
    expect(mails).toEqual([])
  })

  it('tells of a refused sign-in without the password', async () => {
    const port = await start({
      ...tls,
      onAuth: ({ password: given }, _session, callback) =>
        callback(new Error(`no ${given ?? ''} here`)),
    })
    const sent = await box(port, {
      tls: 'starttls',
      secureContext: trust(),
      user: 'eg',
      password,
    }).send(message(), signal)
    expect(sent.kind).toBe('failed')
    expect(JSON.stringify(sent)).not.toContain('planted-password')
  })

  it('goes to everyone over TLS, with one head line and an id of its own', async () => {
    const port = await start({
      ...tls,
      onAuth: ({ username, password: given }, _session, callback) =>
        given === 'planted-password'
          ? callback(null, { user: username })
          : callback(new Error('no')),
    })
    const sent = await box(port, {
      tls: 'starttls',
      secureContext: trust(),
      user: 'eg',
      password,
    }).send(message(), signal)
    expect(sent).toEqual({ kind: 'delivered' })
    const [mail] = mails
    expect(mail).toMatchObject({ to: ['ops@example.com', 'csp@example.com'], isSecure: true })
    const head = mail?.text.split('\r\n\r\n', 1)[0] ?? ''
    expect(head).toContain('Message-ID: <dlv_1@evergrant.invalid>')
    expect(head).not.toMatch(/^Bcc:/im)
    expect(head).toContain('Auto-Submitted: auto-generated')
    expect(mail?.text).toContain('Consent again.')
    expect(mail?.text).not.toContain('planted-password')
  })

  it('is given up at the deadline', async () => {
    const port = await start({ authOptional: true, onConnect: () => {} })
    const deadline = new AbortController()
    const sending = box(port).send(message(), deadline.signal)
    deadline.abort(new Error('it took too long'))
    expect(await sending).toEqual({ kind: 'failed', detail: 'it took too long' })
  })
})
