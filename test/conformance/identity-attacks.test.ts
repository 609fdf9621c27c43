import { hash } from 'node:crypto'
import { expect, it } from 'vitest'
import { hashSessionToken, issueSessionToken } from '../../src/access/session-token.ts'
import { systemRandom } from '../../src/kernel/index.ts'
import { identifierFixture, oid, tid } from '../support/identifier-fixture.ts'

const group = '77777777-2222-4333-8444-555555555555'

it('(row 27) groups are asked for by ids of the configuration and the token, never at an address that it names', async () => {
  const asked: unknown[] = []
  const { identifierWith, token } = identifierFixture()
  const identifier = identifierWith({
    access: [{ when: { group }, role: 'operator', connections: [] }],
    groupsOf: async (question) => {
      asked.push(question)
      return { kind: 'told', groups: new Set() }
    },
  })
  for (const endpoint of [
    'http://169.254.169.254/',
    'file:///etc/passwd',
    'https://evil.example/',
  ]) {
    const identified = await identifier.identify(
      token({
        _claim_names: { groups: 'src1' },
        _claim_sources: { src1: { endpoint, access_token: 'x' } },
        n: endpoint,
      }),
    )
    expect(identified).toMatchObject({ ok: true, value: { role: undefined } })
  }
  const question = { tenantId: tid, objectId: oid, principal: 'user', groupIds: [group] }
  expect(asked).toEqual([question, question, question])
})

it('(row 40) session tokens are 256 random bits, looked up by their SHA-256 and by nothing near it', () => {
  const tokens = Array.from({ length: 100 }, () => issueSessionToken(0, systemRandom))
  const clear = tokens.map(({ token }) => token.reveal())
  expect(new Set(clear).size).toBe(100)
  for (const [at, text] of clear.entries()) {
    expect(Buffer.from(text.slice('egs_'.length), 'base64url')).toHaveLength(32)
    expect(hashSessionToken(text)).toBe(hash('sha256', text))
    expect(tokens[at]?.hash).toBe(hash('sha256', text))
  }
  for (const odd of ['', 'egs_', `${clear[0]} `, `${clear[0]}A`, clear[0]?.slice(0, -1) ?? '']) {
    expect(hashSessionToken(odd)).toBeUndefined()
  }
})
