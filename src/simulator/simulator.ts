import { generateKeyPairSync } from 'node:crypto'
import { EvergrantError, systemRandom, type EventBus } from '../kernel/index.ts'
import { selfSignCertificate } from './certificate.ts'
import { answerControl, controlPrefix } from './control-http.ts'
import { accountAt } from './control-grants.ts'
import { createControl, type SimulatorControl } from './control.ts'
import { answerExchange } from './exchange.ts'
import { groupRows } from './graph-groups.ts'
import { administrativeUnitSource, deviceSource, directoryRoleSource } from './graph-directory.ts'
import { objectRows } from './graph-objects.ts'
import { servicePrincipalSource } from './graph-service-principals.ts'
import { groupProperty, groupPropertyNames } from './group-properties.ts'
import { listen, type Listener, type RequestHandler } from './listener.ts'
import { edgesOf, type SimulatedEdge } from './memberships.ts'
import type { SimulatorOptions } from './options.ts'
import { rowsOf } from './population.ts'
import { managersOf, ownershipsOf, roleHoldingsOf } from './relations.ts'
import type { SimulatedManager, SimulatedOwner, SimulatedRoleMember } from './relations.ts'
import type { SimulatorStats } from './stats.ts'
import { livingGroups, livingUsers, requireTenant, type Tenant } from './tenants.ts'
import { defaultProperties, userProperty } from './user-properties.ts'
import { createWorld, type SimulatorEvent } from './world.ts'

