import type { AccountBook } from './accounts.ts'
import type { Rotation, SimulatedApplication, SimulatedCertificate } from './options.ts'
import type { SimulatedFederation, SimulatedGrantRules, SimulatedSecret } from './options.ts'
import type { SimulatedPolicy } from './options.ts'
import { requirePolicies } from './policies.ts'

/** An application as the running simulator holds it. */
export interface Application {
  readonly id: string
  /** Object id of its service principal: the `oid` and `sub` of its tokens. */
  readonly principalId: string
  readonly displayName: string
  readonly isEnabled: boolean
  secrets: readonly SimulatedSecret[]
  certificates: readonly SimulatedCertificate[]
  federated: readonly SimulatedFederation[]
  readonly keys: readonly Readonly<Record<string, unknown>>[]
  readonly isPublic: boolean
  readonly redirectUris: readonly string[] | undefined
  permissions: readonly string[]
  delegatedPermissions: readonly string[]
  readonly optionalClaims: readonly 'acct'[]
  rotation: Rotation | undefined
  /** Consent was withdrawn: for everything, or for these resources. */
  withdrawn: 'everything' | ReadonlySet<string>
  /** Conditional Access lets it have no tokens of its own. */
  isBlocked: boolean
}

/** How an authority treats users' grants; can be changed while it runs. */
export interface GrantPolicy {
  rotation: Rotation
  readonly pkce: 'required' | 'optional'
  readonly refreshIdleMs: number
  readonly announcesRefreshLife: boolean
  /** Users must have signed in within so many seconds; undefined: whenever. */
  signInFrequencySeconds: number | undefined
  /** Who is signed in without being asked; `'hint'`: whoever `login_hint` names. */
  autoSignIn: string | undefined
  /** What stands against sign-ins and tokens. */
  policies: readonly SimulatedPolicy[]
}

/** An authority that issues tokens: an Entra tenant, or an OpenID provider. */
export interface Realm {
  readonly kind: 'entra' | 'oidc'
  /** Tenant id, or the name of the issuer. */
  readonly id: string
  readonly applications: ReadonlyMap<string, Application>
  readonly accounts: AccountBook
  readonly policy: GrantPolicy
}

const defaultPermissions = ['User.Read.All', 'Group.Read.All', 'GroupMember.Read.All']

/** The seconds in 90 days, after which an unused refresh token dies. */
const ninetyDays = 7_776_000

/** Makes an application of its options. */
export function createApplication(
  options: SimulatedApplication,
  id: string,
  principalId: string,
): Application {
  return {
    id,
    principalId,
    displayName: options.displayName ?? `Application ${id.slice(0, 8)}`,
    isEnabled: options.isEnabled ?? true,
    secrets: options.secrets ?? [],
    certificates: options.certificates ?? [],
    federated: options.federated ?? [],
    keys: options.keys ?? [],
    isPublic: options.isPublic ?? false,
    redirectUris: options.redirectUris,
    permissions: options.permissions ?? defaultPermissions,
    delegatedPermissions: options.delegatedPermissions ?? ['User.Read'],
    rotation: options.rotation,
    optionalClaims: options.optionalClaims ?? [],
    withdrawn: options.isConsented === false ? 'everything' : new Set(),
    isBlocked: false,
  }
}

/** Makes the rules an authority begins with. */
export function createGrantPolicy(options: SimulatedGrantRules, rotation: Rotation): GrantPolicy {
  return {
    rotation: options.rotation ?? rotation,
    pkce: options.pkce ?? 'optional',
    refreshIdleMs: (options.refreshIdleSeconds ?? ninetyDays) * 1_000,
    announcesRefreshLife: options.announcesRefreshLife ?? false,
    signInFrequencySeconds: undefined,
    autoSignIn: undefined,
    policies: requirePolicies(options.policies ?? []),
  }
}

/** What holds for one application: its own rotation, or its authority's. */
export function rotationOf(realm: Realm, application: Application): Rotation {
  return application.rotation ?? realm.policy.rotation
}

/** Finds an application; GUIDs of tenants in any case. */
export function findApplication(realm: Realm, clientId: string): Application | undefined {
  return realm.applications.get(realm.kind === 'entra' ? clientId.toLowerCase() : clientId)
}
