import { describe, expect, it } from 'vitest'
import { accepted, entraIssuer, issuers } from '../../test/support/config-text.ts'
import { EvergrantError } from '../kernel/index.ts'
import { lintIssuers, type LintedAccounts } from './lint-issuers.ts'

const rule = '{ claim: email, column: mail, acceptMutable: true }'
const config = accepted(issuers({ one: entraIssuer({ match: `[${rule}]` }) }))

/** A directory of one account that fails at counting. */
const failing = (fault: Error): LintedAccounts => ({
  listAccounts: async () => ({ accounts: [], next: { tenantId: '', row: 1 } }),
  findAccounts: async () => [],
  spreadOf: async () => {
    throw fault
  },
})

describe('the lint of issuers', () => {
  it('warns that a column was not counted when the store had no time for it', async () => {
    const busy = new EvergrantError('store_busy', 'the statement took longer than 30 s')
    expect(await lintIssuers(config, failing(busy))).toEqual([
      {
        askedBy: 'issuers.one.match[0]',
        found: 'Whether "mail" is unique was not counted: the statement took longer than 30 s.',
        remedy: 'Try again when the store is at rest.',
      },
    ])
  })

  it.each([
    ['drops', '{ drop: [Mail] }'],
    ['hashes', '{ hash: { columns: [mail], key: { env: A } } }'],
  ])('warns of a rule by a column that the import %s', async (_, policy) => {
    const nightly = `imports: { nightly: { connection: a, collections: [users], policy: ${policy} } }`
    const kept = accepted(`${issuers({ one: entraIssuer({ match: `[${rule}]` }) })}\n${nightly}\n`)
    const found = 'The policy of the import drops or hashes "mail": nobody is found by it.'
    expect(await lintIssuers(kept, undefined)).toMatchObject([{ found }])
  })

  it('hides no fault of ours behind a warning', async () => {
    await expect(lintIssuers(config, failing(new TypeError('x')))).rejects.toThrow(TypeError)
  })
})
