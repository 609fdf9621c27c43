import { beforeEach, describe, expect, it } from 'vitest'
import {
  createFacadeFixture,
  refusalOf,
  type FacadeFixture,
} from '../../test/support/facade-fixture.ts'

describe('the desk of façade clients', () => {
  let made: FacadeFixture
  beforeEach(() => {
    made = createFacadeFixture()
  })

  it.each([
    'http://app.example/cb',
    'http://localhost.example/cb',
    'https://user@app.example/cb',
    'https://app.example/cb#part',
    'javascript:alert(1)',
    'data:text/html,x',
    'myapp:/cb',
    '/cb',
    '',
    'https://app.exämple/cb',
  ])('registers no redirect URI %j', async (uri) => {
    await expect(made.register({ redirectUris: [uri] })).rejects.toMatchObject({
      code: 'facade_invalid',
    })
  })

  it.each(['https://app.example/cb?x=1', 'http://127.0.0.1:8080/cb', 'com.example.app:/cb'])(
    'registers %s',
    async (uri) => {
      expect((await made.register({ redirectUris: [uri] })).secret).toMatch(/^egc_[\w-]{43}$/)
    },
  )

  it.each([
    [{ name: '' }],
    [{ name: 'a b' }],
    [{ redirectUris: [] }],
    [{ graceMs: -1 }],
    [{ isPublic: true, tokens: 'upstream' as const }],
  ])('refuses %j', async (draft) => {
    await expect(made.register(draft)).rejects.toMatchObject({ code: 'facade_invalid' })
  })

  it('keeps names apart among the living', async () => {
    await made.register()
    await expect(made.register()).rejects.toMatchObject({ code: 'facade_exists' })
    await made.facade.desk.revoke('salesforce')
    await made.register()
    expect(await made.facade.desk.list({ limit: 9 })).toHaveLength(1)
    expect(await made.facade.desk.list({ limit: 9, withRevoked: true })).toHaveLength(2)
  })

  it('makes another secret, and what was handed out stays good', async () => {
    const client = await made.register()
    const given = await made.connect(client)
    const { secret } = await made.facade.desk.rotateSecret('salesforce')
    expect(refusalOf(await made.refresh(client, given.refresh_token))).toBe('401 invalid_client')
    const renewed = { id: client.id, secret: secret?.reveal() ?? '' }
    expect(refusalOf(await made.refresh(renewed, given.refresh_token))).toBe('200 success')
  })

  it('approves only who needs it, and knows nobody unknown', async () => {
    const { desk } = made.facade
    await made.register()
    await made.register({ name: 'native', isPublic: true })
    await expect(desk.approve('salesforce')).rejects.toMatchObject({ code: 'facade_invalid' })
    await expect(desk.rotateSecret('native')).rejects.toMatchObject({ code: 'facade_invalid' })
    await expect(desk.approve('nobody')).rejects.toMatchObject({ code: 'facade_unknown' })
    await expect(desk.revoke('nobody')).rejects.toMatchObject({ code: 'facade_unknown' })
  })

  it('publishes metadata only of connections that have a client', async () => {
    expect(await made.facade.metadata('contoso-graph')).toBeUndefined()
    await made.register()
    expect(await made.facade.metadata('contoso-graph')).toMatchObject({
      issuer: 'https://evergrant.example/oauth/contoso-graph',
      code_challenge_methods_supported: ['S256'],
    })
    expect(await made.facade.metadata('other')).toBeUndefined()
  })
})
