import { EvergrantError, err, ok, type Result } from '../kernel/index.ts'
import { classifyFailure } from './classify-failure.ts'
import { below, parseEndpoint } from './endpoint-url.ts'
import type { ProviderProfile, RotationOptions, TokenTarget, WireGrant } from './provider.ts'
import { tokenFailure, type TokenFailure } from './token-failure.ts'
import { underDeadline, type Transport } from './transport.ts'
import { readAnswer } from './wire-answer.ts'

/** The national clouds of Microsoft. */
export type EntraCloud = 'global' | 'usgov' | 'china'

/** Where the clouds live. */
export const entraClouds: Readonly<
  Record<EntraCloud, { readonly authority: string; readonly graph: string }>
> = {
  global: {
    authority: 'https://login.microsoftonline.com',
    graph: 'https://graph.microsoft.com',
  },
  usgov: {
    authority: 'https://login.microsoftonline.us',
    graph: 'https://graph.microsoft.us',
  },
  china: {
    authority: 'https://login.partner.microsoftonline.cn',
    graph: 'https://microsoftgraph.chinacloudapi.cn',
  },
}

/** One tenant of Microsoft Entra ID. */
export interface EntraOptions {
  /** The tenant’s id or one of its domains. */
  readonly tenant: string
  /** Defaults to `global`. */
  readonly cloud?: EntraCloud
  /** Replaces the cloud’s login host. */
  readonly authority?: string
  /** Replaces the cloud’s Graph host. */
  readonly graph?: string
  /** Defaults to `overlap`: Entra lets a used refresh token live on. */
  readonly rotation?: RotationOptions
}

/** How long Entra lets a refresh token lie unused: 90 days. */
const refreshIdleMs = 90 * 86_400_000

const guid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i
const domain = /^(?=.{1,253}$)(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z\d-]{2,63}$/i

/**
 * Makes the profile of a tenant. Its endpoints need no discovery; there is none for revocation.
 *
 * @throws `provider_misconfigured` when the tenant is neither an id nor a domain (`common` and its
 *   like name no tenant), or an override is no safe URL.
 */
export function createEntraProvider(options: EntraOptions): ProviderProfile {
  const { tenant, cloud = 'global', rotation = { model: 'overlap', graceMs: 0 } } = options
  if (!namesTenant(tenant)) {
    throw new EvergrantError(
      'provider_misconfigured',
      `"tenant" must be a tenant’s id or domain, but is ${JSON.stringify(tenant.slice(0, 100))}`,
    )
  }
  const authority = parseEndpoint(options.authority ?? entraClouds[cloud].authority, 'authority')
  const graph = parseEndpoint(options.graph ?? entraClouds[cloud].graph, 'graph')
  const graphResources = new Set([new URL(entraClouds[cloud].graph).origin, graph.origin])
  const server = {
    issuer: below(authority, `${tenant}/v2.0`).href,
    authorization_endpoint: below(authority, `${tenant}/oauth2/v2.0/authorize`).href,
    token_endpoint: below(authority, `${tenant}/oauth2/v2.0/token`).href,
  }
  let tenantId = guid.test(tenant) ? tenant.toLowerCase() : undefined
  return {
    type: 'entra',
    tenant,
    host: authority.host,
    rotation: rotation.model,
    rotationGraceMs: rotation.graceMs,
    refreshIdleMs,
    graphUrl: graph.href.replace(/\/+$/, ''),
    server: async () => ok(server),
    tokenParameters: (target, grant = 'client_credentials') => ({
      scope: scopeFor(target, grant),
    }),
    // A tenant that is known by a domain alone is vouched for by its own token endpoint.
    issuerOf: (_server, named) =>
      named !== undefined && guid.test(named) && named === (tenantId ?? named)
        ? below(authority, `${named}/v2.0`).href
        : undefined,
    expectsClaimsChallenges: (target) => graphResources.has(originOf(scopeOf(target))),
    resolveTenantId: async (transport) => {
      if (tenantId !== undefined) return ok(tenantId)
      const found = await readTenantId(
        below(authority, `${tenant}/v2.0/.well-known/openid-configuration`),
        transport,
      )
      if (found.ok) tenantId = found.value
      return found
    },
    forTenant: (text) => {
      const other = text.toLowerCase()
      if (namesTenant(other)) return createEntraProvider({ ...options, tenant: other })
      throw new EvergrantError(
        'tenant_invalid',
        `expected a tenant’s id or domain, but saw ${JSON.stringify(text.slice(0, 100))}`,
      )
    },
  }
}

function namesTenant(text: string): boolean {
  return guid.test(text) || domain.test(text)
}

/** Entra asks for a resource by a scope; a slash that ends the resource is part of its name. */
function scopeOf(target: TokenTarget): string {
  return 'scope' in target ? target.scope : `${target.resource}/.default`
}

/** With a refresh token in play, the scopes that bring the next one and the ID token go along. */
function scopeFor(target: TokenTarget, grant: WireGrant): string {
  if (grant === 'client_credentials') return scopeOf(target)
  const scopes = [...scopeOf(target).split(/\s+/), 'offline_access', 'openid', 'profile']
  return [...new Set(scopes.filter(Boolean))].join(' ')
}

function originOf(scope: string): string {
  return URL.canParse(scope) ? new URL(scope).origin : ''
}

async function readTenantId(url: URL, transport: Transport): Promise<Result<string, TokenFailure>> {
  const outcome = await underDeadline(transport, url, async (send, signal) =>
    readAnswer(
      await send(url, { headers: { accept: 'application/json' }, redirect: 'manual', signal }),
      signal,
    ),
  )
  if ('failed' in outcome) return err(outcome.failed)
  const answer = outcome.done
  if (answer.status !== 200) {
    return err(classifyFailure(answer, { url, now: transport.clock.now(), secrets: [] }))
  }
  const { issuer } = answer.json ?? {}
  const id =
    typeof issuer === 'string'
      ? /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/i.exec(issuer)?.[0]
      : undefined
  if (id === undefined) {
    return err(
      tokenFailure(
        'invalid_answer',
        `${url.host} published metadata whose "issuer" names no tenant id`,
        { effect: 'none' },
      ),
    )
  }
  return ok(id.toLowerCase())
}
