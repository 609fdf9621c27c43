import { describe, expect, it } from 'vitest'
import type { Account } from '../directory/index.ts'
import type { Identity } from '../identity/index.ts'
import { callerOfFacts, factsOf, signatureOf } from './bearer-facts.ts'

const tenantId = '11111111-2222-4333-8444-555555555555'
const id = 'AAAAAAAA-2222-4333-8444-555555555555'

function identityOf(over: Partial<Identity> = {}): Identity {
  return {
    issuer: 'lab',
    iss: 'https://lab.example',
    subject: 'anna',
    principal: 'user',
    tenantId,
    clientId: undefined,
    account: undefined,
    userName: 'ops',
    role: undefined,
    connections: [],
    scopes: [],
    expiresAt: 1,
    claims: [],
    ...over,
  }
}
const account = (over: Partial<Account> = {}): Account => ({
  tenantId,
  kind: 'user',
  id,
  properties: {},
  updatedAt: 0,
  ...over,
})
const idOf = (over: Partial<Account>): string =>
  factsOf(identityOf({ account: account(over) }), undefined).id

describe('the id of a caller', () => {
  it('names its account', () => {
    expect(idOf({})).toBe(`usr_${tenantId}_${id.toLowerCase()}`)
  })

  it('is no other account’s, however ids are written', () => {
    const ids = [
      idOf({ tenantId: 'a_b', id: 'c' }),
      idOf({ tenantId: 'a', id: 'b_c' }),
      idOf({ tenantId: 'a', id: 'B_C' }),
      idOf({ tenantId: 'a', id: 'b_c', kind: 'servicePrincipal' }),
    ]
    expect(new Set(ids).size).toBe(ids.length)
    for (const one of ids) expect(one).toMatch(/^(?:usr|spn)_[\da-f]{32}$/)
  })

  it('signs what a bearer does, whose name may be that of a caller key', () => {
    const bearer = callerOfFacts(
      factsOf(identityOf({ account: account() }), undefined),
      'bearer',
      {},
    )
    expect(signatureOf(bearer)).toBe(`ops (usr_${tenantId}_${id.toLowerCase()})`)
    expect(signatureOf({ ...bearer, kind: 'key' })).toBe('ops')
  })
})

describe('app roles', () => {
  it('are those of the token, never of UserInfo, which tells of the person', () => {
    const roles = { name: 'roles', value: ['Orders.Write'] } as const
    const rolesOf = (source: 'token' | 'userinfo'): readonly string[] =>
      factsOf(identityOf({ claims: [{ ...roles, source }] }), undefined).roles
    expect(rolesOf('token')).toEqual(['Orders.Write'])
    expect(rolesOf('userinfo')).toEqual([])
  })
})
