import { hash } from 'node:crypto'
import type { Caller, CallerAccount, CallerLimits, Role } from '../access/index.ts'
import { isGuid } from '../directory/index.ts'
import type { Identity } from '../identity/index.ts'

/** What is told of a caller that brought a token, or a session made from one. */
export interface BearerFacts {
  /** Of the caller; see `Caller`. */
  readonly id: string
  /** Name of the issuer in the configuration. */
  readonly issuer: string
  /** The rules of the issuer by which all of this was told; see `Bearer.rulesOf`. */
  readonly rules?: string
  readonly iss?: string
  readonly subject?: string
  readonly principal: 'user' | 'application'
  readonly tenantId?: string
  readonly clientId?: string
  readonly userName: string
  readonly account?: CallerAccount
  /** The person that the account is linked to, and what the link gives. */
  readonly person?: {
    readonly id: string
    readonly name: string
    readonly role?: Role
    readonly connections: readonly string[]
  }
  /** App roles: the texts of the claim `roles`, of whatever but UserInfo. */
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  readonly role?: Role
  readonly connections: readonly string[] | '*'
  readonly expiresAt: number
}

/**
 * Who did something, for records of it: the name of a caller key, which is given here, but of a
 * bearer its id as well, since its name is whatever its directory or the caller itself says.
 */
export function signatureOf({ kind, name, id }: Caller): string {
  return kind === 'key' ? name : `${name} (${id})`
}

const facts = new WeakMap<Caller, BearerFacts>()

/** What is told of a caller; undefined for one that brought a key. */
export function bearerFactsOf(caller: Caller): BearerFacts | undefined {
  return facts.get(caller)
}

/**
 * The facts of an identity, without its other claims. Control characters are taken out of texts
 * that go into logs, traces and headers: not every database keeps all of them.
 *
 * @param rules By which the identity was told.
 */
export function factsOf(identity: Identity, rules: string | undefined): BearerFacts {
  const { issuer, iss, subject, principal, tenantId, clientId, account } = identity
  const { role, connections, expiresAt, claims } = identity
  const link = account?.link
  // Roles of UserInfo are about the person, not about what the application may do.
  const roles = claims.find(({ name, source }) => name === 'roles' && source !== 'userinfo')?.value
  return {
    id: idOf(identity),
    issuer,
    principal,
    userName: clean(identity.userName),
    connections,
    scopes: identity.scopes.map(clean),
    expiresAt,
    roles: (Array.isArray(roles) ? roles : [roles])
      .filter((one) => typeof one === 'string')
      .map(clean),
    ...(rules === undefined ? {} : { rules }),
    ...(iss === undefined ? {} : { iss }),
    ...(subject === undefined ? {} : { subject: clean(subject) }),
    ...(tenantId === undefined ? {} : { tenantId: clean(tenantId) }),
    ...(clientId === undefined ? {} : { clientId: clean(clientId) }),
    ...(account === undefined
      ? {}
      : { account: { tenantId: account.tenantId, kind: account.kind, id: account.id } }),
    ...(link === undefined
      ? {}
      : {
          person: {
            id: link.personId,
            name: link.personName,
            connections: link.connections,
            ...(link.role === undefined ? {} : { role: link.role }),
          },
        }),
    ...(role === undefined ? {} : { role }),
  }
}

/** Longest name of a caller (characters). */
const longestName = 200

/** The caller that the facts are about; the same id for every token and session of an account. */
export function callerOfFacts(
  told: BearerFacts,
  kind: 'bearer' | 'session' | 'console',
  limits: CallerLimits,
): Caller {
  const { id, account, role, connections, userName, expiresAt, tenantId } = told
  const caller: Caller = {
    id,
    name: userName.slice(0, longestName),
    kind,
    ...(account === undefined ? {} : { account }),
    ...(role === undefined ? {} : { role }),
    connections,
    ownTenant: tenantId ?? '',
    allowTokens: false,
    limits,
    expiresAt,
  }
  facts.set(caller, told)
  return caller
}

/**
 * Ids stand in the log as they are, so that they are made of letters, digits, "_" and "-". What is
 * no GUID goes in as a hash: written side by side, two ids could read as two others, and case could
 * be all that tells one from another.
 */
function idOf({ account, iss, issuer, tenantId, subject, clientId }: Identity): string {
  if (account === undefined) {
    return `sub_${shortHash([iss ?? issuer, tenantId, subject ?? clientId])}`
  }
  const kind = account.kind === 'user' ? 'usr' : 'spn'
  const ids = [account.tenantId, account.id]
  return ids.every(isGuid) ? `${kind}_${ids.join('_').toLowerCase()}` : `${kind}_${shortHash(ids)}`
}

function shortHash(parts: readonly (string | undefined)[]): string {
  return hash('sha256', JSON.stringify(parts)).slice(0, 32)
}

function clean(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\uFFFD')
}
