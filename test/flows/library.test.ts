import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEvergrant, type Evergrant } from '../../src/index.ts'
import { makeWorld, type SharedWorld } from '../support/services.ts'

let world: SharedWorld
let evergrant: Evergrant
const graphScopes = 'https://graph.microsoft.com/.default'

beforeEach(async () => {
  world = await makeWorld('SQLite')
  const { graph } = world.simulator.urls
  await world.define(
    {},
    `
  several:
    provider: contoso
    tenant: '*'
    client: { id: ${world.simulator.client.id}, credentials: [{ secret: { file: ./secret } }] }
    grant: client_credentials
    resource: https://graph.microsoft.com
    upstreams:
      graph: { url: "${graph}", resource: https://graph.microsoft.com }
      arm: { url: https://management.azure.com, resource: https://management.azure.com }
`,
  )
  evergrant = await createEvergrant({ config: world.configPath, env: {} })
})
afterEach(async () => {
  await evergrant.close()
  await world.close()
})

const several = (options?: { readonly upstream?: string }): ReturnType<Evergrant['connection']> =>
  evergrant.connection(`several@${world.simulator.tenant}`, options)

const audienceOf = ({ token }: { readonly token: string }): unknown => {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return (JSON.parse(payload) as { readonly aud: unknown }).aud
}

describe('createEvergrant', () => {
  it('refuses what is not there with the code of the matter', async () => {
    expect(() => evergrant.connection('ap')).toThrow('did you mean "app"?')
    expect(() => evergrant.connection('several')).toThrow('is a template and gives no tokens')
    expect(() => evergrant.connection('several@no tenant')).toThrow('tenant')
    expect(() => several({ upstream: 'amr' })).toThrow('did you mean "arm"?')
    await expect(several().getToken('https://vault.azure.net/.default')).rejects.toMatchObject({
      code: 'usage',
      detail: expect.stringContaining('https://vault.azure.net'),
    })
    await expect(createEvergrant({ config: 'none.yaml' })).rejects.toMatchObject({
      code: 'config_not_found',
    })
    expect(world.tokenRequests()).toEqual([])
  })

  it('gives the same connection for the same name and upstream, and keeps upstreams apart', () => {
    expect(several()).toBe(several())
    expect(several({ upstream: 'arm' })).toBe(several({ upstream: 'arm' }))
    expect(several({ upstream: 'arm' })).not.toBe(several())
  })

  it('tells targets by their scopes, in whatever order and form an SDK asks', async () => {
    const connection = several()
    const arm = await connection.getToken(['https://management.azure.com/.default'])
    const graph = await connection.getToken([graphScopes])
    expect([audienceOf(arm), audienceOf(graph)]).toEqual([
      expect.stringContaining('management.azure.com'),
      expect.stringContaining('graph.microsoft.com'),
    ])
    expect(await connection.getToken(graphScopes)).toBe(graph)
    expect(graph.expiresOnTimestamp).toBeGreaterThan(Date.now())
    expect(world.tokenRequests()).toHaveLength(2)
  })

  it('answers a claims challenge with a new token, and everyone gets that one from then on', async () => {
    const connection = several()
    const first = await connection.getToken(graphScopes)
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}'
    const second = await connection.getToken([graphScopes], { claims })
    expect(second.token).not.toBe(first.token)
    expect(await connection.getToken(graphScopes)).toEqual(second)
    expect(world.tokenRequests()).toHaveLength(2)
  })

  it('ends a caller’s wait by its signal, not the request that others wait for', async () => {
    const { id } = world.simulator.control.addFault({
      match: { kind: 'token' },
      effect: { kind: 'hold' },
    })
    const leaving = new AbortController()
    const left = several().getToken(graphScopes, { abortSignal: leaving.signal })
    const stays = several().getToken(graphScopes)
    await vi.waitFor(() => expect(world.tokenRequests()).toHaveLength(1))
    leaving.abort(new Error('left'))
    await expect(left).rejects.toThrow('left')
    world.simulator.control.release(id)
    expect((await stays).token).toMatch(/^ey/)
    expect(world.tokenRequests()).toHaveLength(1)
  })

  it('sends a token to the addresses of its upstreams alone, and renews a refused one', async () => {
    const users = `${world.simulator.urls.graph}/v1.0/users?$top=1`
    await expect(several({ upstream: 'arm' }).fetch(users)).rejects.toMatchObject({ code: 'usage' })
    await expect(several().fetch('https://elsewhere.example/')).rejects.toMatchObject({
      code: 'usage',
    })
    expect((await several({ upstream: 'graph' }).fetch(users)).status).toBe(200)
    world.simulator.control.expireTokens()
    expect((await several().fetch(users)).status).toBe(200)
    expect(world.tokenRequests()).toHaveLength(2)
  })

  it('gives nothing more once it is closed, however often that is', async () => {
    const connection = several()
    await evergrant.close()
    await evergrant.close()
    await expect(connection.getToken(graphScopes)).rejects.toMatchObject({ code: 'engine_closed' })
  })
})
