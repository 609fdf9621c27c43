import { EvergrantError, err, ok, type Result } from '../kernel/index.ts'
import { classifyFailure } from './classify-failure.ts'
import { below, parseEndpoint } from './endpoint-url.ts'
import type { ProviderProfile, TokenTarget } from './provider.ts'
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
}

const guid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i
const domain = /^(?=.{1,253}$)(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z\d-]{2,63}$/i

/**
 * Makes the profile of a tenant. The token endpoint needs no discovery.
 *
 * @throws `provider_misconfigured` when the tenant is neither an id nor a domain (`common` and its
 *   like name no tenant), or an override is no safe URL.
 */
export function createEntraProvider(options: EntraOptions): ProviderProfile {
  const { tenant, cloud = 'global' } = options
  if (!guid.test(tenant) && !domain.test(tenant)) {
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
    token_endpoint: below(authority, `${tenant}/oauth2/v2.0/token`).href,
  }
  let tenantId = guid.test(tenant) ? tenant.toLowerCase() : undefined
  return {
    type: 'entra',
    tenant,
    host: authority.host,
    rotation: 'overlap',
    graphUrl: graph.href.replace(/\/+$/, ''),
    server: async () => ok(server),
    tokenParameters: (target) => ({ scope: scopeOf(target) }),
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
  }
}

/** Entra asks for a resource by a scope; a slash that ends the resource is part of its name. */
function scopeOf(target: TokenTarget): string {
  return 'scope' in target ? target.scope : `${target.resource}/.default`
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
      ),
    )
  }
  return ok(id.toLowerCase())
}
