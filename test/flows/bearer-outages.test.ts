import { appendFile } from 'node:fs/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createManualClock, type ManualClock } from '../../src/kernel/index.ts'
import { compose } from '../../src/server/index.ts'
import { openBearer, type Bearer } from '../../src/server/open-bearer.ts'
import { makeBearerFixture, outcomeOf, type BearerFixture } from '../support/bearer-fixture.ts'
import { makeSigningKey, type SigningKey } from '../support/token-maker.ts'
import {
  audience,
  startTroubledIssuer,
  type Trouble,
  type TroubledIssuer,
} from '../support/troubled-issuer.ts'
import { makeWorkspace, runImport } from '../support/workspace.ts'

const tenant = '11111111-2222-4333-8444-555555555555'
const hourMs = 3_600_000
const opaque = 'opaque-token'

let keys: readonly SigningKey[]
/** Never published, under the names of those that are. */
let forgedKeys: readonly SigningKey[]
let clock: ManualClock
let issuer: TroubledIssuer
let fixture: BearerFixture
let annaId: string
beforeAll(async () => {
  keys = ['k1', 'k2', 'k3'].map((kid) => makeSigningKey(kid))
  forgedKeys = keys.map(({ kid }) => makeSigningKey(kid))
  clock = createManualClock()
  issuer = await startTroubledIssuer(clock)
  fixture = await makeBearerFixture({ issuers: config(''), clock })
  ;[annaId = ''] = await fixture.importUsers(tenant, [
    { employeeId: 'anna' },
    { employeeId: 'bert' },
  ])
})
afterAll(async () => {
  await fixture.close()
  await issuer[Symbol.asyncDispose]()
})

const config = (fields: string): string =>
  `  ping: { type: oidc, issuer: "${issuer.issuer}", tenant: ${tenant}, audiences: ["${audience}"], match: [{ claim: sub, column: employeeId }]${fields} }\n`

/** A bearer that knows nothing yet, while the issuer is well. */
async function open(fields = ''): Promise<Bearer> {
  issuer.trouble = 'none'
  issuer.published = keys.slice(0, 1)
  issuer.knows = { sub: 'anna', aud: audience }
  return fixture.reconfigure({ issuers: config(fields), clock, secrets: { asking: 'secret' } })
}
const outcome = (bearer: Bearer, token: string): Promise<string> =>
  issuer.settle(outcomeOf(bearer, token))
const key = (index: number): SigningKey => keys[index] as SigningKey

