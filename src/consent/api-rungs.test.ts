import { describe, expect, it } from 'vitest'
import { Secret, systemClock } from '../kernel/index.ts'
import { createEntraProvider } from '../oauth/index.ts'
import { climb } from './api-rungs.ts'

const partner = { resource: 'https://api.partnercenter.microsoft.com' }
const arm = { resource: 'https://management.azure.com' }
const graph = { resource: 'https://graph.microsoft.com' }

/** What is proven when the API answers 200 with this. */
async function proven(
  target: { readonly resource: string },
  body: string,
  isTrial = true,
): Promise<Readonly<Record<string, string>>> {
  const definition = {
    name: 'csp',
    provider: createEntraProvider({ tenant: '11111111-2222-4333-8444-555555555555' }),
    clientId: 'app',
    credentials: [],
    grant: 'authorization_code',
    target: partner,
    version: '1',
  } as const
  const token = { secret: new Secret('t'), tokenType: 'Bearer', issuedAt: 0, expiresAt: 1 }
  const proofs = await climb(
    definition,
    target,
    token,
    { subject: 'a', isTrial },
    { fetch: async () => new Response(body), clock: systemClock, upstreamUrl: () => undefined },
  )
  const failed = proofs.filter(({ outcome }) => outcome === 'failed')
  expect(failed.map(({ error }) => error)).not.toContain(undefined)
  return Object.fromEntries(proofs.map(({ proof, outcome }) => [proof, outcome]))
}

describe('an answer 200 of an API', () => {
  it.each(['', '<html>Sign in to the network</html>', '[]', 'null', '{}', '{"value":{}}'])(
    'that is %j proves nothing, and is no yes of Partner Center',
    async (body) => {
      const calls = ['profile', 'customers'].map((call) => `Partner Center ${call}`)
      const all = (names: readonly string[], outcome: string): object =>
        Object.fromEntries(names.map((name) => [name, outcome]))
      expect(await proven(partner, body)).toEqual(all(calls, 'failed'))
      expect(await proven(partner, body, false)).toEqual(all(calls, 'unverified'))
      const lists = ['subscriptions', 'tenants'].map((list) => `Resource Manager ${list}`)
      expect(await proven(arm, body)).toEqual(all(lists, 'unverified'))
      const ofGraph = ['Graph account', 'partner roles', 'Graph organization']
      expect(await proven(graph, body)).toEqual(all(ofGraph, 'unverified'))
    },
  )

  it('with members that are none does not break the trial off', async () => {
    const body = '{"id":"A","value":[null,1,"x",{"displayName":"AdminAgents"}]}'
    expect(await proven(graph, body)).toEqual({
      'Graph account': 'passed',
      'partner roles': 'passed',
      'Graph organization': 'unverified',
    })
  })

  it('of the organization of another tenant is no proof of this one', async () => {
    const other = '{"value":[{"id":"22222222-2222-4333-8444-555555555555"}]}'
    expect(await proven(graph, other)).toMatchObject({ 'Graph organization': 'failed' })
    const own = '{"value":[{"id":"11111111-2222-4333-8444-555555555555"}]}'
    expect(await proven(graph, own)).toMatchObject({ 'Graph organization': 'passed' })
  })

  it('that is the API’s is a proof', async () => {
    expect(await proven(partner, '{"id":"p","items":[]}')).toEqual({
      'Partner Center profile': 'passed',
      'Partner Center customers': 'passed',
    })
    expect(await proven(arm, '{"value":[]}')).toEqual({
      'Resource Manager subscriptions': 'passed',
      'Resource Manager tenants': 'passed',
    })
  })
})

describe('a call of a trial that fails for a moment', () => {
  const clock = { ...systemClock, sleep: async (): Promise<void> => {} }
  /** How often it is asked when every answer is this one. */
  async function asked(answer: () => Response, isTrial = true): Promise<number> {
    let count = 0
    const definition = {
      name: 'csp',
      provider: createEntraProvider({ tenant: '11111111-2222-4333-8444-555555555555' }),
      clientId: 'app',
      credentials: [],
      grant: 'authorization_code',
      target: arm,
      version: '1',
    } as const
    const token = { secret: new Secret('t'), tokenType: 'Bearer', issuedAt: 0, expiresAt: 1 }
    const fetch = async (): Promise<Response> => {
      count++
      return answer()
    }
    const world = { fetch, clock, upstreamUrl: () => undefined }
    await climb(definition, arm, token, { subject: 'a', isTrial }, world)
    // Two rungs.
    return count / 2
  }

  it('is made once more, and never where that would show nothing', async () => {
    expect(await asked(() => new Response('', { status: 503 }))).toBe(2)
    const breaks = (): Response => {
      throw new TypeError('the network is away')
    }
    expect(await asked(breaks)).toBe(2)
    const throttled = (seconds: string) => (): Response =>
      new Response('', { status: 429, headers: { 'retry-after': seconds } })
    expect(await asked(throttled('2'))).toBe(2)
    expect(await asked(throttled('60'))).toBe(1)
    expect(await asked(() => new Response('', { status: 403 }))).toBe(1)
    expect(await asked(() => new Response('', { status: 503 }), false)).toBe(1)
  })
})
