import { acceptIssuers, createTokenVerifier } from '../../src/identity/index.ts'
import { ok, systemClock, systemRandom } from '../../src/kernel/index.ts'
import { createKeyCache, readKeySet } from '../../src/oauth/index.ts'
import { serveBearers } from './bearer-side.ts'

// Every stage of our verifier, as an issuer of type `entra` has it.
serveBearers(async ({ issuer, audience, tenantId, keeps }, { jwk }) => {
  const read = readKeySet({ keys: [jwk] })
  if (!read.ok) throw new Error(read.error)
  const keys = createKeyCache({
    clock: systemClock,
    random: systemRandom,
    fetchKeys: async () => ok(read.value),
  })
  await keys.refresh()
  const verifier = createTokenVerifier({
    clock: systemClock,
    issuers: acceptIssuers([
      {
        iss: issuer,
        keys,
        tenantId,
        settings: {
          name: 'bench',
          type: 'entra',
          audiences: [audience],
          acceptsIdTokens: false,
          skewMs: 60_000,
          longestLifeMs: 86_400_000,
        },
      },
    ]),
    ...(keeps ? {} : { capacity: 0 }),
  })
  return (token) => {
    const verdict = verifier.verify(token)
    if (verdict instanceof Promise) throw new Error('the key was not in memory')
    if (!verdict.ok) throw new Error(verdict.error.code)
    return String(verdict.value.claims['sub'])
  }
})
