import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { createManualClock, ok, err, type Result } from '../kernel/index.ts'
import { createKeyCache } from '../oauth/index.ts'
import { identifyPlainly } from '../../test/support/identify-plainly.ts'
import { keySetOf, makeSigningKey, signToken } from '../../test/support/token-maker.ts'
import { acceptIssuers, type IssuerSettings } from './accepted-issuers.ts'
import type { Identifier } from './identity.ts'
import type { Refusal } from './refusal.ts'
import { createTokenVerifier, type TokenVerifier } from './verify-token.ts'

const ours = makeSigningKey('k1')
const next = makeSigningKey('k2')
const curve = makeSigningKey('ec1', 'ec')
const stranger = makeSigningKey('k1')
const tid = '11111111-2222-4333-8444-555555555555'
const otherTid = 'aaaaaaaa-2222-4333-8444-555555555555'
const iss = `https://login.microsoftonline.com/${tid}/v2.0`
const otherIss = `https://login.microsoftonline.com/${otherTid}/v2.0`
const issuerTemplate = 'https://login.microsoftonline.com/{tenantid}/v2.0'
const settings: IssuerSettings = {
  name: 'contoso',
  type: 'entra',
  audiences: ['api://orders', '2f0c0000-1111-4222-8333-444444444444'],
  acceptsIdTokens: false,
  skewMs: 60_000,
  longestLifeMs: 86_400_000,
}

let clock: ReturnType<typeof createManualClock>
let published: readonly object[]
let isAway: boolean
let fetches: number
let verifier: TokenVerifier
/** The service’s memory over it. */
let remembering: Identifier
beforeEach(() => {
  clock = createManualClock()
  published = [
    { ...ours.jwk, issuer: issuerTemplate },
    { ...curve.jwk, issuer: iss },
  ]
  isAway = false
  fetches = 0
  const cacheOf = (): ReturnType<typeof createKeyCache> =>
    createKeyCache({
      clock,
      random: (length) => new Uint8Array(length),
      fetchKeys: async () => {
        fetches++
        return isAway
          ? err({ detail: 'login.microsoftonline.com is away' })
          : ok(keySetOf(...published))
      },
    })
  const other = makeSigningKey('k1')
  const issuers = acceptIssuers([
    { iss, settings, keys: cacheOf(), tenantId: tid },
    {
      iss: otherIss,
      settings: { ...settings, name: 'fabrikam' },
      keys: createKeyCache({
        clock,
        random: (length) => new Uint8Array(length),
        fetchKeys: async () => ok(keySetOf(other.jwk)),
      }),
      tenantId: otherTid,
    },
  ])
  verifier = createTokenVerifier({ issuers, clock })
  remembering = identifyPlainly(issuers, clock)
})

const now = (): number => Math.floor(clock.now() / 1_000)
const claimsOf = (more: object = {}): object => ({
  iss,
  aud: 'api://orders',
  tid,
  oid: '99999999-2222-4333-8444-555555555555',
  sub: 'pairwise',
  scp: 'orders.read',
  ver: '2.0',
  iat: now(),
  nbf: now(),
  exp: now() + 3_600,
  ...more,
})

async function verdictOn(token: string): Promise<string> {
  const first = describeVerdict(await verifier.verify(token))
  // A verdict that is remembered is the one that was made, and neither depends on the memory.
  expect(describeVerdict(await remembering.identify(token))).toBe(first)
  expect(describeVerdict(await remembering.identify(token))).toBe(first)
  return first
}

function describeVerdict(verdict: Result<unknown, Refusal>): string {
  return verdict.ok ? 'holds' : `${verdict.error.stage}: ${verdict.error.code}`
}

