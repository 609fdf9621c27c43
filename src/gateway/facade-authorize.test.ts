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
import { isEvergrantError } from '../kernel/index.ts'

describe('authorization at the façade', () => {
  let made: FacadeFixture
  beforeEach(() => {
    made = createFacadeFixture()
  })
  /** The code of the page that the browser stays on. */
  const page = async (work: Promise<unknown>): Promise<string> => {
    try {
      return `sent to ${String(await work)}`
    } catch (error) {
      if (isEvergrantError(error)) return error.code
      throw error
    }
  }

  it('sends nobody anywhere for a client it does not know, by name, or of another connection', async () => {
    const { id } = await made.register()
    for (const client_id of ['fac_unknown', 'salesforce', '']) {
      const asked = made.authorize({ client_id, redirect_uri: callback })
      expect(await page(asked)).toBe('facade_client_unknown')
    }
    const elsewhere = made.authorize({ client_id: id, redirect_uri: callback }, 'other')
    expect(await page(elsewhere)).toBe('facade_client_unknown')
  })

  it.each([
    'https://evil.example/',
    `${callback}/`,
    `${callback}?a=1`,
    `${callback}#`,
    callback.toUpperCase(),
    callback.replace('https://', 'https://evil@'),
    `${callback}/../x`,
    '//contoso.my.salesforce.com/services/authcallback/Evergrant',
    'javascript:alert(1)',
  ])('sends nobody to %s, which is not registered', async (redirect_uri) => {
    const { id } = await made.register()
    const asked = made.authorize({ client_id: id, redirect_uri, state: 's' })
    expect(await page(asked)).toBe('facade_redirect_refused')
    expect(made.traces.at(-1)).toMatchObject({
      outcome: 'refused',
      code: 'facade_redirect_refused',
    })
  })

  it('sends nobody anywhere when client or address stand twice', async () => {
    const { id } = await made.register()
    const twice = async (query: string): Promise<string> => {
      const request = { connection: 'contoso-graph', method: 'GET', requestId: 'r', query }
      return (await made.facade.authorize(request)).kind
    }
    const there = encodeURIComponent(callback)
    const ok = `response_type=code&client_id=${id}&redirect_uri=${there}`
    expect(await twice(`${ok}&redirect_uri=${encodeURIComponent('https://evil.example')}`)).toBe(
      'page',
    )
    expect(await twice(`${ok}&client_id=${id}`)).toBe('page')
    expect(await twice(`${ok}&scope=a&scope=b`)).toBe('refused')
    expect(await twice(ok)).toBe('granted')
  })

  it('knows a revoked client no more', async () => {
    const { id } = await made.register()
    await made.facade.desk.revoke('salesforce')
    expect(await page(made.authorize({ client_id: id, redirect_uri: callback }))).toBe(
      'facade_client_unknown',
    )
  })

  it.each([
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ request: 'eyJ' }, 'invalid_request'],
    [{ code_challenge: challenge, code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge: challenge }, 'invalid_request'],
    [{ code_challenge_method: 'S256' }, 'invalid_request'],
    [{ code_challenge: 'short', code_challenge_method: 'S256' }, 'invalid_request'],
    [{ scope: 'a"b' }, 'invalid_request'],
  ])('tells the client what is wrong with %j', async (parameters, error) => {
    const { id } = await made.register()
    const asked = { client_id: id, redirect_uri: callback, state: 'st', ...parameters }
    const back = await made.authorize(asked)
    expect(`${back.origin}${back.pathname}`).toBe(callback)
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error, state: 'st' })
    expect(back.searchParams.has('code')).toBe(false)
  })

  it('wants PKCE from a client that has to use it', async () => {
    const { id } = await made.register({ requiresPkce: true })
    const back = await made.authorize({ client_id: id, redirect_uri: callback })
    expect(back.searchParams.get('error')).toBe('invalid_request')
  })

  it('gives the state back byte by byte, and says who answers', async () => {
    const { id } = await made.register()
    const state = "a%2Bb+c%20d%C3%A4~!*'()/%2f?x:@"
    const query = `response_type=code&client_id=${id}&redirect_uri=${encodeURIComponent(callback)}&state=${state}`
    const request = { connection: 'contoso-graph', method: 'GET', requestId: 'r', query }
    const outcome = await made.facade.authorize(request)
    const location = outcome.kind === 'granted' ? outcome.location : ''
    expect(location).toContain(`&state=${state}&iss=`)
    expect(new URL(location).searchParams.get('iss')).toBe(
      'https://evergrant.example/oauth/contoso-graph',
    )
  })

  it('keeps the query of a registered address', async () => {
    const redirect_uri = 'https://app.example/cb?tenant=1'
    const { id } = await made.register({ redirectUris: [redirect_uri] })
    const back = await made.authorize({ client_id: id, redirect_uri })
    expect(back.searchParams.get('tenant')).toBe('1')
    expect(back.searchParams.get('code')).toMatch(/^egd_/)
  })

  it('makes no more codes for nobody than a thousand a minute', async () => {
    const { id } = await made.register()
    const asked = { client_id: id, redirect_uri: callback }
    for (let i = 0; i < 1_000; i++) await made.authorize(asked)
    expect((await made.authorize(asked)).searchParams.get('error')).toBe('temporarily_unavailable')
    await made.clock.advance(60_000)
    expect((await made.authorize(asked)).searchParams.get('error')).toBeNull()
  })

  it('lets a client without secret authorize once for each approval, within ten minutes', async () => {
    const { id } = await made.register({ isPublic: true })
    const asked = {
      client_id: id,
      redirect_uri: callback,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    }
    const codeOf = async (): Promise<string> =>
      (await made.authorize(asked)).searchParams.get('code') ?? 'none'
    const redeem = async (code: string): Promise<string> =>
      refusalOf(
        await made.post('token', {
          grant_type: 'authorization_code',
          code,
          client_id: id,
          redirect_uri: callback,
          code_verifier: verifier,
        }),
      )
    expect(await codeOf()).toBe('none')
    await made.facade.desk.approve('salesforce')
    const [mine, stranger] = [await codeOf(), await codeOf()]
    expect(await redeem(mine)).toBe('200 success')
    expect(await redeem(stranger)).toBe('400 unauthorized_client')
    expect(await codeOf()).toBe('none')
    await made.facade.desk.approve('salesforce')
    await made.clock.advance(600_000)
    expect(await codeOf()).toBe('none')
  })

  it('rotates the refresh tokens of a client without secret', async () => {
    const { id } = await made.register({ isPublic: true })
    await made.facade.desk.approve(id)
    const back = await made.authorize({
      client_id: id,
      redirect_uri: callback,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    })
    const first = bodyOf(
      await made.post('token', {
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        client_id: id,
        redirect_uri: callback,
        code_verifier: verifier,
      }),
    )
    const second = bodyOf(await made.refresh({ id, secret: '' }, first.refresh_token))
    expect(second.refresh_token).not.toBe(first.refresh_token)
  })
})
