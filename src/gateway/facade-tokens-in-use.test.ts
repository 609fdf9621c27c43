import { beforeEach, describe, expect, it } from 'vitest'
import {
  bodyOf,
  createFacadeFixture,
  refusalOf,
  type FacadeFixture,
  type TokenBody,
} from '../../test/support/facade-fixture.ts'
import type { FacadeAnswer } from './facade.ts'

describe('tokens of the façade in use', () => {
  let made: FacadeFixture
  let client: { readonly id: string; readonly secret: string }
  let given: TokenBody
  beforeEach(async () => {
    made = createFacadeFixture()
    client = await made.register()
    given = await made.connect(client)
  })
  const userinfo = async (
    request: { readonly authorization?: string; readonly query?: string; readonly body?: string },
    connection = 'contoso-graph',
  ): Promise<FacadeAnswer> =>
    await made.facade.userinfo({ connection, method: 'GET', requestId: 'r', ...request })

  it('are nobody’s at UserInfo of another connection, when unknown, or of the wrong kind', async () => {
    const authorization = `Bearer ${given.access_token}`
    for (const answer of [
      await userinfo({ authorization }, 'other'),
      await userinfo({}),
      await userinfo({ authorization: 'Bearer egf_unknown' }),
      await userinfo({ query: `access_token=${given.refresh_token}` }),
    ]) {
      expect(refusalOf(answer)).toBe('401 invalid_token')
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer .*error="invalid_token"/)
    }
  })

  it('tell at UserInfo what they stand for, from header, query and form', async () => {
    const answers = [
      await userinfo({ authorization: `bearer ${given.access_token}` }),
      await userinfo({ query: `access_token=${given.access_token}` }),
      await userinfo({ body: `access_token=${given.access_token}` }),
    ]
    for (const { body } of answers) {
      expect(body).toMatchObject({
        sub: 'contoso-graph',
        email: 'contoso-graph@evergrant.invalid',
      })
    }
  })

  it('of the provider are known at UserInfo, too', async () => {
    const direct = await made.register({ name: 'direct', tokens: 'upstream' })
    const { access_token } = await made.connect(direct)
    const { body } = await userinfo({ authorization: `Bearer ${access_token}` })
    expect(body).toMatchObject({ sub: 'contoso-graph' })
  })

  it('make a caller that is bound to the connection and holds no role', async () => {
    expect(await made.facade.authenticate(given.access_token)).toEqual({
      ok: true,
      value: {
        id: client.id,
        name: 'salesforce',
        kind: 'facade',
        connections: ['contoso-graph'],
        tenant: '',
        allowTokens: false,
        limits: {},
      },
    })
    // From memory now, without a promise.
    expect(made.facade.authenticate(given.access_token)).toMatchObject({ value: { id: client.id } })
  })

  it('make no caller once they are dead, of another kind, or revoked', async () => {
    const isRefused = async (token: string): Promise<boolean> => {
      const answer = await made.facade.authenticate(token)
      return !answer.ok
    }
    await made.facade.authenticate(given.access_token)
    expect(await isRefused(given.refresh_token)).toBe(true)
    await made.clock.advance(3_600_000)
    expect(await isRefused(given.access_token)).toBe(true)
    const again = bodyOf(await made.refresh(client, given.refresh_token))
    expect(await isRefused(again.access_token)).toBe(false)
    await made.facade.desk.revoke('salesforce')
    expect(await isRefused(again.access_token)).toBe(true)
    expect(refusalOf(await made.refresh(client, given.refresh_token))).toBe('401 invalid_client')
  })

  it('are not remembered when they are revoked while they are looked up', async () => {
    const asked = made.facade.authenticate(given.access_token)
    made.facade.forget()
    await asked
    expect(made.facade.authenticate(given.access_token)).toBeInstanceOf(Promise)
  })

  it('are taken back by their client alone: an access token by itself, a refresh token with all', async () => {
    const revoke = async (token: string, by = client): Promise<string> =>
      refusalOf(await made.post('revoke', { token, client_id: by.id, client_secret: by.secret }))
    const other = await made.register({ name: 'n8n' })
    expect(await revoke(given.refresh_token, other)).toBe('200 success')
    expect(await revoke(given.refresh_token, { ...client, secret: 'egc_wrong' })).toBe(
      '401 invalid_client',
    )
    expect(await revoke('', client)).toBe('400 invalid_request')
    const second = bodyOf(await made.refresh(client, given.refresh_token))
    expect(await revoke(second.access_token)).toBe('200 success')
    expect(await made.facade.authenticate(second.access_token)).toMatchObject({ ok: false })
    expect(await made.facade.authenticate(given.access_token)).toMatchObject({ ok: true })
    expect(await revoke(given.refresh_token)).toBe('200 success')
    expect(await made.facade.authenticate(given.access_token)).toMatchObject({ ok: false })
    expect(refusalOf(await made.refresh(client, given.refresh_token))).toBe('400 invalid_grant')
  })

  it('are swept out of the store when their time is over', async () => {
    const count = async (): Promise<number> => await made.store.sweepFacade(made.clock.now())
    await made.refresh(client, given.refresh_token)
    await made.clock.advance(3_600_000)
    // Two access tokens; the used code is remembered for a day.
    expect(await count()).toBe(2)
    await made.clock.advance(86_400_000)
    expect(await count()).toBe(1)
    expect(bodyOf(await made.refresh(client, given.refresh_token))).toBeDefined()
  })
})