describe('the key endpoint of an issuer', () => {
  it.each<Trouble>(['reset', 'error', 'garbage', 'empty', 'secret', 'hang', 'busy'])(
    'in trouble (%s) refuses nobody whose key is known, for a day, and lets in nobody else',
    async (trouble) => {
      const bearer = await open()
      expect(await outcome(bearer, issuer.token(key(0)))).toBe(annaId)
      const cache = bearer.issuers.all()[0]?.keys
      issuer.trouble = trouble
      const seen = new Set<string>()
      const forged = new Set<string>()
      for (let hour = 0; hour < 23; hour++) {
        await clock.advance(hourMs)
        seen.add(await outcome(bearer, issuer.token(key(0))))
        forged.add(await outcome(bearer, issuer.token(forgedKeys[0] as SigningKey)))
        // Asked in the background meanwhile: that is to end as it does, and not by time that leaps.
        await issuer.settle(cache?.refresh())
      }
      expect([...seen]).toEqual([annaId])
      expect([...forged]).toEqual(['signature: token_signature_invalid'])
      expect(cache?.health().failure).toBeDefined()

      // A day after the last good answer nothing is certain any more, and the token is not blamed.
      await clock.advance(hourMs)
      const late = await issuer.settle(bearer.identifier.identify(issuer.token(key(0))))
      expect(late).toMatchObject({ error: { stage: 'key', code: 'issuer_keys_unavailable' } })
      const retryAfterMs = Math.ceil(late.ok ? 0 : (late.error.retryAfterMs ?? 0))
      expect(retryAfterMs).toBeGreaterThanOrEqual(1_000)
      issuer.trouble = 'none'
      await clock.advance(retryAfterMs)
      expect(await outcome(bearer, issuer.token(key(0)))).toBe(annaId)
    },
  )

  it('that hangs makes only those wait whose key is new, and no longer than five seconds', async () => {
    const bearer = await open()
    expect(await outcome(bearer, issuer.token(key(0)))).toBe(annaId)
    await clock.advance(hourMs)
    issuer.trouble = 'hang'
    const startTick = clock.monotonic()
    // Fetched again in the background: nobody waits for it.
    expect(await outcomeOf(bearer, issuer.token(key(0)))).toBe(annaId)
    expect(clock.monotonic()).toBe(startTick)
    const waiting = outcomeOf(bearer, issuer.token(key(1)))
    expect(await outcomeOf(bearer, issuer.token(key(0)))).toBe(annaId)
    expect(await issuer.settle(waiting)).toBe('key: issuer_keys_unavailable')
    expect(clock.monotonic() - startTick).toBeLessThanOrEqual(10_000)
  })

  it('is asked within the same call for a key that is new, once for many', async () => {
    const bearer = await open()
    expect(await outcome(bearer, issuer.token(key(0)))).toBe(annaId)
    issuer.published = keys.slice(0, 2)
    const asked = issuer.asked('/jwks')
    const tokens = Array.from({ length: 20 }, (_, i) => issuer.token(key(1), { jti: `t${i}` }))
    const all = await Promise.all(tokens.map((token) => outcome(bearer, token)))
    expect([...new Set(all)]).toEqual([annaId])
    expect(issuer.asked('/jwks')).toBe(asked + 1)
  })

  it('that withdraws a key ends what rested on it with the first answer that lacks it', async () => {
    const bearer = await open()
    const old = issuer.token(key(0))
    expect(await outcome(bearer, old)).toBe(annaId)
    issuer.published = keys.slice(1, 2)
    // Nobody can know yet; then a token by the new key tells.
    expect(await outcome(bearer, old)).toBe(annaId)
    expect(await outcome(bearer, issuer.token(key(1)))).toBe(annaId)
    expect(await outcome(bearer, old)).not.toBe(annaId)
    await clock.advance(60_000)
    expect(await outcome(bearer, old)).toBe('key: token_key_unknown')
  })

  it('leads to no wrong refusal and no wrong acceptance, whatever befalls it', async () => {
    type Step =
      | { readonly trouble: Trouble }
      | { readonly published: readonly number[] }
      | { readonly waitMs: number }
      | { readonly signer: number; readonly isForged: boolean }
    const step: fc.Arbitrary<Step> = fc.oneof(
      {
        weight: 2,
        arbitrary: fc.record({
          trouble: fc.constantFrom<Trouble>(
            'none',
            'none',
            'reset',
            'error',
            'garbage',
            'empty',
            'secret',
            'hang',
            'busy',
          ),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ published: fc.constantFrom([0], [1], [0, 1], [1, 2], [0, 2]) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          waitMs: fc.constantFrom(1_000, 30_000, 61_000, hourMs, 5 * hourMs),
        }),
      },
      { weight: 5, arbitrary: fc.record({ signer: fc.nat(2), isForged: fc.boolean() }) },
    )
    const play = async (steps: readonly Step[]): Promise<readonly string[]> => {
      const wrong: string[] = []
      const bearer = await open()
      const cache = bearer.issuers.all()[0]?.keys
      await outcome(bearer, issuer.token(key(0)))
      for (const one of steps) {
        if ('trouble' in one) issuer.trouble = one.trouble
        else if ('published' in one) issuer.published = one.published.map(key)
        else if ('waitMs' in one) await clock.advance(one.waitMs)
        else {
          const signer = one.isForged ? (forgedKeys[one.signer] as SigningKey) : key(one.signer)
          const said = await outcome(bearer, issuer.token(signer))
          const { keyIds = [], usableUntil = 0 } = cache?.health() ?? {}
          const isKnown = !one.isForged && keyIds.includes(signer.kid)
          const isIn = said === annaId
          if (isIn && !isKnown) wrong.push(`accepted ${signer.kid}`)
          if (!isIn && isKnown && usableUntil > clock.now()) wrong.push(`refused: ${said}`)
        }
      }
      return wrong
    }
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        expect(await play(steps)).toEqual([])
      }),
      { numRuns: 25 },
    )
  }, 60_000)
})

