import { hash } from 'node:crypto'
import type { Config, IssuerConfig, SecretReader } from '../config/index.ts'
import type { AccountStore } from '../directory/index.ts'
import type { GrantEngine } from '../grants/index.ts'
import {
  createIdentifier,
  explainToken,
  type AcceptedIssuers,
  type Explanation,
  type Identifier,
  type IssuerPolicy,
  type MatchRule,
} from '../identity/index.ts'
import type { Transport } from '../oauth/index.ts'
import { openClaimSources, type ClaimSourceOptions } from './open-claim-sources.ts'
import { openGroups } from './open-groups.ts'
import { openIssuers, type KeyCaches } from './open-issuers.ts'

/** What tells whom bearer tokens stand for, and the issuers it rests on. */
export interface Bearer {
  readonly identifier: Identifier
  readonly issuers: AcceptedIssuers
  /**
   * A short name for the rules by which callers of an issuer are told and what they may do: another
   * one after every change of them. Undefined for an issuer that is not there.
   */
  rulesOf(issuer: string): string | undefined
  /**
   * Tells how a token is judged, by the steps of a live request; for operators, as it names
   * accounts.
   *
   * @throws EvergrantError `store_*`
   */
  explain(token: string): Promise<Explanation>
}

/** What bearers rest on besides the configuration. */
export interface BearerOptions {
  readonly transport: Transport
  /** Undefined: nobody is found, and `explain` says that nobody was looked for. */
  readonly accounts: Pick<AccountStore, 'findAccounts'> | undefined
  /** Reads the secrets of our clients at issuers that are asked about tokens. */
  readonly secrets: Pick<SecretReader, 'read'>
  /** Where keys of issuers are kept; by default new caches. */
  readonly caches?: KeyCaches
  /** Has the tokens that groups are asked with; without it nobody is asked. */
  readonly engine?: Pick<GrantEngine, 'connection'>
}

/**
 * Opens what tells whom bearer tokens stand for, by the issuers of a configuration; nobody is asked
 * before the first token.
 *
 * @throws EvergrantError `provider_misconfigured` when two issuers are the same
 */
export function openBearer(config: Pick<Config, 'issuers'>, options: BearerOptions): Bearer {
  const { transport, accounts, secrets, engine } = options
  const issuers = openIssuers(config, transport, options.caches)
  const policies = new Map(
    Object.values(config.issuers).map((issuer) => [
      issuer.name,
      policyOf(issuer, { transport, secrets, issuers }, engine),
    ]),
  )
  const { clock } = transport
  const known = accounts ?? { findAccounts: () => Promise.resolve([]) }
  const rules = new Map(
    Object.values(config.issuers).map((issuer) => [issuer.name, nameRules(issuer)]),
  )
  return {
    issuers,
    rulesOf: (issuer) => rules.get(issuer),
    identifier: createIdentifier({ issuers, policies, accounts: known, clock }),
    explain: (token) => explainToken(token, { issuers, policies, accounts, clock }),
  }
}

/** What decides who a caller is and what it may do; where that is asked is not of it. */
function nameRules(issuer: IssuerConfig): string {
  const { audiences, claims, match, scopes, access, introspection, userinfo } = issuer
  const ofType =
    issuer.type === 'oidc' ? [issuer.issuer, issuer.tenant] : [issuer.cloud, issuer.authority]
  const deciding = [audiences, claims, match, scopes, access, ofType]
  const asked = [introspection.clients, userinfo.acceptAnyAudience]
  return hash('sha256', JSON.stringify([...deciding, ...asked]), 'base64url').slice(0, 22)
}

function policyOf(
  config: IssuerConfig,
  options: ClaimSourceOptions,
  engine: BearerOptions['engine'],
): IssuerPolicy {
  const { name, claims, match, userName, scopes, access, introspection } = config
  const tenantId = config.type === 'oidc' ? config.tenant : undefined
  const groups = config.type === 'entra' ? config.groups : undefined
  return {
    name,
    claims,
    userName,
    scopes,
    access,
    match: match.map(matchRuleOf),
    introspectionClients: introspection.clients,
    ...openClaimSources(config, options),
    ...(groups === undefined || engine === undefined
      ? {}
      : { groupsOf: openGroups(groups.connection, { engine, transport: options.transport }) }),
    ...(tenantId === undefined ? {} : { tenantId }),
  }
}

/** A rule of the configuration, as matching takes it. */
export function matchRuleOf({
  pairs,
  acrossTenants,
  acceptMutable,
}: IssuerConfig['match'][number]): MatchRule {
  return {
    isAcrossTenants: acrossTenants,
    acceptsMutable: acceptMutable,
    pairs: pairs.map(({ ignoreCase, ...pair }) => ({
      ...pair,
      compare: ignoreCase ? 'lower' : 'exact',
    })),
  }
}
