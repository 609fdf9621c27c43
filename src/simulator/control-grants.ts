import { EvergrantError } from '../kernel/index.ts'
import { totpSecretOf, type Account } from './accounts.ts'
import type { DirectoryRole } from './directory-roles.ts'
import type { Rotation, SimulatedCertificate, SimulatedFederation } from './options.ts'
import type { SimulatedPolicy, SimulatedSecret } from './options.ts'
import { findApplication, type Application, type Realm } from './realms.ts'
import { requirePolicies } from './policies.ts'
import type { RejectionStyle, ResourceName } from './rejection-styles.ts'
import { findTenant } from './tenants.ts'
import type { TokenRequestRecord } from './token-request.ts'
import { totpAt } from './totp.ts'
import type { World } from './world.ts'

/** Which authority and application a change is for; the first tenant and its first where left out. */
export interface Addressee {
  /** Tenant id or domain, or the name of an OpenID provider. */
  readonly tenant?: string
  readonly clientId?: string
}

/** What can befall an account. What is left out stays as it is. */
export interface AccountChange {
  readonly isDisabled?: boolean
  readonly isDeleted?: boolean
  /** Conditional Access lets it have no tokens (53003). */
  readonly isBlocked?: boolean
  /** Every sign-in so far is not enough, and later ones need a second factor (50076). */
  readonly isMfaRequired?: boolean
  /** False: it has no authenticator app, so that a second factor cannot be given (50079). */
  readonly isMfaEnrolled?: boolean
  /** Locked by wrong passwords (50053). */
  readonly isLocked?: boolean
  /** The application wants users assigned, and this one is not (50105). */
  readonly isUnassigned?: boolean
  /** It may not consent for itself (90094). */
  readonly needsAdminApproval?: boolean
  readonly roles?: readonly DirectoryRole[]
  readonly groups?: readonly string[]
}

/** A refresh token to make without a browser. */
export interface RefreshTokenWish extends Addressee {
  /** Object id or name. Default: the first listed account, else the first user. */
  readonly user?: string
  /** Default: `openid`, `profile`, `offline_access`, and at a tenant Graph’s `.default`. */
  readonly scope?: string
  /** RFC 8707, at an OpenID provider. */
  readonly resource?: string
  /** Signed in with a second factor. Default true. */
  readonly hasMfa?: boolean
}

/** The part of the control that is about clients, users and their grants. */
export interface GrantControl {
  /** Makes a refresh token as if the user had signed in just now. */
  issueRefreshToken(wish?: RefreshTokenWish): string
  setAccount(user: string, change: AccountChange, addressee?: Addressee): void
  /** Revokes the sessions of a user, or of everyone at the authority: refresh answers 50173. */
  revokeSessions(user?: string, addressee?: Addressee): void
  /** What the authenticator app of a user (the first one by default) shows now. */
  totp(user?: string, addressee?: Addressee): string
  /** In place of all policies that stand at the authority; `[]` lifts them. */
  setPolicies(policies: readonly SimulatedPolicy[], addressee?: Addressee): void
  /** Sign-ins older than so many seconds are refused (70043); `null`: none is. */
  setSignInFrequency(seconds: number | null, addressee?: Addressee): void
  /** Takes consent away for one audience, or for all: 65001 until someone signs in again. */
  withdrawConsent(audience?: string, addressee?: Addressee): void
  /** Conditional Access lets the application have no tokens of its own (53003). */
  setApplicationBlocked(isBlocked: boolean, addressee?: Addressee): void
  /** For one application when the addressee names it, else for the authority. */
  setRotation(rotation: Rotation, addressee?: Addressee): void
  /**
   * Who the authorization endpoint takes for signed in, without a page: a user, `'hint'` for
   * whomever `login_hint` names, `null` for nobody.
   */
  setAutoSignIn(user: string | null, addressee?: Addressee): void
  setSecrets(secrets: readonly SimulatedSecret[], addressee?: Addressee): void
  setCertificates(certificates: readonly SimulatedCertificate[], addressee?: Addressee): void
  setFederated(federated: readonly SimulatedFederation[], addressee?: Addressee): void
  /** Application permissions of tokens issued from now on; those out there keep theirs. */
  setPermissions(permissions: readonly string[], addressee?: Addressee): void
  /** How an API refuses dead tokens from now on; every API where none is named. */
  setRejectionStyle(style: RejectionStyle, resource?: ResourceName): void
  /** Every request to a token endpoint so far, in order; copies. */
  tokenRequests(): readonly TokenRequestRecord[]
  /** Lets requests go that a `hold` keeps: of one fault, or all. */
  release(faultId?: string): void
}

