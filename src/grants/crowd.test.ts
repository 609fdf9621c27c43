import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEngineFixture, granted } from '../../test/support/engine-fixture.ts'
import { issue } from '../../test/support/fake-token-endpoint.ts'
import { Secret } from '../kernel/index.ts'
import { createEntraProvider } from '../oauth/index.ts'
import { createCrowd, exchangesAtOnce, type Ticket } from './crowd.ts'
import type { ConnectionDefinition } from './connection.ts'

describe('a crowd', () => {
  it('never lets more in than there is room for, and forgets nobody', async () => {
    const commands = fc.array(fc.constantFrom('enter', 'leave', 'leave twice'), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), commands, async (limit, list) => {
        const crowd = createCrowd(limit)
        const inside: Ticket[] = []
        let asked = 0
        let left = 0
        for (const command of list) {
          if (command === 'enter') {
            asked++
            void crowd.enter('one').then((ticket) => inside.push(ticket))
          } else {
            const ticket = inside.shift()
            if (ticket !== undefined) left++
            ticket?.leave()
            if (command === 'leave twice') ticket?.leave()
          }
          for (let i = 0; i < 5; i++) await Promise.resolve()
          expect(inside).toHaveLength(Math.min(limit, asked - left))
        }
      }),
    )
  })

  it('at one provider keeps nobody from another', async () => {
    const crowd = createCrowd(1)
    await crowd.enter('slow.example')
    expect((await crowd.enter('other.example')).hasWaited).toBe(false)
  })
})

describe('tenants that come all at once', () => {
  const base: ConnectionDefinition = {
    name: 'contoso-graph',
    provider: createEntraProvider({ tenant: 'any.example' }),
    clientId: 'client-1',
    credentials: [
      { kind: 'secret', method: 'client_secret_post', read: () => new Secret('planted') },
    ],
    grant: 'client_credentials',
    target: { resource: 'https://graph.microsoft.com' },
    version: 't1',
  }
  const template = {
    ...base,
    forTenant: (tenant: string) => ({ ...base, provider: createEntraProvider({ tenant }) }),
  }

  it('are not all sent at once, and all get their token', async () => {
    const fixture = createEngineFixture()
    const engine = fixture.engine(template)
    const isOpen = Promise.withResolvers<void>()
    let open = 0
    let most = 0
    fixture.endpoint.answer = async (request) => {
      most = Math.max(most, ++open)
      await isOpen.promise
      open--
      return issue(request)
    }
    const tenants = Array.from({ length: exchangesAtOnce + 72 }, (_, i) => `t${i}.example`)
    const calls = tenants.map((tenant) => engine.connection(`contoso-graph@${tenant}`).getToken())
    await fixture.endpoint.arrival(exchangesAtOnce)
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(fixture.endpoint.requests).toHaveLength(exchangesAtOnce)
    isOpen.resolve()
    const texts = (await Promise.all(calls)).map((result) => granted(result).token.secret.reveal())
    expect(new Set(texts).size).toBe(tenants.length)
    expect(most).toBe(exchangesAtOnce)
  })

  it('beyond the crowd have claimed nothing while they wait, so that nothing of them is unknown', async () => {
    const fixture = createEngineFixture()
    const engine = fixture.engine(template)
    const isOpen = Promise.withResolvers<void>()
    fixture.endpoint.answer = async (request) => {
      await isOpen.promise
      return issue(request)
    }
    const calls = Array.from({ length: exchangesAtOnce + 1 }, (_, i) =>
      engine.connection(`contoso-graph@t${i}.example`).getToken(),
    )
    await fixture.endpoint.arrival(exchangesAtOnce)
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
    const claims = fixture.store.calls.filter((call) => call === 'beginExchange')
    expect(claims).toHaveLength(exchangesAtOnce)
    isOpen.resolve()
    await Promise.all(calls)
  })
})
