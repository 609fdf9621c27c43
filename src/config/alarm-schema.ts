import { z } from 'zod'
import { duration, exactlyOneOf, flag, must, oneOrMore, text, wholeNumber } from './fields.ts'
import { secretReference } from './secret-schema.ts'
import { endpoint } from './urls.ts'

const host = must(text('a host'), (value) => /^[A-Za-z0-9.:_-]{1,253}$/.test(value), {
  expected: 'the name or address of a mail server, such as mail.example.com',
  remedy: 'Leave only the host; its port is a field of its own.',
})

const address = (): z.ZodString =>
  must(text('an e-mail address'), (value) => /^[^\s@<>,;:"]+@[^\s@<>,;:"]+$/.test(value), {
    expected: 'an e-mail address such as ops@example.com, without a name around it',
    remedy: 'Leave only the address.',
  })

const smtpSchema = z
  .strictObject({
    host: host.describe('Name or address of the mail server.'),
    port: wholeNumber(1, 65_535)
      .optional()
      .describe('By default 465 with `tls: implicit`, 25 with `tls: none`, else 587.'),
    user: text('a user name').optional().describe('Who signs in there; with `password`.'),
    password: secretReference
      .optional()
      .describe('Where the user’s password stands; exactly one of `env`, `file` and `exec`.'),
    from: address().describe('Sender of the mails.'),
    to: oneOrMore(address(), 'address').describe('Who gets the mails: an address or a list.'),
    tls: z
      .enum(['starttls', 'implicit', 'none'])
      .default('starttls')
      .describe(
        'How the mail server is spoken to; its certificate is always verified. `none` is for this machine only.',
      ),
  })
  .describe('A mail server; reached directly, since HTTP proxies carry no mail.')

const targetSchema = exactlyOneOf(
  z.strictObject({
    webhook: z
      .union([endpoint(), secretReference])
      .optional()
      .describe(
        'Where alarms are posted: an https address (http on this machine only), or where the address stands, as those of Slack and Teams are secrets.',
      ),
    secret: secretReference
      .optional()
      .describe(
        'Only for `webhook`, needed for `format: plain`: where the key stands that signs what is sent; exactly one of `env`, `file` and `exec`.',
      ),
    format: z
      .enum(['plain', 'slack', 'teams'])
      .optional()
      .describe(
        'Only for `webhook`, by default `plain`: the shape of what is sent, `plain` for programs, `slack` and `teams` for their incoming webhooks.',
      ),
    allowPrivate: flag()
      .optional()
      .describe(
        'Only for `webhook`, by default false: whether its name may lead to a private address.',
      ),
    smtp: smtpSchema.optional(),
  }),
  ['webhook', 'smtp'],
  {
    expected: 'exactly one of "webhook" and "smtp"',
    remedy: 'Write one receiver an entry, such as - webhook: https://hooks.example.com/evergrant.',
  },
).describe('One receiver of alarms; exactly one of `webhook` and `smtp`.')

/** Who is told of alarms, as written; `check-alarms.ts` sees that fields belong together. */
export const alarmSchema = z
  .strictObject({
    to: z
      .array(targetSchema)
      .default([])
      .describe(
        'Receivers; each gets every alarm, once when it is raised and once when it is over.',
      ),
    giveUpAfter: duration({ least: '1h', most: '30d' })
      .prefault('3d')
      .describe('For how long an alarm that cannot be delivered is tried again.'),
  })
  .prefault({})
  .describe('Who is told of alarms; they are kept and listed whether anyone is or not.')
