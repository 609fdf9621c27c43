import { describe, expect, it } from 'vitest'
import type { AccountKind, AccountQuestion } from '../../src/directory/index.ts'
import { ClaimBag } from '../../src/identity/claim-bag.ts'
import {
  matchAccount,
  type MatchOutcome,
  type MatchPair,
} from '../../src/identity/match-account.ts'

const tenantId = '1111abcd-2222-4333-8444-555555555555'
const pair = (claim: string, column: string, compare: MatchPair['compare']): MatchPair => ({
  claim,
  column,
  compare,
})
const lower = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())

/** Accounts by their mail; some have none. */
const users = ['ada@strasse.example', 'admin@i.example', '\u00e9va@x.example', '1', undefined]

interface Asked {
  readonly outcome: MatchOutcome
  readonly questions: readonly AccountQuestion[]
}

async function ask(
  token: Readonly<Record<string, unknown>>,
  pairs: readonly MatchPair[],
  principal: AccountKind = 'user',
  accounts: readonly (string | undefined)[] = users,
): Promise<Asked> {
  const claims = new ClaimBag()
  claims.add('token', token)
  const questions: AccountQuestion[] = []
  const outcome = await matchAccount([{ pairs, isAcrossTenants: false }], claims, {
    kind: principal,
    tenantId,
    find: async (question) => {
      questions.push(question)
      return accounts
        .map((mail, at) => ({ tenantId, id: String(at), mail }))
        .filter(({ mail }) =>
          question.where.every(
            ({ value, compare }) =>
              mail !== undefined && (compare === 'lower' ? lower(mail) : mail) === value,
          ),
        )
        .slice(0, question.limit)
    },
  })
  return { outcome, questions }
}

describe('a claim', () => {
  it.each([
    "' OR '1'='1",
    "ada'--",
    '"; DROP TABLE accounts; --',
    '*)(|(mail=*',
    '%',
    '_da@x.example',
    '${jndi:ldap://x}',
    '{"$ne":null}',
    'claims.email == claims.email',
    '\\',
    '__proto__',
    'constructor',
  ])('(row 28) %s is asked for as it is', async (value) => {
    const { outcome, questions } = await ask({ mail: value }, [pair('mail', 'mail', 'exact')])
    expect(questions).toEqual([
      {
        kind: 'user',
        tenantId,
        limit: 2,
        where: [{ column: 'mail', value, compare: 'exact' }],
      },
    ])
    expect(outcome.refusal?.code).toBe('account_unmatched')
  })

  it.each([[['1']], [1], [-0], [true], [{ a: 1 }], [[]], ['1\u0000'], ['1\u0007']])(
    '(row 29) %j is no text, and finds nobody',
    async (mail) => {
      const { outcome, questions } = await ask({ mail }, [pair('mail', 'mail', 'lower')])
      expect(outcome.refusal?.code).toBe('claim_type')
      expect(questions).toEqual([])
    },
  )

  it.each([
    ['full width', '\uff21da@strasse.example'],
    ['sharp s', 'ada@stra\u00dfe.example'],
    ['a dotless i', 'adm\u0131n@i.example'],
    ['a dotted I', 'ADM\u0130N@I.EXAMPLE'],
    ['decomposed', 'e\u0301va@x.example'],
    ['capitals beyond ASCII', '\u00c9va@x.example'],
    ['a blank behind', 'ada@strasse.example '],
    ['a no-break space behind', 'ada@strasse.example\u00a0'],
    ['a soft hyphen', 'ada@strasse.exam\u00adple'],
    ['a letter of another script', '\u0430da@strasse.example'],
  ])('(row 30) %s looks alike, and finds nobody', async (_, mail) => {
    for (const compare of ['exact', 'lower'] as const) {
      const { outcome } = await ask({ mail }, [pair('mail', 'mail', compare)])
      expect(outcome.refusal?.code).toBe('account_unmatched')
    }
    const own = await ask({ mail: 'ADA@Strasse.example' }, [pair('mail', 'mail', 'lower')])
    expect(own.outcome.account?.id).toBe('0')
  })

  it.each([
    ['', 'claim_type'],
    [' ', 'claim_type'],
    ['\u00a0\t', 'claim_type'],
    [null, 'claim_missing'],
    [undefined, 'claim_missing'],
  ])('(row 31) %j says nothing, and finds nobody', async (mail, code) => {
    const { outcome, questions } = await ask({ mail }, [pair('mail', 'mail', 'exact')])
    expect(outcome.refusal?.code).toBe(code)
    expect(questions).toEqual([])
  })

  it('(row 32) is that of several accounts, and finds none of them', async () => {
    for (const many of [2, 3, 1_000]) {
      const accounts = Array.from({ length: many }, () => 'ada@x.example')
      const pairs = [pair('mail', 'mail', 'exact')]
      const { outcome } = await ask({ mail: 'ada@x.example' }, pairs, 'user', accounts)
      expect(outcome.account).toBeUndefined()
      // Neither how many there are nor which.
      expect(outcome.refusal).toMatchObject({ code: 'account_ambiguous', seen: 'several' })
    }
  })

  it('(row 36) of an application asks for applications alone', async () => {
    const pairs = [pair('mail', 'mail', 'exact')]
    const { questions } = await ask({ mail: '1' }, pairs, 'servicePrincipal')
    expect(questions).toMatchObject([{ kind: 'servicePrincipal' }])
  })
})

it('(row 34) several claims are asked for apart, and never run together', async () => {
  const pairs = [pair('iss', 'issuer', 'exact'), pair('sub', 'subject', 'exact')]
  const one = await ask({ iss: 'a/b', sub: 'c' }, pairs)
  const other = await ask({ iss: 'a', sub: 'b/c' }, pairs)
  expect(one.questions[0]?.where.map(({ value }) => value)).toEqual(['a/b', 'c'])
  expect(other.questions[0]?.where.map(({ value }) => value)).toEqual(['a', 'b/c'])
})
