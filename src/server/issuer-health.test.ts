import { describe, expect, it } from 'vitest'
import { acceptIssuers } from '../identity/index.ts'
import { createManualClock, err, ok } from '../kernel/index.ts'
import { createKeyCache } from '../oauth/index.ts'
import { keySetOf, makeSigningKey } from '../../test/support/token-maker.ts'
import { healthOf } from './issuer-health.ts'
import { issuerHealthToJson } from './issuer-view.ts'

const hourMs = 3_600_000

describe('the health of an issuer', () => {
  it('goes from unasked over stale to unusable, and warns from stale on', async () => {
    const clock = createManualClock()
    const { jwk } = makeSigningKey('k1', 'ec')
    let isAway = false
    const keys = createKeyCache({
      clock,
      random: (count) => new Uint8Array(count),
      fetchKeys: async () =>
        isAway ? err({ detail: 'idp.example answered 500' }) : ok(keySetOf(jwk)),
    })
    const [issuer] = acceptIssuers([
      {
        iss: 'https://idp.example',
        keys,
        settings: {
          name: 'lab',
          type: 'oidc',
          audiences: ['a'],
          acceptsIdTokens: false,
          acceptsAccessTokens: true,
          skewMs: 0,
          longestLifeMs: hourMs,
        },
      },
    ]).all()
    if (issuer === undefined) throw new Error('there is none')
    const told = (): ReturnType<typeof issuerHealthToJson> =>
      issuerHealthToJson(healthOf(issuer, clock.now()), clock.now())
    expect(told()).toMatchObject({ state: 'unasked', warning: null, age_seconds: null })
    expect(await keys.find('k1', 'ES256')).toMatchObject({ kind: 'found' })
    expect(told()).toMatchObject({ state: 'fresh', warning: null, keys: ['k1'], age_seconds: 0 })
    await clock.advance(hourMs)
    expect(told()).toMatchObject({ state: 'idle', warning: null, age_seconds: 3_600 })
    isAway = true
    await keys.refresh()
    expect(told()).toMatchObject({ state: 'stale', failures: 1 })
    await clock.advance(2 * hourMs)
    expect(told().warning).toBe(
      'its keys could not be fetched again for 2 h 0 m and serve for another 21 h 0 m: idp.example answered 500',
    )
    await clock.advance(21 * hourMs)
    expect(told()).toMatchObject({
      state: 'unusable',
      warning: 'no token of it can be accepted: idp.example answered 500',
    })
    isAway = false
    await keys.refresh()
    expect(told()).toMatchObject({ state: 'fresh', warning: null, stale_since: null })
  })
})
