import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  identifierFixture,
  matching,
  oid,
  otherOid,
  outcomeOf,
  tid,
} from '../../test/support/identifier-fixture.ts'
import { memoryAccounts, type AccountRow } from '../../test/support/memory-accounts.ts'
import { makeSigningKey, type SigningKey } from '../../test/support/token-maker.ts'
import { createIdentifier } from './identify.ts'
import type { Identifier } from './identity.ts'
import type { AskedClaims, IssuerPolicy } from './issuer-policy.ts'

let keys: readonly SigningKey[]
beforeAll(() => {
  keys = [makeSigningKey('k1'), makeSigningKey('k2')]
})

/** An account is read again once what is known of it is so old (ms). */
const accountBoundMs = 1_000
/** What an issuer said of a token serves no longer than that (ms). */
const answerBoundMs = 60_000

const states = {
  enabled: {},
  disabled: { properties: { accountEnabled: false } },
  'disabled here': { disabled: { at: 1, by: 'ops' } },
  'mapped to another value': { properties: { mail: 'new@x.example' } },
  'linked to a person': {
    link: { personId: 'psn_1', personName: 'A', role: 'admin', connections: [] },
  },
} as const satisfies Readonly<Record<string, Partial<AccountRow>>>

type Action =
  | { readonly kind: 'wait'; readonly ms: number }
  | {
      readonly kind: 'account'
      readonly id: string
      readonly state: keyof typeof states | 'deleted'
      /** Here: every process forgets at once. */
      readonly isLocal: boolean
    }
  | { readonly kind: 'keys'; readonly published: readonly number[] }
  | { readonly kind: 'configuration'; readonly rule: 'oid' | 'email' }
  | { readonly kind: 'token'; readonly which: number }

const actions: fc.Arbitrary<readonly Action[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('token' as const), which: fc.nat(5) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('wait' as const),
        ms: fc.oneof(fc.constantFrom(1, 500, 999, 1_000, 1_001, 59_999, 60_000), fc.nat(70_000)),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('account' as const),
        id: fc.constantFrom(oid, otherOid),
        state: fc.constantFrom(
          ...(Object.keys(states) as (keyof typeof states)[]),
          'deleted' as const,
        ),
        isLocal: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('keys' as const),
        published: fc.constantFrom([0], [1], [0, 1]),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('configuration' as const),
        rule: fc.constantFrom('oid' as const, 'email' as const),
      }),
    },
  ),
  { minLength: 5, maxLength: 60 },
)

type Rows = ReadonlyMap<string, AccountRow>