/** A running simulator of Entra ID and Microsoft Graph. */
export interface Simulator {
  readonly urls: {
    /** Origin of the http port, such as `http://127.0.0.1:40123`. */
    readonly http: string
    /** Origin of the https port, when there is one. */
    readonly https: string | undefined
    /** Origin of Entra: https where there is one. */
    readonly authority: string
    /** Origin of Graph; requests go below `/v1.0`. */
    readonly graph: string
    /** Issuer in the metadata of a tenant (id or domain; the first one by default). */
    issuer(tenant?: string): string
    /** Issuer of an OpenID provider (the first one by default); its metadata lies below. */
    oidc(name?: string): string
  }
  /** Certificate of the https port (PEM), its own trust anchor; undefined without https. */
  readonly certificate: string | undefined
  /** Id of the first tenant. */
  readonly tenant: string
  /** The first application of the first tenant, with a secret that works. */
  readonly client: { readonly id: string; readonly secret: string }
  readonly control: SimulatorControl
  /** Who can sign in (the first account of the authority by default), as its tokens name them. */
  account(
    name?: string,
    tenant?: string,
  ): { readonly id: string; readonly userPrincipalName: string }
  readonly events: EventBus<SimulatorEvent>
  /** The simulator's own time (epoch ms). */
  now(): number
  /**
   * The ground truth: every user of a tenant in the order of the pages, with exactly the selected
   * properties. Made on the way, one by one.
   */
  users(tenant?: string, select?: readonly string[]): Iterable<Record<string, unknown>>
  /** How many users a tenant has, deleted ones left out. */
  userCount(tenant?: string): number
  /** The ground truth of groups, like `users`. */
  groups(tenant?: string, select?: readonly string[]): Iterable<Record<string, unknown>>
  groupCount(tenant?: string): number
  /** The ground truth of service principals, like `users`: one for each application. */
  servicePrincipals(tenant?: string, select?: readonly string[]): Iterable<Record<string, unknown>>
  /** The ground truth of devices, administrative units and directory roles, like `users`. */
  devices(tenant?: string, select?: readonly string[]): Iterable<Record<string, unknown>>
  administrativeUnits(
    tenant?: string,
    select?: readonly string[],
  ): Iterable<Record<string, unknown>>
  directoryRoles(tenant?: string, select?: readonly string[]): Iterable<Record<string, unknown>>
  /** The ground truth of who owns which group. */
  owners(tenant?: string): Iterable<SimulatedOwner>
  /** The ground truth of who holds which directory role. */
  roleMembers(tenant?: string): Iterable<SimulatedRoleMember>
  /** The ground truth of who leads whom. */
  managers(tenant?: string): Iterable<SimulatedManager>
  /** The ground truth of memberships: every edge, in the order of groups and pages. */
  edges(tenant?: string): Iterable<SimulatedEdge>
  stats(): SimulatorStats
  /** Stops at once, dropping every connection. Idempotent. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a simulated Entra ID and Microsoft Graph on loopback. Resolves once it listens. Throws
 * `config_invalid` for tenants that cannot be, and the system's error for a port that is taken.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const world = await createWorld(options)
  const control = createControl(world, options)
  const host = options.host ?? '127.0.0.1'
  const gzip = options.gzip ?? true
  const handle: RequestHandler = (incoming, response, origin) =>
    incoming.url?.startsWith(controlPrefix) === true
      ? answerControl(control, incoming, response)
      : answerExchange(world, incoming, response, { origin, gzip })

  const tls = options.https ? makeTls(host, options) : undefined
  const http = await listen({ host, port: options.http?.port ?? 0 }, handle)
  const https = tls === undefined ? undefined : await listenHttps(http, tls)

  async function listenHttps(plain: Listener, keys: Tls): Promise<Listener> {
    const port = typeof options.https === 'object' ? (options.https.port ?? 0) : 0
    try {
      return await listen({ host, port, tls: keys }, handle)
    } catch (error) {
      await plain.close()
      throw error
    }
  }

  const address = host.includes(':') ? `[${host}]` : host
  const httpOrigin = `http://${address}:${http.port}`
  const httpsOrigin = https === undefined ? undefined : `https://${address}:${https.port}`
  const authority = httpsOrigin ?? httpOrigin
  const first = world.tenants[0] as Tenant
  const application = first.applications.values().next().value
  const tenantOf = (name?: string): Tenant => requireTenant(world.tenants, name)
  const close = async (): Promise<void> => {
    world.closing.abort(new Error('the simulator is closing'))
    await Promise.all([http.close(), https?.close()])
  }
  return {
    urls: {
      http: httpOrigin,
      https: httpsOrigin,
      authority,
      graph: httpOrigin,
      issuer: (tenant) => `${authority}/${tenantOf(tenant).id}/v2.0`,
      oidc: (name = world.issuers[0]?.id ?? '') => `${authority}/oidc/${name}`,
    },
    certificate: tls?.cert,
    tenant: first.id,
    client: {
      id: application?.id ?? '',
      secret: application?.secrets[0]?.value ?? '',
    },
    control,
    account: (name, tenant) => accountAt(world, name, tenant),
    events: world.events,
    now: () => world.now(),
    users: (tenant, select = defaultProperties) => {
      const { population, userCount, deletedUsers } = tenantOf(tenant)
      return rowsOf(population, userCount, select.map(requireProperty), deletedUsers)
    },
    userCount: (tenant) => livingUsers(tenantOf(tenant)),
    groups: (tenant, select = groupPropertyNames) =>
      groupRows(tenantOf(tenant), select.map(requireGroupProperty)),
    groupCount: (tenant) => livingGroups(tenantOf(tenant)),
    servicePrincipals: (tenant, select) =>
      objectRows(servicePrincipalSource, tenantOf(tenant), select),
    devices: (tenant, select) => objectRows(deviceSource, tenantOf(tenant), select),
    administrativeUnits: (tenant, select) =>
      objectRows(administrativeUnitSource, tenantOf(tenant), select),
    directoryRoles: (tenant, select) => objectRows(directoryRoleSource, tenantOf(tenant), select),
    owners: (tenant) => ownershipsOf(tenantOf(tenant)),
    roleMembers: (tenant) => roleHoldingsOf(tenantOf(tenant)),
    managers: (tenant) => managersOf(tenantOf(tenant)),
    edges: (tenant) => edgesOf(tenantOf(tenant)),
    stats: () => control.stats(),
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface Tls {
  readonly key: string
  readonly cert: string
}

function makeTls(host: string, options: SimulatorOptions): Tls {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const hosts = [...new Set(['localhost', '127.0.0.1', '::1', host])]
  const serial = (options.random ?? systemRandom)(16)
  const certificate = selfSignCertificate(keys, {
    commonName: 'Evergrant simulator',
    hosts,
    serial,
  })
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
  return { key: key.toString(), cert: certificate.pem }
}

function requireProperty(name: string): ReturnType<typeof userProperty> & {} {
  const property = userProperty(name)
  if (property !== undefined) return property
  throw new EvergrantError('config_invalid', `simulator: users have no property "${name}"`)
}

function requireGroupProperty(name: string): string {
  const property = groupProperty(name)
  if (property !== undefined) return property.name
  throw new EvergrantError('config_invalid', `simulator: groups have no property "${name}"`)
}
