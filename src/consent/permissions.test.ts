import { describe, expect, it } from 'vitest'
import { fakeJwt } from '../../test/support/fake-jwt.ts'
import type { ConnectionDefinition } from '../grants/index.ts'
import { Secret, type AccessToken } from '../kernel/index.ts'
import { canonicalTarget, createEntraProvider, createOAuth2Provider } from '../oauth/index.ts'
import { comparePermissions } from './permissions.ts'

const graph = { resource: 'https://graph.microsoft.com' }
const definition = (over: Partial<ConnectionDefinition> = {}): ConnectionDefinition => ({
  name: 'csp',
  provider: createEntraProvider({ tenant: '11111111-2222-4333-8444-555555555555' }),
  clientId: 'app',
  credentials: [],
  grant: 'authorization_code',
  target: graph,
  version: '1',
  ...over,
})
const requiring = (...scopes: readonly string[]): ConnectionDefinition =>
  definition({ requires: new Map([[canonicalTarget(graph), scopes]]) })
const token = (claims: object | undefined, scope?: string): AccessToken => ({
  secret: new Secret(claims === undefined ? 'opaque' : fakeJwt({ ...claims })),
  tokenType: 'Bearer',
  issuedAt: 0,
  expiresAt: 1,
  ...(scope === undefined ? {} : { scope }),
})

describe('permissions', () => {
  it('are not missing where nobody can say what a token holds', () => {
    const compared = comparePermissions(requiring('User.Read'), graph, token(undefined))
    expect(compared).toMatchObject({ source: 'none', required: ['User.Read'], missing: [] })
    expect(comparePermissions(requiring('User.Read'), graph, undefined).missing).toEqual([])
  })

  it('are missing that the token does not hold, whatever the case of their names', () => {
    const held = token({ scp: 'openid profile user.read Mail.Send' }, 'ignored')
    expect(comparePermissions(requiring('User.Read', 'Directory.Read.All'), graph, held)).toEqual({
      target: 'resource https://graph.microsoft.com',
      required: ['User.Read', 'Directory.Read.All'],
      granted: ['Mail.Send', 'user.read'],
      missing: ['Directory.Read.All'],
      additional: ['Mail.Send'],
      source: 'token',
      missingScopes: ['https://graph.microsoft.com/Directory.Read.All'],
    })
  })

  it('are those that the target names, beside those that are required', () => {
    const target = { scope: 'https://graph.microsoft.com/User.Read offline_access Mail.Send' }
    const compared = comparePermissions(definition({ target }), target, token({ scp: 'x' }))
    expect(compared.required).toEqual(['User.Read', 'Mail.Send'])
    expect(compared.missingScopes).toEqual([
      'https://graph.microsoft.com/User.Read',
      'https://graph.microsoft.com/Mail.Send',
    ])
    const whole = { scope: 'https://graph.microsoft.com/.default' }
    expect(comparePermissions(definition(), whole, token({ scp: 'x' })).required).toEqual([])
  })

  it('are roles in a token of the application, and what the provider said of an opaque one', () => {
    const roles = comparePermissions(requiring('A.B'), graph, token({ roles: ['A.B', 7] }))
    expect(roles).toMatchObject({ granted: ['A.B'], missing: [], source: 'token' })
    const said = comparePermissions(
      requiring('A.B'),
      graph,
      token(undefined, 'https://graph.microsoft.com/A.B'),
    )
    expect(said).toMatchObject({ granted: ['A.B'], source: 'answer' })
  })

  it('are compared letter by letter at other providers', () => {
    const provider = createOAuth2Provider({
      tokenEndpoint: 'https://as.example/token',
      rotation: { model: 'strict', graceMs: 0 },
    })
    const target = { scope: 'read https://api.example/write' }
    const compared = comparePermissions(
      definition({ provider, target }),
      target,
      token(undefined, 'Read https://api.example/write'),
    )
    expect(compared).toMatchObject({ missing: ['read'], additional: ['Read'] })
  })
})