/** Makes that part of the control. */
export function createGrantControl(world: World): GrantControl {
  return {
    issueRefreshToken: (wish = {}) => {
      const realm = realmOf(world, wish)
      const application = applicationOf(realm, wish)
      const own = realm.kind === 'entra' ? 'https://graph.microsoft.com/.default ' : ''
      const scope = wish.scope ?? `${own}openid profile offline_access`
      const now = world.now()
      const session = world.sessions.begin({
        realm: realm.id,
        clientId: application.id,
        account: accountOf(realm, wish.user),
        scopes: scope.split(/\s+/).filter(Boolean),
        resource: wish.resource,
        authenticatedAt: now,
        hasMfa: wish.hasMfa ?? true,
      })
      return world.sessions.mint(session, now)
    },
    setAccount: (user, change, addressee) => {
      const realm = realmOf(world, addressee)
      const state = realm.accounts.state(accountOf(realm, user).id)
      const { isMfaRequired } = change
      if (isMfaRequired !== undefined) state.mfaUpTo = isMfaRequired ? world.sessions.latest() : 0
      Object.assign(state, {
        isDisabled: change.isDisabled ?? state.isDisabled,
        isDeleted: change.isDeleted ?? state.isDeleted,
        isBlocked: change.isBlocked ?? state.isBlocked,
        isMfaRequired: isMfaRequired ?? state.isMfaRequired,
        isMfaEnrolled: change.isMfaEnrolled ?? state.isMfaEnrolled,
        isLocked: change.isLocked ?? state.isLocked,
        isUnassigned: change.isUnassigned ?? state.isUnassigned,
        needsAdminApproval: change.needsAdminApproval ?? state.needsAdminApproval,
        roles: change.roles ?? state.roles,
        groups: change.groups ?? state.groups,
      })
      if (change.isLocked === false) state.wrongPasswords = 0
    },
    revokeSessions: (user, addressee) => {
      const realm = realmOf(world, addressee)
      const revokedUpTo = world.sessions.latest()
      const revoked = { revokedUpTo, revokedAt: world.now() }
      if (user === undefined) realm.accounts.revokeAll(revoked)
      else Object.assign(realm.accounts.state(accountOf(realm, user).id), revoked)
    },
    totp: (user, addressee) => {
      const realm = realmOf(world, addressee)
      const account = accountOf(realm, user)
      const secret = totpSecretOf(account, realm.accounts.state(account.id))
      if (secret !== undefined) return totpAt(secret, world.now())
      throw invalid(`"${account.userPrincipalName}" has no authenticator app`)
    },
    setPolicies: (policies, addressee) => {
      realmOf(world, addressee).policy.policies = requirePolicies(policies)
    },
    setSignInFrequency: (seconds, addressee) => {
      realmOf(world, addressee).policy.signInFrequencySeconds = seconds ?? undefined
    },
    withdrawConsent: (audience, addressee) => {
      const application = applicationAt(world, addressee)
      const { withdrawn } = application
      if (audience === undefined || withdrawn === 'everything') application.withdrawn = 'everything'
      else application.withdrawn = new Set([...withdrawn, audience.replace(/\/$/, '')])
    },
    setApplicationBlocked: (isBlocked, addressee) => {
      applicationAt(world, addressee).isBlocked = isBlocked
    },
    setRotation: (rotation, addressee = {}) => {
      requireRotation(rotation)
      const realm = realmOf(world, addressee)
      if (addressee.clientId === undefined) realm.policy.rotation = rotation
      else applicationOf(realm, addressee).rotation = rotation
    },
    setAutoSignIn: (user, addressee) => {
      realmOf(world, addressee).policy.autoSignIn = user ?? undefined
    },
    setSecrets: (secrets, addressee) => {
      applicationAt(world, addressee).secrets = secrets
    },
    setCertificates: (certificates, addressee) => {
      applicationAt(world, addressee).certificates = certificates
    },
    setFederated: (federated, addressee) => {
      applicationAt(world, addressee).federated = federated
    },
    setPermissions: (permissions, addressee) => {
      applicationAt(world, addressee).permissions = permissions
    },
    setRejectionStyle: (style, resource) => {
      const known: readonly RejectionStyle[] = [
        'unauthorized',
        'forbidden_empty',
        'server_error',
        'ok_with_error_body',
      ]
      if (!known.includes(style)) {
        throw invalid(`"style" must be one of ${known.join(', ')}, but is ${JSON.stringify(style)}`)
      }
      const all: readonly ResourceName[] = ['graph', 'arm', 'partner', 'vault']
      for (const name of resource === undefined ? all : [resource]) {
        world.settings.rejectionStyles[name] = style
      }
    },
    tokenRequests: () => world.tokenLog.records(),
    release: (faultId) => {
      if (!world.faults.release(faultId)) throw invalid(`there is no fault "${faultId}"`)
    },
  }
}

/** Finds an account of an authority. Throws `config_invalid` where there is none. */
export function accountAt(world: World, name?: string, tenant?: string): Account {
  return accountOf(realmOf(world, tenant === undefined ? {} : { tenant }), name)
}

/** Every authority of a world. */
export function realmsOf(world: World): readonly Realm[] {
  return [...world.tenants, ...world.issuers]
}

function realmOf(world: World, addressee: Addressee = {}): Realm {
  const { tenant } = addressee
  if (tenant === undefined) return world.tenants[0] as Realm
  const found = findTenant(world.tenants, tenant) ?? world.issuers.find(({ id }) => id === tenant)
  if (found !== undefined) return found
  throw invalid(`there is no tenant or issuer "${tenant}"`)
}

function applicationAt(world: World, addressee: Addressee = {}): Application {
  return applicationOf(realmOf(world, addressee), addressee)
}

function applicationOf(realm: Realm, { clientId }: Addressee): Application {
  const found =
    clientId === undefined
      ? realm.applications.values().next().value
      : findApplication(realm, clientId)
  if (found !== undefined) return found
  throw invalid(`there is no application "${clientId}"`)
}

function accountOf(realm: Realm, name: string | undefined): Account {
  const found = name === undefined ? realm.accounts.first() : realm.accounts.find(name)
  if (found !== undefined) return found
  throw invalid(name === undefined ? `"${realm.id}" has no account` : `there is no user "${name}"`)
}

function requireRotation({ model }: Rotation): void {
  if (['overlap', 'static', 'strict'].includes(model)) return
  throw invalid(
    `"rotation.model" must be overlap, static or strict, but is ${JSON.stringify(model)}`,
  )
}

function invalid(detail: string): EvergrantError {
  return new EvergrantError('config_invalid', `simulator: ${detail}`)
}
