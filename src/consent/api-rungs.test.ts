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
      expect(await proven(partner, body)).toEqual({ 'Partner Center profile': 'failed' })
      expect(await proven(partner, body, false)).toEqual({ 'Partner Center profile': 'unverified' })
      expect(await proven(arm, body)).toEqual({ 'Resource Manager subscriptions': 'unverified' })
      expect(await proven(graph, body)).toEqual({
        'Graph account': 'unverified',
        'partner roles': 'unverified',
      })
    },
  )

  it('with members that are none does not break the trial off', async () => {
    const body = '{"id":"A","value":[null,1,"x",{"displayName":"AdminAgents"}]}'
    expect(await proven(graph, body)).toEqual({
      'Graph account': 'passed',
      'partner roles': 'passed',
    })
  })

  it('that is the API’s is a proof', async () => {
    expect(await proven(partner, '{"id":"p"}')).toEqual({ 'Partner Center profile': 'passed' })
    expect(await proven(arm, '{"value":[]}')).toEqual({
      'Resource Manager subscriptions': 'passed',
    })
  })
})
