import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
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

  it('is read as far as it goes when a quote never ends', () => {
    expect(read('Bearer error="invalid_token", error_description="cut')).toEqual([
      { scheme: 'bearer', parameters: { error: 'invalid_token', error_description: 'cut' } },
    ])
  })
})
