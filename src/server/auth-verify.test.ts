import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCallerDirectory, type Caller } from '../access/index.ts'
import type { Identity } from '../identity/index.ts'
import { createManualClock, isEvergrantError } from '../kernel/index.ts'
import { identityHeaders } from './auth-verify-headers.ts'
import { ownPart, readVerifyWish, refuseByWish } from './auth-verify-request.ts'
import { createAuthVerify } from './auth-verify.ts'
import { callerOfFacts, factsOf } from './bearer-facts.ts'

function bearerWith(over: Partial<Identity>): Caller {
  const identity: Identity = {
    issuer: 'lab',
    iss: 'https://idp.example',
    subject: 's',
    principal: 'user',
    tenantId: 't',
    clientId: 'c',
    account: undefined,
    userName: 'Anna',
    role: 'operator',
    connections: ['graph'],
    scopes: ['a', 'b'],
    expiresAt: 1,
    claims: [],
    ...over,
  }
  return callerOfFacts(factsOf(identity, undefined), 'bearer', {})
}

/** Whether a caller meets the conditions of a query. */
const passes = (query: string, caller: Caller): boolean => {
  const wish = readVerifyWish(ownPart(query))
  return !isEvergrantError(wish) && refuseByWish(wish, caller, undefined) === undefined
}

const piece = fc.oneof(
  fc.constantFrom('scope=a', 'scope=b%20a', 'scope=c', 'role=viewer', 'role=admin'),
  fc.constantFrom('connection=graph', 'connection=other', 'unavailable=403', 'scope=', 'rol=x'),
  fc.string({ maxLength: 12 }),
)
const query = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join('&'))

describe('conditions of /auth/verify', () => {
  it('are never taken away by what is added to them', () => {
    const caller = bearerWith({})
    fc.assert(
      fc.property(query, query, (own, more) => {
        if (own.includes('original=') || own === '') return
        expect(passes(`${own}&${more}`, caller) && !passes(own, caller)).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })

  it('are the same whatever follows where the client’s part begins', () => {
    const caller = bearerWith({})
    fc.assert(
      fc.property(query, fc.string(), (own, clients) => {
        if (own.includes('original=')) return
        expect(passes(`${own}&original=${clients}`, caller)).toBe(passes(own, caller))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('headers of an identity', () => {
  const names = identityHeaders(bearerWith({})).filter((_, at) => at % 2 === 0)

  it('are the same for everybody, of printable ASCII, and read back as they were told', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 })
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 4 }), text, (userName, roles, subject) => {
        const claims = [{ name: 'roles', value: roles, source: 'token' }] as const
        const headers = identityHeaders(bearerWith({ userName, subject, claims: [...claims] }))
        expect(headers.filter((_, at) => at % 2 === 0)).toEqual(names)
        for (const value of headers)
          expect(value).toMatch(/^[\x21-\x7e]?(?:[\x20-\x7e]*[\x21-\x7e])?$/)
        const at = (name: string): string => headers[headers.indexOf(name) + 1] ?? ''
        const told = (one: string): string => one.toWellFormed().replaceAll(/\p{Cc}/gu, '\uFFFD')
        expect(decodeURIComponent(at('evergrant-user-name'))).toBe(told(userName))
        expect(decodeURIComponent(at('evergrant-subject'))).toBe(told(subject))
        const shown = at('evergrant-roles').split(',').map(decodeURIComponent)
        expect(shown).toEqual(roles.length === 0 ? [''] : roles.map(told))
      }),
      { numRuns: 500 },
    )
  })
})

describe('the door of /auth/verify', () => {
  const clock = createManualClock()
  const door = createAuthVerify({
    callers: createCallerDirectory({ store: { getCaller: async () => undefined }, clock }),
    clock,
    resourceMetadata: () => undefined,
    newRequestId: () => 'req_1',
    onAnswer: () => {},
    onFault: () => {},
  })

  it.each([
    ['/auth/verify', true],
    ['/auth/verify?x', true],
    ['/auth/verify/', true],
    ['/auth/verify/a?b', true],
    ['/auth/verifyx', false],
    ['/auth/verify%2f', false],
    ['/auth/verify;a', false],
    ['/Auth/verify', false],
    ['//auth/verify', false],
    ['/', false],
  ])('takes %s: %s', (url, isTaken) => {
    expect(door.handles(url)).toBe(isTaken)
  })
})
