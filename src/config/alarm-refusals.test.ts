import { describe, expect, it } from 'vitest'
import { accepted, config, problemAt } from '../../test/support/config-text.ts'
import { secretReferences } from './secret-references.ts'

const to = (entry: string): string => config({ more: `alarms: { to: [${entry}] }` })
const smtp = (fields: string): string =>
  to(`{ smtp: { host: mail.example.com, from: a@example.com, to: b@example.com${fields} } }`)

describe('a receiver of alarms is refused', () => {
  it.each<[string, string, string, string]>([
    ['that is none', to('{}'), 'alarms.to[0]', 'exactly one of "webhook" and "smtp"'],
    [
      'without the key that signs',
      to('{ webhook: https://hooks.example.com }'),
      'alarms.to[0].secret',
      'must be able to tell',
    ],
    [
      'over the network without TLS',
      to('{ webhook: http://hooks.example.com, secret: { env: A } }'),
      'alarms.to[0].webhook',
      'https',
    ],
    ['by mail without TLS', smtp(', tls: none'), 'alarms.to[0].smtp.tls', 'another machine'],
    ['with half a sign-in', smtp(', user: eg'), 'alarms.to[0].smtp.password', 'together'],
    [
      'by mail with a key',
      to('{ secret: { env: A }, smtp: { host: h, from: a@b, to: c@d } }'),
      'alarms.to[0].secret',
      'no "secret"',
    ],
    [
      'whose address would break a header',
      to('{ smtp: { host: h, from: a@b, to: "c@d, e@f" } }'),
      'alarms.to[0].smtp.to',
      'an e-mail address',
    ],
  ])('%s', (_, text, path, expected) => {
    const problem = problemAt(text, path)
    expect(`${problem.expected} ${problem.remedy}`).toContain(expected)
  })

  it('that waits for less than an hour', () => {
    const text = config({ more: 'alarms: { giveUpAfter: 5m }' })
    expect(problemAt(text, 'alarms.giveUpAfter').expected).toContain('1h to 30d')
  })
})

describe('receivers of alarms', () => {
  it('are none by default', () => {
    expect(accepted(config({})).alarms).toEqual({ to: [], giveUpAfterMs: 259_200_000 })
  })

  it('are read with their defaults, and their secrets as references', () => {
    const read = accepted(
      to(
        '{ webhook: https://hooks.example.com/a, secret: { env: A } }, { webhook: { env: SLACK }, format: slack }, { smtp: { host: localhost, from: a@b, to: c@d, tls: none } }',
      ),
    )
    expect(read.alarms.to).toEqual([
      {
        type: 'webhook',
        url: 'https://hooks.example.com/a',
        secret: { env: 'A' },
        format: 'plain',
        allowPrivate: false,
      },
      { type: 'webhook', url: { env: 'SLACK' }, format: 'slack', allowPrivate: false },
      { type: 'smtp', host: 'localhost', port: 25, from: 'a@b', to: ['c@d'], tls: 'none' },
    ])
    const asked = secretReferences(read).map(({ askedBy }) => askedBy)
    expect(asked).toContain('alarms.to[0].secret')
    expect(asked).toContain('alarms.to[1].webhook')
  })
})
