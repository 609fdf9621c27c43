import { describe, expect, it } from 'vitest'
import { fakeJwt } from '../../test/support/fake-jwt.ts'
import { Secret } from '../kernel/index.ts'
import { federatedAssertion } from './federated-assertion.ts'

const server = { issuer: 'https://login.example', token_endpoint: 'https://login.example/token' }
const expiresAt = Date.UTC(2026, 0, 1)

describe('a federated assertion', () => {
  it.each([
    ['is blank', ' \n\t '],
    ['is a secret', 'pl4nted~secret'],
    ['has two parts', 'eyJhIjoxfQ.eyJhIjoxfQ'],
    ['is encrypted', 'eyJhIjoxfQ.a.b.c.d'],
    ['holds no JSON', 'aaaa.bbbb.cccc'],
    ['holds a list', `${Buffer.from('[]').toString('base64url')}.eyJhIjoxfQ.cccc`],
    ['is cut off', fakeJwt({ sub: 'x' }).slice(0, 30)],
  ])('is refused when it %s, without telling it', (_why, text) => {
    let thrown: unknown
    try {
      federatedAssertion(new Secret(text))
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'assertion_invalid' })
    expect(String(thrown)).not.toContain(text)
  })

  it('is refused once it has expired, before anything is sent', () => {
    const authentication = federatedAssertion(new Secret(fakeJwt({ exp: expiresAt / 1_000 })))
    expect(authentication.expiresAt).toBe(expiresAt)
    expect(authentication.prove(expiresAt)).toMatchObject({
      ok: false,
      error: {
        code: 'assertion_invalid',
        detail: 'the federated assertion expired at 2026-01-01T00:00:00.000Z',
      },
    })
    expect(authentication.prove(expiresAt - 1).ok).toBe(true)
  })

  it('names an impossible expiry without failing over it', () => {
    const proof = federatedAssertion(new Secret(fakeJwt({ exp: -1e300 }))).prove(expiresAt)
    expect(proof).toMatchObject({ ok: false, error: { code: 'assertion_invalid' } })
  })

  it('is sent as it is, without the end of the line in its file', async () => {
    const jwt = fakeJwt({ sub: 'system:serviceaccount:default:evergrant' })
    const proof = federatedAssertion(new Secret(`${jwt}\n`)).prove(expiresAt)
    if (!proof.ok) throw proof.error
    const body = new URLSearchParams()
    await proof.value(server, { client_id: 'client-1' }, body, new Headers())
    expect(Object.fromEntries(body)).toEqual({
      client_id: 'client-1',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: jwt,
    })
  })
})
