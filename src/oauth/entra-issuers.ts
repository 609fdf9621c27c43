import { below, parseEndpoint } from './endpoint-url.ts'
import { entraClouds, type EntraCloud, type EntraOptions } from './entra.ts'

/** A value of `iss` in tokens of a tenant, and where the keys for it are. */
export interface EntraIssuer {
  readonly version: 'v1' | 'v2'
  readonly iss: string
  readonly keysUrl: URL
}

const version1Hosts = {
  global: 'https://sts.windows.net',
  usgov: 'https://sts.windows.net',
  china: 'https://sts.chinacloudapi.cn',
} as const

/**
 * Both issuers of a tenant: which one a token has is decided by the API it is for, not by the
 * endpoint it came from.
 *
 * @param options `tenant` must be an id: tokens name tenants by their ids alone.
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens
 */
export function entraIssuers(
  options: Pick<EntraOptions, 'tenant' | 'cloud' | 'authority'>,
): readonly EntraIssuer[] {
  const { tenant, cloud = 'global' } = options
  const authority = parseEndpoint(options.authority ?? entraClouds[cloud].authority, 'authority')
  return [
    {
      version: 'v2',
      iss: `${authority.origin}/${tenant}/v2.0`,
      keysUrl: below(authority, `${tenant}/discovery/v2.0/keys`),
    },
    {
      version: 'v1',
      iss: `${version1Hosts[cloud]}/${tenant}/`,
      keysUrl: below(authority, `${tenant}/discovery/keys`),
    },
  ]
}

/** Where UserInfo of a cloud is: at Graph, whatever the tenant. */
export function entraUserInfoUrl(cloud: EntraCloud): URL {
  return new URL('/oidc/userinfo', entraClouds[cloud].graph)
}
