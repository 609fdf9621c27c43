import { describe, expect, it } from 'vitest'
import { Secret, systemClock } from '../kernel/index.ts'
import { createEntraProvider, createOidcProvider, type TokenAnswer } from '../oauth/index.ts'
import { createLadder, plannedProofs } from './ladder.ts'

const tenant = '11111111-2222-4333-8444-555555555555'

/** What is concluded from the claims of the sign-in’s tokens. */
function conclude(
  idToken: Readonly<Record<string, unknown>>,
  accessToken: Readonly<Record<string, unknown>> = {},
  provider = createEntraProvider({ tenant }),
): Readonly<Record<string, string>> {
  const answer: TokenAnswer = {
    token: { secret: jwt(accessToken), tokenType: 'Bearer', issuedAt: 0, expiresAt: 1 },
    idToken: jwt({ tid: tenant, ...idToken }),
  }
  const definition = {
    name: 'csp',
    provider,
    clientId: 'app',
    credentials: [],
    grant: 'authorization_code',
    target: { resource: 'https://graph.microsoft.com' },
    version: '1',
  } as const
  const ladder = createLadder(definition, answer, {
    fetch,
    clock: systemClock,
    upstreamUrl: () => undefined,
  })
  const proofs = ladder.conclude?.() ?? []
  return Object.fromEntries(proofs.map(({ proof, outcome }) => [proof, outcome]))
}

function jwt(claims: object): Secret {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return new Secret(`${part({ alg: 'none' })}.${part(claims)}.signature`)
}

describe('what the tokens of a sign-in show', () => {
  it.each([
    [{ acct: 1 }, 'failed'],
    [{ acct: '1' }, 'failed'],
    [{ idp: 'https://sts.windows.net/99999999-2222-4333-8444-555555555555/' }, 'failed'],
    [{ idp: 'live.com' }, 'failed'],
    [{ idp: `https://sts.windows.net/${tenant}/` }, 'unverified'],
    [{}, 'unverified'],
    [{ acct: 0 }, 'passed'],
  ])('about the account’s home, from %j: %s', (claims, outcome) => {
    expect(conclude(claims)).toMatchObject({ 'member of the tenant': outcome })
  })

  it('about the second factor: evidence in either token, and its absence is no failure', () => {
    const mfa = 'multi-factor authentication'
    expect(conclude({})).toMatchObject({ [mfa]: 'unverified' })
    expect(conclude({ amr: ['pwd'] }, { amr: 'mfa' })).toMatchObject({ [mfa]: 'unverified' })
    expect(conclude({ amr: ['pwd', 'mfa'] })).toMatchObject({ [mfa]: 'passed' })
    expect(conclude({}, { amr: ['mfa'] })).toMatchObject({ [mfa]: 'passed' })
  })

  it('is not read at providers that are not Entra', () => {
    const provider = createOidcProvider({ issuer: 'https://sso.example' })
    expect(conclude({ acct: 1 }, {}, provider)).toEqual({})
  })
})

describe('the proofs to come', () => {
  const definition = {
    name: 'csp',
    provider: createEntraProvider({ tenant }),
    clientId: 'app',
    credentials: [],
    grant: 'authorization_code',
    target: { resource: 'https://api.partnercenter.microsoft.com' },
    targets: new Map([['graph', { resource: 'https://graph.microsoft.com' }]]),
    version: '1',
  } as const
  const context = { fetch, clock: systemClock, upstreamUrl: () => undefined }

  it('are known before the first is tried, in order', () => {
    expect(plannedProofs(definition, context)).toEqual([
      'resource https://api.partnercenter.microsoft.com',
      'Partner Center profile',
      'Partner Center customers',
      'resource https://graph.microsoft.com',
      'Graph account',
      'partner roles',
      'Graph organization',
      'identity',
      'member of the tenant',
      'multi-factor authentication',
    ])
  })
})
