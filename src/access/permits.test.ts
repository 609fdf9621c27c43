import { describe, expect, it } from 'vitest'
import type { Caller } from './caller.ts'
import { mayPerform, operations, requireRole, roles, type Operation } from './operations.ts'
import { permits, requirePermit, requireTokens } from './permits.ts'

const caller = (over: Partial<Caller> = {}): Caller => ({
  id: 'clr_1',
  name: 'crm',
  kind: 'key',
  connections: ['graph'],
  allowTokens: false,
  limits: {},
  ...over,
})

describe('a permit', () => {
  it('covers the connections it names and no others', () => {
    expect(permits(caller(), 'graph', 'any')).toBe(true)
    expect(permits(caller(), 'graph2')).toBe(false)
    expect(permits(caller({ connections: [] }), 'graph')).toBe(false)
    expect(permits(caller({ connections: '*' }), 'whatever')).toBe(true)
    expect(requirePermit(caller(), 'other')).toMatchObject({
      code: 'permit_missing',
      detail: 'caller "crm" may not use connection "other"',
    })
  })

  it('that is bound to an upstream covers that one alone', () => {
    const bound = caller({ upstream: 'arm' })
    expect(permits(bound, 'graph', 'arm')).toBe(true)
    expect(permits(bound, 'graph', 'partner')).toBe(false)
    expect(permits(bound, 'graph')).toBe(true)
    expect(requireTokens({ ...bound, allowTokens: true }, 'graph')?.code).toBe('permit_missing')
    expect(requireTokens({ ...bound, allowTokens: true }, 'graph', 'arm')).toBeUndefined()
    expect(requirePermit(bound, 'graph', 'partner')?.detail).toContain('the upstream "arm"')
    expect(requirePermit(bound, 'other', 'arm')?.detail).toContain('connection "other"')
  })

  it('that is bound to a tenant of a template covers that one alone', () => {
    const bound = caller({ tenant: 'fabrikam.example' })
    expect(permits(bound, 'graph', 'arm', 'fabrikam.example')).toBe(true)
    expect(permits(bound, 'graph', 'arm', 'contoso.example')).toBe(false)
    expect(permits(bound, 'graph', 'arm')).toBe(false)
    expect(requirePermit(bound, 'graph', 'arm', 'contoso.example')?.code).toBe('permit_missing')
    expect(permits(bound, 'graph', 'arm', 'Fabrikam.example')).toBe(true)
    expect(permits(bound, 'graph', 'arm', '')).toBe(false)
    expect(permits(caller(), 'graph', 'arm', 'any.example')).toBe(true)
  })

  it('that is bound to the connection itself covers no tenant that is named', () => {
    const bound = caller({ tenant: '' })
    expect(permits(bound, 'graph', 'arm')).toBe(true)
    expect(permits(bound, 'graph', 'arm', 'fabrikam.example')).toBe(false)
    expect(requirePermit(bound, 'graph', 'arm', 'fabrikam.example')?.detail).toContain(
      '"graph@fabrikam.example"',
    )
  })

  it('of a bearer covers its own tenant of a template alone, unless every tenant is meant', () => {
    const own = '11111111-2222-4333-8444-555555555555'
    const bearer = caller({ kind: 'bearer', ownTenant: own, connections: ['graph', 'csp@*'] })
    expect(permits(bearer, 'graph', 'arm', own.toUpperCase())).toBe(true)
    expect(permits(bearer, 'graph', 'arm')).toBe(true)
    expect(permits(bearer, 'graph', 'arm', 'fabrikam.example')).toBe(false)
    expect(permits(bearer, 'csp', 'arm', 'fabrikam.example')).toBe(true)
    expect(permits(bearer, 'other', 'arm', own)).toBe(false)
    expect(permits({ ...bearer, connections: '*' }, 'any', 'arm', 'fabrikam.example')).toBe(false)
    expect(permits({ ...bearer, connections: '*' }, 'any', 'arm', own)).toBe(true)
    expect(permits({ ...bearer, connections: ['*@*'] }, 'any', 'arm', 'x.example')).toBe(true)
    expect(permits({ ...bearer, ownTenant: '' }, 'graph', 'arm', 'fabrikam.example')).toBe(false)
    expect(requirePermit(bearer, 'graph', 'arm', 'fabrikam.example')).toMatchObject({
      code: 'permit_missing',
      detail: expect.stringContaining('for its own tenant alone'),
      remedy: expect.stringContaining(`graph@${own}`),
    })
    // A key's permit says nothing of every tenant: it covers them anyway.
    expect(permits(caller({ connections: ['csp@*'] }), 'csp', 'arm', 'x.example')).toBe(false)
  })

  it('gives no raw tokens unless they are allowed, whatever the role', () => {
    expect(requireTokens(caller({ role: 'admin' }), 'graph')?.code).toBe('tokens_not_allowed')
    expect(requireTokens(caller({ allowTokens: true }), 'other')?.code).toBe('permit_missing')
    expect(requireTokens(caller({ allowTokens: true }), 'graph')).toBeUndefined()
  })
})

describe('a role', () => {
  const withoutRole = ['sessions.begin', 'sessions.revoke', 'directory.self', 'tokens.issue']
  const allowed = (role: Caller['role']): readonly string[] =>
    Object.keys(operations).filter((operation) =>
      mayPerform(caller(role === undefined ? {} : { role }), operation as Operation),
    )

  it('is needed for everything but tokens, one’s own session and oneself', () => {
    expect(allowed(undefined)).toEqual(withoutRole)
    expect(requireRole(caller(), 'traces.read')).toMatchObject({
      code: 'role_missing',
      detail: '"traces.read" needs the role "viewer", but caller "crm" has none',
    })
  })

  it('holds all that the roles below it hold, and something more', () => {
    for (const [i, role] of roles.entries()) {
      const below = allowed(roles[i - 1])
      expect(allowed(role)).toEqual(expect.arrayContaining([...below]))
      expect(allowed(role).length).toBeGreaterThan(below.length)
    }
    expect(allowed('admin')).toEqual(Object.keys(operations))
  })

  it('below admin changes neither who may call nor where tokens go', () => {
    const kept = ['connections.write', 'callers.write', 'facades.write', 'config.reload']
    expect(allowed('operator').filter((operation) => kept.includes(operation))).toEqual([])
    expect(allowed('viewer').filter((operation) => !operation.endsWith('.read'))).toEqual(
      withoutRole,
    )
  })
})
