import { beforeEach, describe, expect, it } from 'vitest'
import {
  bodyOf,
  callback,
  challenge,
  createFacadeFixture,
  refusalOf,
  verifier,
  type FacadeFixture,
} from '../../test/support/facade-fixture.ts'
import type { FacadeClientDraft } from './facade-desk.ts'

interface Client {
  readonly id: string
  readonly secret: string
}

describe('the token endpoint of the façade', () => {
  let made: FacadeFixture
  let client: Client
  beforeEach(async () => {
    made = createFacadeFixture()
    client = await made.register()
  })
  const codeFor = async (
    { id }: Client,
    parameters: Readonly<Record<string, string>> = {},
  ): Promise<string> =>
    (
      await made.authorize({ client_id: id, redirect_uri: callback, ...parameters })
    ).searchParams.get('code') ?? ''
  const redeem = async (
    code: string,
    change: Readonly<Record<string, string>> = {},
    options: { readonly authorization?: string; readonly connection?: string } = {},
  ): ReturnType<FacadeFixture['post']> =>
    await made.post(
      'token',
      {
        grant_type: 'authorization_code',
        code,
        redirect_uri: callback,
        client_id: client.id,
        client_secret: client.secret,
        ...change,
      },
      options,
    )
  const basic = (id: string, secret: string): string =>
    `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`

  it.each([
    ['a wrong secret', { client_secret: 'egc_wrong' }],
    ['no secret', { client_secret: '' }],
    ['an unknown client', { client_id: 'fac_other' }],
    ['a name in place of the id', { client_id: 'salesforce' }],
  ])('refuses a client with %s', async (_, change) => {
    const answer = await redeem(await codeFor(client), change)
    expect(refusalOf(answer)).toBe('401 invalid_client')
    expect(answer.headers['www-authenticate']).toMatch(/^Basic /)
  })

  it('refuses a client at the address of another connection', async () => {
    const answer = await redeem(await codeFor(client), {}, { connection: 'other' })
    expect(refusalOf(answer)).toBe('401 invalid_client')
  })

  it('refuses header and body that do not agree', async () => {
    const authorization = basic(client.id, 'egc_other')
    expect(refusalOf(await redeem(await codeFor(client), {}, { authorization }))).toBe(
      '401 invalid_client',
    )
  })

  it.each([
    ['an unknown code', { code: 'egd_unknown' }, 'invalid_grant'],
    ['no code', { code: '' }, 'invalid_request'],
    ['another address', { redirect_uri: 'https://evil.example' }, 'invalid_grant'],
    ['no address', { redirect_uri: '' }, 'invalid_grant'],
    ['a verifier nobody asked for', { code_verifier: verifier }, 'invalid_grant'],
    ['another grant type', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['no grant type', { grant_type: '' }, 'invalid_request'],
  ])('refuses %s', async (_, change, error) => {
    expect(refusalOf(await redeem(await codeFor(client), change))).toBe(`400 ${error}`)
  })

  it('refuses a parameter that stands twice', async () => {
    const answer = await made.facade.token({
      connection: 'contoso-graph',
      method: 'POST',
      requestId: 'r',
      body: 'grant_type=refresh_token&grant_type=authorization_code',
    })
    expect(refusalOf(answer)).toBe('400 invalid_request')
  })

  it('refuses a code of another client', async () => {
    const other = await made.register({ name: 'n8n' })
    expect(refusalOf(await redeem(await codeFor(other)))).toBe('400 invalid_grant')
  })

  it.each([
    ['without its verifier', {}],
    ['with another verifier', { code_verifier: verifier.replace('a', 'b') }],
    ['with the challenge as verifier', { code_verifier: challenge }],
  ])('refuses a code with PKCE %s', async (_, change) => {
    const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
    expect(refusalOf(await redeem(await codeFor(client, pkce), change))).toBe('400 invalid_grant')
  })

  it('refuses a code after a minute', async () => {
    const code = await codeFor(client)
    await made.clock.advance(60_000)
    expect(refusalOf(await redeem(code))).toBe('400 invalid_grant')
  })

  it('revokes what a code gave when the code is used again, though it has died', async () => {
    const code = await codeFor(client)
    const given = bodyOf(await redeem(code))
    await made.clock.advance(3 * 60_000)
    expect(refusalOf(await redeem(code))).toBe('400 invalid_grant')
    expect(refusalOf(await made.refresh(client, given.refresh_token))).toBe('400 invalid_grant')
    expect(await made.facade.authenticate(given.access_token)).toMatchObject({ ok: false })
    expect(made.events.map(({ type }) => type)).toContain('facade.code_replayed')
  })

  it('gives one of many parallel uses of a code tokens, and takes them away for the others', async () => {
    const code = await codeFor(client)
    const answers = await Promise.all(Array.from({ length: 10 }, async () => await redeem(code)))
    const given = answers.filter(({ status }) => status === 200)
    expect(given).toHaveLength(1)
    const [{ refresh_token }] = given.map(bodyOf) as [ReturnType<typeof bodyOf>]
    expect(refusalOf(await made.refresh(client, refresh_token))).toBe('400 invalid_grant')
  })

  it('says 503 while the provider gives no token, and takes the code afterwards', async () => {
    const { endpoint } = made.engine
    const { answer: usual } = endpoint
    endpoint.answer = () => new Response('down', { status: 503, headers: { 'retry-after': '9' } })
    const code = await codeFor(client)
    const answer = await redeem(code)
    expect(refusalOf(answer)).toBe('503 temporarily_unavailable')
    expect(answer.headers['retry-after']).toBe('9')
    endpoint.answer = usual
    await made.clock.advance(10_000)
    expect(bodyOf(await redeem(code))).toBeDefined()
  })

  it('takes the client’s word by Basic, form-encoded, also where the body says the same', async () => {
    const encoded = (text: string): string =>
      text.replaceAll(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`)
    const authorization = basic(encoded(client.id), encoded(client.secret))
    const alone = { client_id: '', client_secret: '' }
    expect(bodyOf(await redeem(await codeFor(client), alone, { authorization }))).toBeDefined()
    expect(bodyOf(await redeem(await codeFor(client), {}, { authorization }))).toBeDefined()
  })

  it('hands out a token of its own, a refresh token, and an honest life', async () => {
    const given = await made.connect(client)
    expect(given).toEqual({
      access_token: expect.stringMatching(/^egf_[\w-]{43}$/) as string,
      token_type: 'Bearer',
      expires_in: 3_600,
      refresh_token: expect.stringMatching(/^egr_[\w-]{43}$/) as string,
      scope: 'api',
    })
    expect(client.secret.length).toBeLessThanOrEqual(100)
    expect(made.traces.at(-1)).toMatchObject({ endpoint: 'token', outcome: 'served' })
  })

  it('grants the scope that was asked for, but no ID token', async () => {
    const given = bodyOf(await redeem(await codeFor(client, { scope: 'openid refresh_token web' })))
    expect(given.scope).toBe('refresh_token web')
    expect(given).not.toHaveProperty('id_token')
  })

  it('leaves no secret in traces, events and the store', async () => {
    const given = await made.connect(client)
    await made.refresh(client, given.refresh_token)
    await redeem('egd_unknown')
    const kept = JSON.stringify([
      made.traces,
      made.events,
      made.store,
      await made.store.listFacadeClients({ limit: 9 }),
    ])
    for (const secret of [client.secret, given.access_token, given.refresh_token]) {
      expect(kept).not.toContain(secret)
    }
  })

  describe('refresh tokens', () => {
    const connected = async (
      draft: Partial<FacadeClientDraft> = {},
    ): Promise<Client & { readonly refreshToken: string }> => {
      const one = await made.register({ name: 'one', ...draft })
      return { ...one, refreshToken: (await made.connect(one)).refresh_token }
    }

    it('are refused to another client, and without the secret', async () => {
      const one = await connected()
      expect(refusalOf(await made.refresh(client, one.refreshToken))).toBe('400 invalid_grant')
      expect(refusalOf(await made.refresh({ ...one, secret: '' }, one.refreshToken))).toBe(
        '401 invalid_client',
      )
      const access = await made.connect(one)
      expect(refusalOf(await made.refresh(one, access.access_token))).toBe('400 invalid_grant')
    })

    it('need no secret, nor even a client id, where that was registered', async () => {
      const one = await connected({ needsSecretOnRefresh: false })
      const bare = { grant_type: 'refresh_token', refresh_token: one.refreshToken }
      expect(bodyOf(await made.post('token', bare))).toBeDefined()
      expect(bodyOf(await made.refresh({ id: one.id, secret: '' }, one.refreshToken))).toBeDefined()
      const wrong = { ...bare, client_id: one.id, client_secret: 'egc_wrong' }
      expect(refusalOf(await made.post('token', wrong))).toBe('401 invalid_client')
      const other = { ...bare, client_id: client.id }
      expect(refusalOf(await made.post('token', other))).toBe('401 invalid_client')
    })

    it('stay the same by default, for any number of parallel refreshes, for years', async () => {
      const one = await connected()
      const answers = await Promise.all(
        Array.from({ length: 50 }, async () => await made.refresh(one, one.refreshToken)),
      )
      const bodies = answers.map(bodyOf)
      expect(new Set(bodies.map((body) => body.refresh_token))).toEqual(new Set([one.refreshToken]))
      expect(new Set(bodies.map((body) => body.access_token)).size).toBe(50)
      await made.clock.advance(3 * 365 * 86_400_000)
      expect(bodyOf(await made.refresh(one, one.refreshToken)).expires_in).toBe(3_600)
    })

    it('need no provider for a token of our own', async () => {
      const one = await connected()
      const before = made.engine.endpoint.requests.length
      await made.clock.advance(2 * 3_600_000)
      made.engine.endpoint.answer = () => new Response('down', { status: 503 })
      expect(bodyOf(await made.refresh(one, one.refreshToken))).toBeDefined()
      expect(made.engine.endpoint.requests.length).toBe(before)
    })

    it('of a client that rotates are replaced; parallel refreshes within the grace all succeed', async () => {
      const one = await connected({ rotates: true, graceMs: 60_000 })
      const answers = await Promise.all(
        Array.from({ length: 10 }, async () => await made.refresh(one, one.refreshToken)),
      )
      const fresh = answers.map((answer) => bodyOf(answer).refresh_token)
      expect(new Set([...fresh, one.refreshToken]).size).toBe(11)
      await made.clock.advance(60_000)
      expect(bodyOf(await made.refresh(one, one.refreshToken))).toBeDefined()
      await made.clock.advance(3_600_000)
      expect(bodyOf(await made.refresh(one, fresh[7] ?? ''))).toBeDefined()
    })

    it('of a client that rotates end their whole family when they come back after the grace', async () => {
      const one = await connected({ rotates: true, graceMs: 60_000 })
      const second = bodyOf(await made.refresh(one, one.refreshToken))
      await made.clock.advance(60_001)
      expect(refusalOf(await made.refresh(one, one.refreshToken))).toBe('400 invalid_grant')
      expect(refusalOf(await made.refresh(one, second.refresh_token))).toBe('400 invalid_grant')
      expect(await made.facade.authenticate(second.access_token)).toMatchObject({ ok: false })
      expect(made.events.map(({ type }) => type)).toContain('facade.token_reused')
    })

    it('two generations old end the family even within the grace', async () => {
      const one = await connected({ rotates: true, graceMs: 60_000 })
      const second = bodyOf(await made.refresh(one, one.refreshToken))
      const third = bodyOf(await made.refresh(one, second.refresh_token))
      expect(refusalOf(await made.refresh(one, one.refreshToken))).toBe('400 invalid_grant')
      expect(refusalOf(await made.refresh(one, third.refresh_token))).toBe('400 invalid_grant')
    })

    it('of other authorizations survive', async () => {
      const one = await connected({ rotates: true, graceMs: 0 })
      const other = await made.connect(one)
      await made.refresh(one, one.refreshToken)
      await made.clock.advance(1)
      await made.refresh(one, one.refreshToken)
      expect(bodyOf(await made.refresh(one, other.refresh_token))).toBeDefined()
    })
  })

  describe('the provider’s own tokens', () => {
    let direct: Client
    beforeEach(async () => {
      direct = await made.register({ name: 'direct', tokens: 'upstream' })
    })

    it('are handed out with the life that is left', async () => {
      const given = await made.connect(direct)
      expect(given.access_token).not.toMatch(/^egf_/)
      await made.clock.advance(600_000)
      const again = await made.connect(direct)
      expect(again.access_token).toBe(given.access_token)
      expect(given.expires_in - again.expires_in).toBe(600)
    })

    it('are renewed by a refresh, which says that the last one was refused', async () => {
      const given = await made.connect(direct)
      await made.clock.advance(30_001)
      const second = bodyOf(await made.refresh(direct, given.refresh_token))
      expect(second.access_token).not.toBe(given.access_token)
      expect(made.events).toContainEqual(
        expect.objectContaining({ type: 'facade.rejection_reported', outcome: 'renewed' }),
      )
    })

    it('are the same again for parallel refreshes, within 30 seconds of the hand-out', async () => {
      const given = await made.connect(direct)
      await made.clock.advance(31_000)
      const answers = await Promise.all(
        Array.from({ length: 10 }, async () => await made.refresh(direct, given.refresh_token)),
      )
      const tokens = new Set(answers.map((answer) => bodyOf(answer).access_token))
      await made.clock.advance(29_000)
      tokens.add(bodyOf(await made.refresh(direct, given.refresh_token)).access_token)
      expect(tokens.size).toBe(1)
      expect(tokens.has(given.access_token)).toBe(false)
    })

    it('are not renewed again for an authorization that never held the newest', async () => {
      const one = await made.connect(direct)
      const two = await made.connect(direct)
      await made.clock.advance(31_000)
      const renewed = bodyOf(await made.refresh(direct, one.refresh_token)).access_token
      await made.clock.advance(60_000)
      expect(bodyOf(await made.refresh(direct, two.refresh_token)).access_token).toBe(renewed)
    })

    it('are not renewed without end: the fourth vain one in five minutes is put off', async () => {
      const given = await made.connect(direct)
      const ends: string[] = []
      for (let i = 0; i < 6; i++) {
        await made.clock.advance(31_000)
        ends.push(refusalOf(await made.refresh(direct, given.refresh_token)))
      }
      expect(ends).toContain('503 temporarily_unavailable')
      expect(made.engine.endpoint.requests.length).toBeLessThan(6)
    })
  })
})
