import { acceptIssuers, createIdentifier, explainToken } from '../../src/identity/index.ts'
import type {
  AcceptedIssuers,
  Explanation,
  Identified,
  Identifier,
  IssuerPolicy,
  IssuerSettings,
} from '../../src/identity/index.ts'
import { createManualClock, err, ok, type ManualClock } from '../../src/kernel/index.ts'
import { createKeyCache, type KeyCache } from '../../src/oauth/index.ts'
import { memoryAccounts, type AccountRow, type MemoryAccounts } from './memory-accounts.ts'
import { keySetOf, makeSigningKey, signToken, type SigningKey } from './token-maker.ts'

/** Tenant and object ids of tests. */
export const tid = '11111111-2222-4333-8444-555555555555'
export const oid = '99999999-2222-4333-8444-555555555555'
export const otherOid = '88888888-2222-4333-8444-555555555555'
/** The issuer of tests, one of Entra’s. */
export const iss = `https://login.microsoftonline.com/${tid}/v2.0`

const settings: IssuerSettings = {
  name: 'contoso',
  type: 'entra',
  audiences: ['api://orders'],
  acceptsIdTokens: false,
  skewMs: 60_000,
  longestLifeMs: 86_400_000,
}

const policy: IssuerPolicy = {
  name: 'contoso',
  claims: ['token'],
  match: [{ pairs: [{ claim: 'oid', column: 'id', compare: 'exact' }], isAcrossTenants: false }],
  userName: 'preferred_username',
  scopes: [],
  access: [],
  introspectionClients: [],
}

/** One rule that matches a claim with a column. */
export const matching = (
  claim: string,
  column: string,
  isAcrossTenants = false,
): IssuerPolicy['match'][number] => ({
  pairs: [{ claim, column, compare: 'exact' }],
  isAcrossTenants,
})

/** An identifier over one issuer, a directory in memory, and a clock that is moved by hand. */
export interface IdentifierFixture {
  readonly clock: ManualClock
  readonly accounts: MemoryAccounts
  readonly key: SigningKey
  readonly keys: KeyCache
  readonly issuers: AcceptedIssuers
  readonly identifier: Identifier
  /** Keys that the issuer publishes from now on. */
  publish(...keys: readonly SigningKey[]): void
  /** Whether the issuer answers when it is asked for keys. */
  isAway: boolean
  /** A token of a user, with other claims where they are given; undefined takes one away. */
  token(claims?: Readonly<Record<string, unknown>>, key?: SigningKey): string
  /** Explains a token by another policy; looks nobody up where `isLookedUp` is false. */
  explain(token: string, policy?: Partial<IssuerPolicy>, isLookedUp?: boolean): Promise<Explanation>
  /** Another identifier over the same issuer. */
  identifierWith(policy: Partial<IssuerPolicy>, capacity?: number): Identifier
}

/** Makes one; everything it has can be replaced. */
export function identifierFixture(
  options: {
    readonly policy?: Partial<IssuerPolicy>
    readonly settings?: Partial<IssuerSettings>
    readonly accounts?: readonly AccountRow[]
    readonly key?: SigningKey
  } = {},
): IdentifierFixture {
  const clock = createManualClock()
  const key = options.key ?? makeSigningKey('k1')
  const accounts = memoryAccounts(...(options.accounts ?? [{ tenantId: tid, id: oid }]))
  let published: readonly SigningKey[] = [key]
  const fixture = { isAway: false }
  const keys = createKeyCache({
    clock,
    random: (length) => new Uint8Array(length),
    fetchKeys: async () =>
      fixture.isAway
        ? err({ detail: 'login.microsoftonline.com is away' })
        : ok(keySetOf(...published.map(({ jwk }) => jwk))),
  })
  const issuers = acceptIssuers([
    { iss, settings: { ...settings, ...options.settings }, keys, tenantId: tid },
  ])
  const policiesWith = (more: Partial<IssuerPolicy>): ReadonlyMap<string, IssuerPolicy> =>
    new Map([['contoso', { ...policy, ...options.policy, ...more }]])
  const identifierWith: IdentifierFixture['identifierWith'] = (more, capacity) =>
    createIdentifier({
      issuers,
      policies: policiesWith(more),
      accounts,
      clock,
      ...(capacity === undefined ? {} : { capacity }),
    })
  const seconds = (): number => Math.floor(clock.now() / 1_000)
  return Object.assign(fixture, {
    clock,
    accounts,
    key,
    keys,
    issuers,
    identifier: identifierWith({}),
    identifierWith,
    explain: (token: string, more: Partial<IssuerPolicy> = {}, isLookedUp = true) =>
      explainToken(token, {
        issuers,
        policies: policiesWith(more),
        accounts: isLookedUp ? accounts : undefined,
        clock,
      }),
    publish: (...next: readonly SigningKey[]) => {
      published = next
    },
    token: (claims: Readonly<Record<string, unknown>> = {}, signer: SigningKey = key) =>
      signToken(signer, {
        iss,
        aud: 'api://orders',
        tid,
        oid,
        sub: 'pairwise',
        scp: 'orders.read',
        azp: 'shop',
        ver: '2.0',
        iat: seconds(),
        nbf: seconds(),
        exp: seconds() + 3_600,
        ...claims,
      }),
  })
}

/** What came of a token, in one line. */
export function outcomeOf(identified: Identified): string {
  if (!identified.ok) return `${identified.error.stage}: ${identified.error.code}`
  const { account, role } = identified.value
  return `${account?.id ?? 'no account'}${role === undefined ? '' : `, ${role}`}`
}