/** Plays what happens; returns what was remembered and neither is true nor was a second ago. */
async function play(script: readonly Action[]): Promise<readonly string[]> {
  const untrue: string[] = []
  const fixture = identifierFixture({ key: keys[0] as SigningKey })
  const { clock, accounts, issuers } = fixture
  const row = (id: string, state: Partial<AccountRow> = {}): AccountRow => ({
    tenantId: tid,
    id,
    ...state,
    properties: { mail: `${id.slice(0, 3)}@x.example`, ...state.properties },
  })
  let rows: Rows = new Map([oid, otherOid].map((id) => [id, row(id)]))
  for (const one of rows.values()) accounts.put(one)
  /** What the directory said, and until when. */
  let past: { readonly rows: Rows; readonly untilTick: number }[] = []
  let policy: Partial<IssuerPolicy> = {}
  let remembering = fixture.identifierWith(policy)
  const seconds = Math.floor(clock.now() / 1_000)
  const tokens = [3_600, 20, 90].flatMap((life, i) => [
    fixture.token({ exp: seconds + life, email: '999@x.example', i }),
    fixture.token({ exp: seconds + life, oid: otherOid, email: '888@x.example', i }, keys[i % 2]),
  ])

  /** What is true of a token now, were the directory to say that. */
  async function truth(token: string, said: Rows): Promise<string> {
    const policies = new Map([['contoso', { ...basePolicy, ...policy }]])
    const fresh: Identifier = createIdentifier({
      issuers,
      policies,
      accounts: memoryAccounts(...said.values()),
      clock,
      capacity: 0,
    })
    return outcomeOf(await fresh.identify(token))
  }

  for (const action of script) {
    switch (action.kind) {
      case 'wait':
        await clock.advance(action.ms)
        break
      case 'keys':
        fixture.publish(...action.published.map((at) => keys[at] as SigningKey))
        await fixture.keys.refresh()
        break
      case 'configuration':
        policy = action.rule === 'oid' ? {} : { match: [matching('email', 'mail')] }
        remembering = fixture.identifierWith(policy)
        past = []
        break
      case 'account': {
        past.push({ rows, untilTick: clock.monotonic() })
        const next = new Map(rows)
        if (action.state === 'deleted') next.delete(action.id)
        else next.set(action.id, row(action.id, states[action.state]))
        rows = next
        accounts.remove(action.id)
        const changed = next.get(action.id)
        if (changed !== undefined) accounts.put(changed)
        if (action.isLocal) {
          remembering.forgetAccounts()
          past = []
        }
        break
      }
      case 'token': {
        const token = tokens[action.which] as string
        past = past.filter(({ untilTick }) => untilTick > clock.monotonic() - accountBoundMs)
        const seen = outcomeOf(await remembering.identify(token))
        const possible = [await truth(token, rows)]
        for (const before of past) possible.push(await truth(token, before.rows))
        if (!possible.includes(seen)) untrue.push(`${seen}, not ${possible.join(' or ')}`)
        break
      }
    }
  }
  return untrue
}

const basePolicy: IssuerPolicy = {
  name: 'contoso',
  claims: ['token'],
  match: [matching('oid', 'id')],
  userName: 'name',
  scopes: [],
  access: [],
  introspectionClients: [],
}

describe('what is remembered of callers', () => {
  it('is what is true, or was a second ago, whatever keys, time, accounts and rules do', async () => {
    const property = fc.asyncProperty(actions, async (script) => {
      expect(await play(script)).toEqual([])
    })
    await fc.assert(property, { numRuns: 500 })
  })

  it('is what an issuer said within a minute, and within the life it gave the token', async () => {
    const step = fc.oneof(
      fc.record({ ms: fc.oneof(fc.nat(70_000), fc.constantFrom(59_999, 60_000)) }),
      fc.record({ isActive: fc.boolean() }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(200), async (steps, life) => {
        let isActive = true
        const past: { readonly isActive: boolean; readonly untilTick: number }[] = []
        const exp = 1_700_000_000 + life
        const introspect = async (): Promise<AskedClaims> =>
          isActive
            ? { kind: 'told', claims: { sub: 's', aud: 'api://orders', exp, uid: oid } }
            : { kind: 'refused', detail: 'it is not active' }
        const { clock, identifier } = identifierFixture({
          key: keys[0] as SigningKey,
          settings: { type: 'oidc' },
          policy: { claims: ['introspection'], introspect, match: [matching('uid', 'id')] },
        })
        for (const one of steps) {
          if ('ms' in one) await clock.advance(one.ms)
          else {
            past.push({ isActive, untilTick: clock.monotonic() })
            ;({ isActive } = one)
          }
          const seen = outcomeOf(await identifier.identify('opaque-token'))
          const isOver = clock.now() - 60_000 >= exp * 1_000
          const since = clock.monotonic() - answerBoundMs
          const possible = [
            isActive,
            ...past.filter(({ untilTick }) => untilTick > since).map((before) => before.isActive),
          ].map((was) =>
            was ? (isOver ? 'time: token_expired' : oid) : 'claim_source: token_inactive',
          )
          expect(possible).toContain(seen)
        }
      }),
      { numRuns: 300 },
    )
  })
})