describe('an issuer that is asked about tokens', () => {
  const introspecting = `, claims: [introspection], client: { id: evergrant, credentials: [{ secret: { file: ./asking } }] }`
  const viaUserInfo = ', claims: [userinfo], userinfo: { acceptAnyAudience: true }'

  it.each<readonly [what: string, fields: string, trouble: Trouble, code: string]>([
    ['introspection is busy', introspecting, 'busy', 'introspection_unavailable'],
    ['introspection hangs', introspecting, 'hang', 'introspection_unavailable'],
    ['introspection is garbage', introspecting, 'garbage', 'introspection_unavailable'],
    ['introspection breaks off', introspecting, 'reset', 'introspection_unavailable'],
    ['UserInfo is busy', viaUserInfo, 'busy', 'userinfo_unavailable'],
    ['UserInfo hangs', viaUserInfo, 'hang', 'userinfo_unavailable'],
    ['UserInfo is garbage', viaUserInfo, 'garbage', 'userinfo_unavailable'],
    ['UserInfo fails', viaUserInfo, 'error', 'userinfo_unavailable'],
  ])(
    'and whose %s blames no token, and goes on with those it knows',
    async (_what, fields, trouble, code) => {
      const bearer = await open(fields)
      expect(await outcome(bearer, opaque)).toBe(annaId)
      const path = fields === introspecting ? '/introspect' : '/userinfo'
      issuer.trouble = trouble
      const asked = issuer.asked(path)
      const refused = await issuer.settle(bearer.identifier.identify('another-token'))
      expect(refused).toMatchObject({ error: { stage: 'claim_source', code } })
      const retryAfterMs = refused.ok ? 0 : (refused.error.retryAfterMs ?? 0)
      expect(retryAfterMs).toBe(trouble === 'busy' ? 20_000 : 1_000)
      // One that answers may answer others rightly; else nobody asks again before. Who is known goes on.
      expect(await outcome(bearer, 'a-third-token')).toBe(`claim_source: ${code}`)
      const isAnswer = trouble === 'garbage' || trouble === 'error'
      expect(issuer.asked(path)).toBe(asked + (isAnswer ? 2 : 1))
      expect(await outcome(bearer, opaque)).toBe(annaId)
      await clock.advance(60_000)
      expect(await outcome(bearer, opaque)).toBe(`claim_source: ${code}`)
      issuer.trouble = 'none'
      await clock.advance(20_000)
      expect(await outcome(bearer, opaque)).toBe(annaId)
      expect(await outcome(bearer, 'made-up')).toBe('claim_source: token_inactive')
    },
  )
})

describe('a store that is away', () => {
  it('is no refusal: whoever was seen within the second goes on, nobody else is told anything', async () => {
    issuer.trouble = 'none'
    issuer.published = keys.slice(0, 1)
    const own = await makeBearerFixture({ issuers: config(''), clock })
    try {
      await own.importUsers(tenant, [{ id: annaId, employeeId: 'anna' }])
      const token = issuer.token(key(0))
      expect(await outcome(own.bearer, token)).toBe(annaId)
      await own.composition.store.close()
      expect(await outcome(own.bearer, token)).toBe(annaId)
      await clock.advance(1_000)
      await expect(outcome(own.bearer, token)).rejects.toMatchObject({ code: 'store_unavailable' })
      // What needs no directory is told all the same.
      expect(await outcome(own.bearer, issuer.token(key(0), { aud: 'other' }))).toBe(
        'audience: token_audience_refused',
      )
    } finally {
      await own.close()
    }
  })
})

describe('an import', () => {
  it('under way refuses no caller and swaps none for another', async () => {
    const workspace = await makeWorkspace({ users: 1_000 })
    try {
      await appendFile(
        workspace.configPath,
        `issuers: { contoso: { type: oidc, issuer: "${issuer.issuer}", tenant: ${tenant}, audiences: ["${audience}"], match: [{ claim: upn, column: userPrincipalName, acceptMutable: true }] } }\n`,
      )
      issuer.trouble = 'none'
      issuer.published = keys.slice(0, 1)
      await runImport(workspace)
      const { configPath, simulator } = workspace
      const composition = await compose({ configPath, role: 'main', env: {} })
      const { config: read, store, secrets, fetch } = composition
      const bearer = openBearer(read, {
        transport: { fetch, clock },
        accounts: store.accounts,
        secrets,
      })
      const callers = [...simulator.users(undefined, ['id', 'userPrincipalName', 'accountEnabled'])]
        .filter(({ accountEnabled }) => accountEnabled === true)
        .slice(0, 20)
        .map(({ id, userPrincipalName: upn }) => ({
          id: String(id),
          token: issuer.token(key(0), { upn }),
        }))
      expect(await outcomeOf(bearer, callers[0]?.token ?? '')).toBe(callers[0]?.id)
      const state = { isOver: false }
      const imported = runImport(workspace, { name: 'contoso-graph', isFresh: true }).finally(
        () => {
          state.isOver = true
        },
      )
      const wrong = new Set<string>()
      let calls = 0
      // Keys are gone for a while as well; and every look-up reads the directory as it is.
      while (!state.isOver) {
        issuer.trouble = calls % 200 < 100 ? 'error' : 'none'
        for (const { id, token } of callers) {
          const said = await outcomeOf(bearer, token)
          if (said !== id) wrong.add(said)
          calls++
        }
        bearer.identifier.forgetAccounts()
        // The store answers at once: without a pause nothing else would ever run.
        await new Promise((resolve) => setImmediate(resolve))
      }
      await imported
      await composition.close()
      expect([...wrong]).toEqual([])
      expect(calls).toBeGreaterThan(callers.length)
    } finally {
      await workspace.close()
    }
  })
})