// What is refused, and by which stage: test/conformance/.
describe('a token', () => {
  it('holds when everything about it does', async () => {
    expect(await verdictOn(signToken(ours, claimsOf()))).toBe('holds')
    expect(await verdictOn(signToken(curve, claimsOf()))).toBe('holds')
    expect(await verdictOn(signToken(ours, claimsOf({ aud: ['x', 'api://orders'] })))).toBe('holds')
    expect(fetches).toBe(1)
  })

  it('for Microsoft Graph is told what it is, wherever it fails', async () => {
    const graph = { aud: '00000003-0000-0000-c000-000000000000' }
    const whole = await verifier.verify(signToken(ours, claimsOf(graph)))
    const spoilt = await verifier.verify(signToken(stranger, claimsOf(graph), { nonce: 'x' }))
    for (const verdict of [whole, spoilt]) {
      expect(verdict).toMatchObject({
        error: { remedy: expect.stringContaining('The token is for Microsoft Graph') as string },
      })
    }
  })

  it('signed by a key for one tenant holds for that tenant alone', async () => {
    published = [{ ...ours.jwk, issuer: otherIss }]
    expect(await verdictOn(signToken(ours, claimsOf()))).toBe('tenant: token_tenant_refused')
  })

  it('is never called expired while its signature does not hold', async () => {
    const old = { exp: now() - 7_200, iat: now() - 9_000, nbf: now() - 9_000 }
    expect(await verdictOn(signToken(stranger, claimsOf(old)))).toBe(
      'signature: token_signature_invalid',
    )
    const verdict = await verifier.verify(signToken(ours, claimsOf(old)))
    expect(verdict).toMatchObject({
      error: { code: 'token_expired', seen: expect.stringMatching(/Z, 2 h 0 m ago$/) as string },
    })
  })

  it('is judged by itself, however many wait for the same keys', async () => {
    const tokens = [1, 2, 3, 4].map((n) =>
      signToken(n % 2 === 0 ? stranger : n === 1 ? ours : curve, claimsOf({ n })),
    )
    const verdicts = await Promise.all(tokens.map(async (token) => verifier.verify(token)))
    expect(fetches).toBe(1)
    expect(verdicts.map(describeVerdict)).toEqual([
      'holds',
      'signature: token_signature_invalid',
      'holds',
      'signature: token_signature_invalid',
    ])
  })

  it('is refused as unknown, not as bad, while its issuer is away', async () => {
    isAway = true
    const verdict = await verifier.verify(signToken(ours, claimsOf()))
    expect(verdict).toMatchObject({
      error: { stage: 'key', code: 'issuer_keys_unavailable', retryAfterMs: 1_000 },
    })
  })
})

describe('a verdict', () => {
  it('ends with the token, with its key, and after a minute', async () => {
    const token = signToken(ours, claimsOf({ exp: now() + 90 }))
    expect(describeVerdict(await remembering.identify(token))).toBe('holds')
    // At once, from memory.
    expect(remembering.identify(token)).toMatchObject({ ok: true })
    await clock.advance(149_000)
    expect(describeVerdict(await remembering.identify(token))).toBe('holds')
    await clock.advance(1_000)
    expect(describeVerdict(await remembering.identify(token))).toBe('time: token_expired')

    const other = signToken(ours, claimsOf({ iat: now(), nbf: now(), exp: now() + 3_600 }))
    expect(describeVerdict(await remembering.identify(other))).toBe('holds')
    published = [next.jwk]
    // The key is withdrawn, and that is noticed with the first token signed by another.
    expect(
      describeVerdict(
        await remembering.identify(
          signToken(next, claimsOf({ iat: now(), nbf: now(), exp: now() + 60 })),
        ),
      ),
    ).toBe('holds')
    expect(describeVerdict(await remembering.identify(other))).toBe('key: issuer_keys_unavailable')
    await clock.advance(30_000)
    expect(describeVerdict(await remembering.identify(other))).toBe('key: token_key_unknown')
  })

  it('is the same with and without memory, whatever time does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            life: fc.integer({ min: 1, max: 300 }),
            waits: fc.array(fc.nat(120), { maxLength: 5 }),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        async (tokens) => {
          const made = tokens.map(({ life, waits }) => ({
            token: signToken(curve, claimsOf({ exp: now() + life })),
            waits,
          }))
          for (const { token, waits } of made) {
            for (const wait of [0, ...waits]) {
              await clock.advance(wait * 1_000)
              const [cached, fresh] = [
                await remembering.identify(token),
                await verifier.verify(token),
              ]
              expect(describeVerdict(cached)).toBe(describeVerdict(fresh))
            }
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  it('is kept of a bounded number of tokens, the latest used among them', async () => {
    const keys = createKeyCache({
      clock,
      random: (length) => new Uint8Array(length),
      fetchKeys: async () => ok(keySetOf(...published)),
    })
    const small = identifyPlainly(
      acceptIssuers([{ iss, settings, keys, tenantId: tid }]),
      clock,
      20,
    )
    const first = signToken(curve, claimsOf({ n: -1 }))
    const tokens = Array.from({ length: 100 }, (_, n) => signToken(curve, claimsOf({ n })))
    for (const token of tokens) {
      await small.identify(token)
      await small.identify(first)
    }
    expect(small.identify(first)).toMatchObject({ ok: true })
    // What is kept is answered at once.
    const kept = tokens.filter((token) => !(small.identify(token) instanceof Promise))
    expect(kept.length).toBeLessThan(20)
    expect(kept).toContain(tokens.at(-1))
  })
})

it('what is thrown at it never makes a verifier throw', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ maxLength: 200 }),
        fc.json().map((text) => signToken(curve, text)),
        fc
          .record({ alg: fc.json(), kid: fc.json() })
          .map((header) => signToken(curve, claimsOf(), header)),
        fc
          .dictionary(
            fc.constantFrom('iss', 'aud', 'exp', 'nbf', 'iat', 'tid', 'sub'),
            fc.jsonValue(),
          )
          .map((more) => signToken(curve, claimsOf(more))),
      ),
      async (token) => {
        const verdict = await verifier.verify(token)
        expect(verdict.ok || verdict.error.code !== 'internal').toBe(true)
      },
    ),
    { numRuns: 300 },
  )
})
