import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeClaims, mergeClaims } from './claims.ts'
import { parseChallenges } from './www-authenticate.ts'

const token = fc.stringMatching(/^[a-z][a-z_]{0,12}$/)
const value = fc.string({ maxLength: 40 })

const read = (header: string): unknown =>
  parseChallenges(header).map((challenge) => ({
    scheme: challenge.scheme,
    parameters: Object.fromEntries(challenge.parameters),
    ...(challenge.token68 === undefined ? {} : { token68: challenge.token68 }),
  }))

describe('a WWW-Authenticate header', () => {
  it('never makes the parser throw or hang', () => {
    const strange = [`Bearer a="${'\\'.repeat(30_000)}`, '='.repeat(30_000), 'a '.repeat(15_000)]
    for (const header of strange) expect(() => parseChallenges(header)).not.toThrow()
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (header) =>
        Array.isArray(parseChallenges(header)),
      ),
    )
  })

  it('gives back whatever challenges were written into it', () => {
    const challenge = fc.record({
      scheme: token,
      parameters: fc.uniqueArray(fc.tuple(token, value), {
        selector: ([name]) => name,
        maxLength: 5,
        minLength: 1,
      }),
    })
    fc.assert(
      fc.property(fc.array(challenge, { minLength: 1, maxLength: 4 }), (challenges) => {
        const header = challenges
          .map(({ scheme, parameters }) => {
            const list = parameters.map(
              ([name, text]) => `${name}="${text.replaceAll(/["\\]/g, '\\$&')}"`,
            )
            return `${scheme} ${list.join(', ')}`
          })
          .join(', ')
        const expected = challenges.map(({ scheme, parameters }) => ({
          scheme,
          parameters: Object.fromEntries(parameters),
        }))
        expect(read(header)).toEqual(expected)
      }),
    )
  })

  it('may hold several schemes, parameters in any order', () => {
    const header =
      'PoP realm="", nonce="abc==", Bearer claims="eyJhIjoxfQ==", authorization_uri="https://login.example/common, really", error="insufficient_claims", Negotiate, Basic realm=plain, NTLM TlRMTVNTUAAC=='
    expect(read(header)).toEqual([
      { scheme: 'pop', parameters: { realm: '', nonce: 'abc==' } },
      {
        scheme: 'bearer',
        parameters: {
          claims: 'eyJhIjoxfQ==',
          authorization_uri: 'https://login.example/common, really',
          error: 'insufficient_claims',
        },
      },
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'plain' } },
      { scheme: 'ntlm', parameters: {}, token68: 'TlRMTVNTUAAC==' },
    ])
  })

  it('brings the claims of a Bearer challenge that stands beside others, ready to be sent', () => {
    const asked = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'
    const claims = Buffer.from(asked).toString('base64')
    const headers = new Headers()
    headers.append('www-authenticate', `PoP realm="", error="insufficient_claims", claims="e30="`)
    headers.append('www-authenticate', `bearer claims="${claims}" , error=insufficient_claims`)
    const bearer = parseChallenges(headers.get('www-authenticate') ?? '').find(
      ({ scheme }) => scheme === 'bearer',
    )
    expect(bearer?.parameters.get('error')).toBe('insufficient_claims')
    const decoded = decodeClaims(bearer?.parameters.get('claims') ?? '')
    if (!decoded.ok) throw new Error(decoded.error)
    expect(decoded.value).toBe(asked)
    expect(JSON.parse(mergeClaims(decoded.value, true) ?? '')).toEqual({
      access_token: {
        nbf: { essential: true, value: '1604106651' },
        xms_cc: { values: ['cp1'] },
      },
    })
  })

  it('is read as far as it goes when a quote never ends', () => {
    expect(read('Bearer error="invalid_token", error_description="cut')).toEqual([
      { scheme: 'bearer', parameters: { error: 'invalid_token', error_description: 'cut' } },
    ])
  })
})
