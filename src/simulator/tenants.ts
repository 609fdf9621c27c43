import { EvergrantError } from '../kernel/index.ts'
import { createAccountBook, type Account } from './accounts.ts'
import type { ApplicationConsent } from './application-consent.ts'
import type { GroupPlan, MemberType } from './group.ts'
import { createJournal, type DeltaSettings, type Journal } from './journal.ts'
import type { MemberChanges } from './member-changes.ts'
import { mix, guidOf } from './mixing.ts'
import { defaultTenant, type SimulatedTenant } from './options.ts'
import { drawPerson, idOf, userPrincipalNameOf, type Person } from './person.ts'
import { createOverlay } from './person-change.ts'
import { findPerson } from './population.ts'
import { createApplication, createGrantPolicy, type Application, type Realm } from './realms.ts'
import { setSearchLag, type SearchLag } from './search-lag.ts'
import { applyUserChange, creationOf } from './user-changes.ts'
import type { UserView } from './user-view.ts'
import { createUserIndex } from './user-index.ts'
import { userProperty } from './user-properties.ts'

/** A tenant as the running simulator holds it. */
export interface Tenant extends Realm, UserView {
  readonly kind: 'entra'
  readonly domain: string
  readonly groups: GroupPlan
  groupCount: number
  deviceCount: number
  administrativeUnitCount: number
  /** Indexes of deleted groups. */
  deletedGroups: Set<number>
  readonly memberChanges: MemberChanges
  /** Consents to applications of its partner, by client id. */
  applicationConsents: Map<string, ApplicationConsent>
  /** Its relationship with the partner lets nobody consent. */
  isConsentRefused: boolean
  /** What happened in it, for deltas. */
  readonly journal: Journal
  /** What advanced queries know of its users. */
  readonly lag: SearchLag
  /** Whether it serves advanced queries: B2C does not. */
  readonly servesAdvanced: boolean
}

/** Most users a tenant can be given. */
export const maximumUsers = 100_000_000
/** Most groups a tenant can be given. */
export const maximumGroups = 10_000_000
/** Most devices a tenant can be given. */
export const maximumDevices = 10_000_000
/** Most administrative units a tenant can be given. */
const maximumAdministrativeUnits = 10_000
const memberTypes: readonly MemberType[] = ['user', 'group', 'device', 'servicePrincipal']
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Makes the tenants. Throws `config_invalid`, naming the field, for an id that is no GUID, a number
 * of users out of range or a tenant named twice.
 */
export function createTenants(options: readonly SimulatedTenant[] | undefined): readonly Tenant[] {
  const tenants = (options ?? [{ id: defaultTenant.id }]).map(createTenant)
  const names = tenants.flatMap(({ id, domain }) => [id, domain])
  const twice = names.find((name, position) => names.indexOf(name) !== position)
  if (tenants.length === 0) throw invalid('"tenants" must name at least one tenant')
  if (twice !== undefined) throw invalid(`"tenants" names ${JSON.stringify(twice)} twice`)
  return tenants
}

function createTenant(options: SimulatedTenant, position: number): Tenant {
  const field = `tenants[${position}]`
  const id = requireGuid(options.id, `${field}.id`)
  const fallback = position === 0 ? defaultTenant.domain : `contoso${position + 1}.example`
  const domain = (options.domain ?? fallback).toLowerCase()
  const people = options.people ?? []
  const drawn = options.users ?? (options.people === undefined ? 400_000 : 0)
  const userBase = requireUserCount(drawn, `${field}.users`) + people.length
  const seed = (options.seed ?? 1) >>> 0
  const wanted = options.applications ?? [
    { id: defaultTenant.clientId, secrets: [{ value: defaultTenant.clientSecret }] },
  ]
  const applications = new Map<string, Application>()
  for (const [index, application] of wanted.entries()) {
    const clientId = requireGuid(application.id, `${field}.applications[${index}].id`)
    const principalId = principalIdOf(id, clientId)
    applications.set(clientId, createApplication(application, clientId, principalId))
  }
  const groupOptions = options.groups ?? {}
  const naming = options.naming ?? 'names'
  const population = { seed, domain, naming, overlay: createOverlay() }
  const groupCount = requireCount(groupOptions.count ?? 100, maximumGroups, `${field}.groups.count`)
  const tenant: Tenant = {
    kind: 'entra',
    id,
    domain,
    population,
    applications,
    accounts: createAccountBook(options.accounts ?? [], {
      find: (name) => accountOf(findPerson(population, tenant.userCount, name)),
      first: () => accountOf(tenant.userCount > 0 ? drawPerson(population, 0) : undefined),
    }),
    policy: createGrantPolicy(options, { model: 'overlap' }),
    userCount: drawn,
    groups: {
      seed,
      userBase,
      giantSize: requireCount(
        groupOptions.giantSize ?? Math.min(5_000, userBase),
        maximumUsers,
        `${field}.groups.giantSize`,
      ),
      memberTypes: groupOptions.memberTypes ?? memberTypes,
      changes: new Map(),
    },
    groupCount,
    deviceCount: requireCount(
      options.devices ?? Math.min(groupCount * 2, maximumDevices),
      maximumDevices,
      `${field}.devices`,
    ),
    administrativeUnitCount: requireCount(
      options.administrativeUnits ?? 12,
      maximumAdministrativeUnits,
      `${field}.administrativeUnits`,
    ),
    deletedUsers: new Set(),
    deletedGroups: new Set(),
    memberChanges: new Map(),
    applicationConsents: new Map(),
    isConsentRefused: false,
    index: createUserIndex(() => tenant),
    journal: createJournal(requireDeltas(options.delta, `${field}.delta`)),
    lag: { lagMs: 0, view: undefined, pending: [] },
    servesAdvanced: options.advancedQueries ?? true,
  }
  for (const person of people) applyUserChange(tenant, creationOf(tenant, person, listedSince))
  setSearchLag(tenant.lag, tenant, requireLag(options.indexLagMs ?? 0, `${field}.indexLagMs`))
  return tenant
}

