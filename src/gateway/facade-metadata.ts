import { issuerOf } from './facade-context.ts'

const clientMethods = ['client_secret_basic', 'client_secret_post', 'none'] as const

/**
 * What a connection’s façade says of itself (RFC 8414). It is an OAuth server with a UserInfo
 * endpoint and no OpenID Provider: there are no ID tokens, so neither `openid` nor a key set is
 * named, wherever the document is read.
 */
export function facadeMetadata(
  publicUrl: string,
  connection: string,
): Readonly<Record<string, string | boolean | readonly string[]>> {
  const issuer = issuerOf({ publicUrl: () => publicUrl }, connection)
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    revocation_endpoint: `${issuer}/revoke`,
    scopes_supported: ['api'],
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: clientMethods,
    revocation_endpoint_auth_methods_supported: clientMethods,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  }
}
