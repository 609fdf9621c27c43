import { createHmac } from 'node:crypto'
import type { Attack, Outcome, Stage } from './attack.ts'
import { encode, oddlySpelled, resigned } from './forge.ts'
import { signToken } from '../support/token-maker.ts'

const signatureInvalid = 'signature: token_signature_invalid'
const keyUnknown = 'key: token_key_unknown'

/** Several tokens, or one and what changes meanwhile. */
function scenario(
  row: number,
  right: Attack['right'] | string,
  what: string,
  play: Attack['play'],
  needs?: Attack['needs'],
): Attack {
  return {
    row,
    what,
    right: typeof right === 'string' ? { kind: 'refused', verdict: right } : right,
    play,
    ...(needs === undefined ? {} : { needs }),
  }
}

const fetched = 'keys that are fetched'
const kept = 'verdicts that are kept'
const accepted = { kind: 'accepted' } as const

/** What has to go well before the attack begins. */
async function accept({ verify }: Stage, token: string): Promise<void> {
  const outcome = await verify(token)
  if (outcome.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(outcome)}`)
}

/** How often the issuer is asked because of so many tokens. */
async function requestsFor({ verify, issuer }: Stage, tokens: readonly string[]): Promise<Outcome> {
  const before = issuer.requests
  for (const token of tokens) await verify(token)
  return { kind: 'requests', requests: issuer.requests - before }
}

/** A key set as it is published, and a token that must not hold by it. */
function published(
  row: number,
  right: Attack['right'] | string,
  what: string,
  publish: (stage: Stage) => unknown,
  make: (stage: Stage) => string = ({ forge }) => forge.signed(),
): Attack {
  return scenario(
    row,
    right,
    what,
    (stage) => {
      stage.issuer.published = publish(stage)
      return stage.verify(make(stage))
    },
    fetched,
  )
}

/** Rows 22 to 26: verdicts that outlive what they rest on, floods, and issuers in trouble. */
export const scenarioAttacks: readonly Attack[] = [
  ...(['`iat`', 'no `iat`'] as const).map((which) =>
    scenario(
      22,
      'time: token_expired',
      `${which}, accepted before, after its \`exp\``,
      async (stage) => {
        const { forge, verify, advance } = stage
        const token = forge.signed({
          exp: forge.now + 30,
          ...(which === 'no `iat`' ? { iat: undefined, nbf: undefined } : {}),
        })
        await accept(stage, token)
        // Ours judges anew every minute, and allows for clocks a minute apart: so its verdict is ten
        // seconds old when the token is over.
        await advance(85_000)
        await verify(token)
        await advance(10_000)
        return verify(token)
      },
      kept,
    ),
  ),

  scenario(
    23,
    keyUnknown,
    'a key that was withdrawn since it was accepted',
    async (stage) => {
      const { forge, issuer, verify, advance } = stage
      const token = forge.signed()
      await accept(stage, token)
      await advance(31_000)
      issuer.published = { keys: [forge.keys.next.jwk] }
      // That the keys are others is noticed with the first token signed by one of them.
      await accept(stage, signToken(forge.keys.next, forge.claims()))
      await advance(31_000)
      return verify(token)
    },
    fetched,
  ),

  scenario(
    24,
    signatureInvalid,
    'the parts of one that was accepted, and the signature of another',
    async (stage) => {
      const { forge, verify } = stage
      const token = forge.signed()
      const other = forge.signed({ oid: 'x' })
      await accept(stage, token)
      await accept(stage, other)
      return verify(resigned(token, () => Buffer.from(other.split('.')[2] ?? '', 'base64url')))
    },
    kept,
  ),
  scenario(
    24,
    'parse: token_malformed',
    'another spelling of one that was accepted',
    async (stage) => {
      const token = stage.forge.signed()
      await accept(stage, token)
      return stage.verify(oddlySpelled(token))
    },
    kept,
  ),

  scenario(
    25,
    { kind: 'requests', atMost: 1 },
    '20 names of keys that do not exist: what the issuer is asked',
    async (stage) => {
      const { forge, advance } = stage
      await accept(stage, forge.signed())
      await advance(31_000)
      return requestsFor(
        stage,
        Array.from({ length: 20 }, (_, at) => forge.signed({}, { kid: `x${at}` })),
      )
    },
    fetched,
  ),
  scenario(
    25,
    accepted,
    'a good key, after 20 names of keys that do not exist',
    async (stage) => {
      const { forge, advance, verify } = stage
      await accept(stage, forge.signed())
      await advance(31_000)
      for (let at = 0; at < 20; at++) await verify(forge.signed({}, { kid: `x${at}` }))
      return verify(forge.signed({ n: 1 }))
    },
    fetched,
  ),
  scenario(
    25,
    { kind: 'requests', atMost: 0 },
    '20 bad signatures under a known name: what the issuer is asked',
    async (stage) => {
      const { forge, advance } = stage
      await accept(stage, forge.signed())
      await advance(31_000)
      return requestsFor(
        stage,
        Array.from({ length: 20 }, (_, n) => signToken(forge.keys.stranger, forge.claims({ n }))),
      )
    },
    fetched,
  ),
  scenario(
    25,
    accepted,
    'a key that was published a moment ago',
    async (stage) => {
      const { forge, issuer, verify, advance } = stage
      await accept(stage, forge.signed())
      await advance(31_000)
      issuer.published = { keys: [...forge.published.keys, forge.keys.next.jwk] }
      return verify(signToken(forge.keys.next, forge.claims()))
    },
    fetched,
  ),

  published(
    26,
    'key: token_algorithm_refused',
    'HS256, by a secret that the issuer publishes',
    ({ forge }) => ({
      keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'oct' }, ...forge.published.keys],
    }),
    ({ forge }) => {
      const text = `${encode({ alg: 'HS256', kid: 'oct' })}.${encode(forge.claims())}`
      return `${text}.${createHmac('sha256', 'secret').update(text).digest('base64url')}`
    },
  ),
  published(26, keyUnknown, 'a key of which the private half is published, too', ({ forge }) => ({
    keys: [
      { ...forge.keys.ours.privateKey.export({ format: 'jwk' }), kid: 'k1' },
      ...forge.published.keys.slice(1),
    ],
  })),
  published(26, keyUnknown, 'a key for encryption (`use`)', ({ forge }) => ({
    keys: [{ ...forge.keys.ours.jwk, use: 'enc' }, ...forge.published.keys.slice(1)],
  })),
  published(26, keyUnknown, 'a key that must not verify (`key_ops`)', ({ forge }) => ({
    keys: [
      { ...forge.keys.ours.jwk, use: undefined, key_ops: ['encrypt'] },
      ...forge.published.keys.slice(1),
    ],
  })),
  published(26, accepted, 'a good key, among entries that are none', ({ forge }) => ({
    keys: [null, 1, {}, { kty: 'oct', k: 'x' }, { kty: 'RSA', kid: 7 }, ...forge.published.keys],
  })),
  published(
    26,
    'key: issuer_keys_unavailable',
    'a good key, while the issuer has nothing but an error to answer',
    ({ issuer }) => {
      issuer.isAway = true
      return {}
    },
  ),
  ...(
    [
      ['11 minutes', 660_000],
      ['12 hours', 43_200_000],
    ] as const
  ).map(([life, milliseconds]) =>
    scenario(
      26,
      accepted,
      `a good key, while the issuer has been away for ${life}`,
      async (stage) => {
        const { forge, issuer, verify, advance } = stage
        await accept(stage, forge.signed())
        issuer.isAway = true
        await advance(milliseconds)
        const now = forge.now + milliseconds / 1_000
        return verify(forge.signed({ iat: now, nbf: now, exp: now + 3_600 }))
      },
      fetched,
    ),
  ),
  scenario(
    26,
    { kind: 'requests', atMost: 1 },
    '20 good tokens while the issuer is away for an hour: what it is asked',
    async (stage) => {
      const { forge, issuer, advance } = stage
      await accept(stage, forge.signed())
      issuer.isAway = true
      await advance(3_660_000)
      const now = forge.now + 3_660
      return requestsFor(
        stage,
        Array.from({ length: 20 }, (_, n) =>
          forge.signed({ n, iat: now, nbf: now, exp: now + 3_600 }),
        ),
      )
    },
    fetched,
  ),
]