/** When the people who are listed were created: one start like another. */
const listedSince = Date.UTC(2024, 0, 15, 9)

/** Every user of the population can sign in. */
function accountOf(person: Person | undefined): Account | undefined {
  if (person === undefined) return undefined
  return {
    id: idOf(person),
    userPrincipalName: userPrincipalNameOf(person),
    displayName: String(userProperty('displayName')?.value(person)),
  }
}

/** Finds a tenant by id or domain, in any case. */
export function findTenant(tenants: readonly Tenant[], name: string): Tenant | undefined {
  const wanted = name.toLowerCase()
  return tenants.find(({ id, domain }) => id === wanted || domain === wanted)
}

/** Finds a tenant by id or domain, the first one by default. Throws `config_invalid` for no one. */
export function requireTenant(tenants: readonly Tenant[], name?: string): Tenant {
  const found = name === undefined ? tenants[0] : findTenant(tenants, name)
  if (found !== undefined) return found
  throw invalid(`there is no tenant "${name}"`)
}

/** How many users there are, deleted ones left out. */
export function livingUsers(users: UserView): number {
  return users.userCount - countBelow(users.deletedUsers, users.userCount)
}

/** How many groups a tenant has, deleted ones left out. */
export function livingGroups(tenant: Tenant): number {
  return tenant.groupCount - countBelow(tenant.deletedGroups, tenant.groupCount)
}

function countBelow(indexes: ReadonlySet<number>, limit: number): number {
  let count = 0
  for (const index of indexes) if (index < limit) count++
  return count
}

/** Reads a number of users; throws `config_invalid` naming `field` when it cannot be one. */
export function requireUserCount(count: number, field: string): number {
  return requireCount(count, maximumUsers, field)
}

/** Reads a whole number; throws `config_invalid` naming `field` when it is out of range. */
export function requireCount(count: number, maximum: number, field: string): number {
  if (Number.isInteger(count) && count >= 0 && count <= maximum) return count
  throw invalid(`"${field}" must be a whole number from 0 to ${maximum}, but is ${count}`)
}

/** Reads how deltas are answered; throws `config_invalid` naming the field that cannot be. */
export function requireDeltas(
  settings: DeltaSettings = {},
  field = 'delta',
): Required<DeltaSettings> {
  const { lagMs = 0, pageSize = 200, repeats = 0 } = settings
  if (pageSize < 1) throw invalid(`"${field}.pageSize" must be at least 1, but is ${pageSize}`)
  requireCount(pageSize, 10_000, `${field}.pageSize`)
  requireCount(repeats, 10_000, `${field}.repeats`)
  requireLag(lagMs, `${field}.lagMs`)
  return { lagMs, pageSize, repeats }
}

/** Reads how far an index is behind, in milliseconds; throws `config_invalid` naming `field`. */
export function requireLag(milliseconds: number, field: string): number {
  return requireCount(milliseconds, maximumLagMs, field)
}

/** A day. */
const maximumLagMs = 86_400_000

function requireGuid(text: string, field: string): string {
  if (guid.test(text)) return text.toLowerCase()
  throw invalid(`"${field}" must be a GUID, but is ${JSON.stringify(text)}`)
}

function principalIdOf(tenantId: string, clientId: string): string {
  const first = mix(firstWord(tenantId) ^ mix(firstWord(clientId)))
  return guidOf(first, mix(first + 1), mix(first + 2), mix(first + 3))
}

function firstWord(id: string): number {
  return Number.parseInt(id.slice(0, 8), 16)
}

function invalid(detail: string): EvergrantError {
  return new EvergrantError('config_invalid', `simulator: ${detail}`)
}
