import { writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { realResources, startRealProvider, type RealProvider } from '../support/real-provider.ts'
import { makeWorld, type SharedWorld } from '../support/services.ts'

let world: SharedWorld
let provider: RealProvider

const upstreams = realResources.map((resource) => /\w+(?=\.example)/.exec(resource)?.[0] ?? '')

beforeEach(async () => {
  provider = await startRealProvider()
})
afterEach(async () => {
  await world.close()
  await provider.close()
})

/** A world with one more connection, to the real provider, whose grant is proven. */
async function makeRealWorld(store: 'SQLite' | 'PostgreSQL'): Promise<void> {
  world = await makeWorld(store)
  const { issuer, clientId, clientSecret } = provider
  await writeFile(`${world.folder}/real-secret`, clientSecret, { mode: 0o600 })
  const entry = (targets: string): string => `  real:
    provider: real
    client: { id: ${clientId}, credentials: [{ secret: { file: ./real-secret } }] }
    grant: authorization_code
    scope: openid offline_access
${targets}`
  const targets = realResources.map(
    (resource, i) => `      ${upstreams[i]}: { resource: ${resource} }`,
  )
  const named = { real: `{ type: oidc, issuer: "${issuer}" }` }
  await world.define(named, entry(''))
  const adopted = await world.evergrant(['connections', 'adopt', 'real'], await provider.signIn())
  expect(adopted.note).toBe('')
  await world.define(named, entry(`    upstreams:\n${targets.join('\n')}\n`))
}

describe.each(['SQLite', 'PostgreSQL'] as const)(
  'processes over %s at a real provider',
  (store) => {
    it('never send it a refresh token that it has rotated', async () => {
      await makeRealWorld(store)
      const before = provider.redemptions.granted
      const services = await Promise.all([world.service(), world.service(), world.service()])
      await Promise.all(
        services.flatMap((service, i) =>
          upstreams.map(async (_, j) => {
            const upstream = upstreams[(i + j) % upstreams.length] ?? ''
            const scopes = `https://${upstream}.example/.default`
            const seen = await service.tokens('real', scopes, { upstream, callers: 50 })
            expect(Object.keys(seen)[0]).not.toContain('error')
            expect(Object.values(seen)).toEqual([50])
          }),
        ),
      )
      expect(provider.redemptions.granted - before).toBe(upstreams.length)
      expect(provider.ended.count).toBe(0)
    })
  },
)

describe('a service that dies with the real provider’s answer in its hands', () => {
  it('leaves a grant that nobody ends by sending the spent token again', async () => {
    await makeRealWorld('SQLite')
    const [upstream = ''] = upstreams
    const scopes = `https://${upstream}.example/.default`
    const killed = await world.service()
    const other = await world.service()
    await killed.trap({ place: 'after-answer', signal: 'SIGKILL' })
    await expect(killed.tokens('real', scopes, { upstream })).rejects.toThrow('SIGKILL')
    const asked = provider.redemptions.asked
    expect(await other.tokens('real', scopes, { upstream, callers: 20 })).toEqual({
      'error refresh_unknown': 20,
    })
    expect(provider.redemptions.asked).toBe(asked)
    expect(provider.ended.count).toBe(0)

    // Only an operator's word sends it again, and the provider then does what it says it does.
    const resent = await world.evergrant(['connections', 'refresh', 'real', '--resend'])
    expect(resent.exit).toBe(3)
    expect(resent.note).toContain('[grant_lapsed]')
    expect(provider.ended.count).toBe(1)
    const { last_failure: failure } = await world.show('real')
    expect(failure).toMatchObject({ code: 'grant_lapsed' })
  })
})
