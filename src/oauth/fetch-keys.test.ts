import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createManualClock } from '../kernel/index.ts'
import { fetchKeySet } from './fetch-keys.ts'

const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
const url = new URL('https://issuer.example/keys')

async function fetched(answer: () => Promise<Response>, address = url): Promise<unknown> {
  const clock = createManualClock()
  const result = fetchKeySet({ clock, fetch: answer }, address)
  await clock.advance(5_001)
  const keys = await result
  return keys.ok ? keys.value.keys.map(({ keyId }) => keyId) : keys.error
}

describe('keys that are fetched', () => {
  it('are those of a whole document', async () => {
    const document = {
      keys: [
        { ...jwk, kid: 'a' },
        { kty: 'oct', k: 'x' },
      ],
    }
    expect(await fetched(async () => Response.json(document))).toEqual(['a'])
  })

  it.each<readonly [string, () => Promise<Response>, string]>([
    [
      'an error',
      async () => new Response('x', { status: 503 }),
      'issuer.example answered 503 instead of its keys',
    ],
    [
      'a redirect',
      async () =>
        new Response(null, { status: 302, headers: { location: 'http://169.254.169.254/' } }),
      'issuer.example answered 302 instead of its keys',
    ],
    [
      'garbage',
      async () => new Response('<html>'),
      'issuer.example answered no JWK Set: it has no list "keys"',
    ],
    [
      'no key',
      async () => Response.json({ keys: [] }),
      'issuer.example publishes no key that verifies; it lists none',
    ],
    [
      'secrets alone',
      async () => Response.json({ keys: [{ kty: 'oct', k: 'x' }] }),
      'issuer.example publishes no key that verifies; of the first: it is a secret, not a public key',
    ],
    [
      '2 MiB',
      async () => new Response('x'.repeat(2_097_152)),
      'issuer.example answered with more than 1 MiB',
    ],
    [
      'a broken connection',
      async () => Promise.reject(new TypeError('fetch failed')),
      'issuer.example',
    ],
    [
      'nothing',
      () => new Promise(() => {}),
      'issuer.example gave no whole answer within 5 seconds',
    ],
  ])('are none when the answer is %s', async (_, answer, detail) => {
    expect(await fetched(answer)).toMatchObject({
      detail: expect.stringContaining(detail) as string,
    })
  })

  it('wait as long as they are told, and come over https alone', async () => {
    const throttled = async (): Promise<Response> =>
      new Response('', { status: 429, headers: { 'retry-after': '7' } })
    expect(await fetched(throttled)).toMatchObject({ retryAfterMs: 7_000 })
    let isAsked = false
    const said = await fetched(async () => {
      isAsked = true
      return Response.json({})
    }, new URL('http://issuer.example/keys'))
    expect(said).toEqual({ detail: 'issuer.example: keys are fetched over https alone' })
    expect(isAsked).toBe(false)
  })
})
