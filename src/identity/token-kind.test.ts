import { describe, expect, it } from 'vitest'
import { keySetOf, makeSigningKey, signToken } from '../../test/support/token-maker.ts'
import { createManualClock, ok } from '../kernel/index.ts'
import { createKeyCache } from '../oauth/index.ts'
import { acceptIssuers, type IssuerSettings } from './accepted-issuers.ts'
import { createTokenVerifier, type Verdict } from './verify-token.ts'

const tenantId = '11111111-2222-4333-8444-555555555555'
const applicationId = '2f0c0000-1111-4222-8333-444444444444'
const iss = `https://login.contoso.example/${tenantId}/v2.0`
const key = makeSigningKey('k1')

/** What comes of a token of an issuer at an address that nobody knows to be Entra’s. */
async function verdictOf(
  type: IssuerSettings['type'],
  claims: Readonly<Record<string, unknown>>,
): Promise<Verdict> {
  const clock = createManualClock()
  const keys = createKeyCache({
    clock,
    random: (length) => new Uint8Array(length),
    fetchKeys: async () => ok(keySetOf(key.jwk)),
  })
  const settings: IssuerSettings = {
    name: 'contoso',
    type,
    audiences: [applicationId],
    acceptsIdTokens: false,
    skewMs: 60_000,
    longestLifeMs: 86_400_000,
  }
  const issuers = acceptIssuers([{ iss, settings, keys, tenantId }])
  const now = Math.floor(clock.now() / 1_000)
  const common = { iss, aud: applicationId, tid: tenantId, oid: 'o', sub: 's', ver: '2.0' }
  return createTokenVerifier({ issuers, clock }).verify(
    signToken(key, { ...common, iat: now, nbf: now, exp: now + 3_600, ...claims }),
  )
}

describe('a token of Entra ID behind an address of one’s own', () => {
  it('is refused when it is the ID token of the registration that API and client share', async () => {
    const verdict = await verdictOf('entra', { preferred_username: 'ann@contoso.example' })
    expect(verdict).toMatchObject({
      ok: false,
      error: { stage: 'token_kind', code: 'token_kind_wrong', expected: 'an access token' },
    })
  })

  it('is accepted when it has a permission, as every access token there has', async () => {
    const verdict = await verdictOf('entra', { scp: 'access_as_user' })
    expect(verdict).toMatchObject({ ok: true, value: { kind: { kind: 'access', entra: 'v2' } } })
  })

  it.each([
    ['version 1', { ver: '1.0', appid: applicationId }],
    ['version 2', { azp: applicationId }],
  ])(
    'is an application’s own without any role, where none has to be assigned: %s',
    async (_, of) => {
      const verdict = await verdictOf('entra', { sub: 'o', ...of })
      expect(verdict).toMatchObject({
        ok: true,
        value: { kind: { kind: 'access', principal: 'application' } },
      })
      expect(await verdictOf('entra', { sub: 'o' })).toMatchObject({ ok: false })
      expect(await verdictOf('entra', of)).toMatchObject({ ok: false })
      expect(await verdictOf('entra', { sub: 'o', nonce: 'n', ...of })).toMatchObject({ ok: false })
    },
  )

  it('needs no permission elsewhere', async () => {
    const verdict = await verdictOf('oidc', {})
    expect(verdict).toMatchObject({ ok: true, value: { kind: { entra: undefined } } })
  })
})
