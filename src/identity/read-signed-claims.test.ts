import { beforeAll, describe, expect, it } from 'vitest'
import { identifierFixture, iss } from '../../test/support/identifier-fixture.ts'
import {
  encodePart,
  makeSigningKey,
  signToken,
  type SigningKey,
} from '../../test/support/token-maker.ts'
import { readSignedClaims } from './read-signed-claims.ts'

let key: SigningKey
let stranger: SigningKey
beforeAll(() => {
  key = makeSigningKey('k1')
  stranger = makeSigningKey('k1')
})

const claims = { iss, aud: 'ours', sub: 's', employee: 'e-1' }

async function read(jwt: string, clientId: string | undefined = 'ours'): Promise<unknown> {
  const [issuer] = identifierFixture({ key }).issuers.all()
  if (issuer === undefined) throw new Error('no issuer')
  const outcome = await readSignedClaims(jwt, issuer, clientId)
  return outcome.ok ? outcome.value : outcome.error
}

describe('signed UserInfo', () => {
  it.each<readonly [what: string, make: () => string, because: RegExp]>([
    ['of somebody else’s key', () => signToken(stranger, claims), /signature of UserInfo/],
    [
      'without a signature',
      () => `${encodePart({ alg: 'none' })}.${encodePart(claims)}.`,
      /algorithm that is not accepted/,
    ],
    [
      'by a key nobody knows',
      () => signToken({ ...key, kid: 'k9' }, claims),
      /key that is not known/,
    ],
    ['of another issuer', () => signToken(key, { ...claims, iss: 'https://x' }), /another issuer/],
    ['for another client', () => signToken(key, { ...claims, aud: ['a'] }), /another client/],
    ['that is encrypted', () => 'a.b.c.d.e', /an encrypted one/],
    ['that is no JWT', () => 'claims', /no JWT/],
  ])('%s is not believed', async (_what, make, because) => {
    expect(await read(make())).toMatch(because)
  })

  it('is believed when it is of its issuer, for our client, which there has to be', async () => {
    expect(await read(signToken(key, claims))).toEqual(claims)
    expect(await read(signToken(key, { ...claims, aud: ['a', 'ours'] }))).toMatchObject({
      sub: 's',
    })
    const [issuer] = identifierFixture({ key }).issuers.all()
    if (issuer === undefined) throw new Error('no issuer')
    expect(await readSignedClaims(signToken(key, claims), issuer, undefined)).toMatchObject({
      ok: false,
      error: expect.stringContaining('no "client" here') as string,
    })
  })
})
