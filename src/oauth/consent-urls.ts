import { err, EvergrantError, ok, type Result } from '../kernel/index.ts'
import type { ProviderProfile } from './provider.ts'
import type { Transport } from './transport.ts'

/** What is asked of whoever opens the address. */
export interface ConsentQuestion {
  readonly provider: ProviderProfile
  readonly clientId: string
  /** Exactly as registered. */
  readonly redirectUri: string
  /** In full, as the wire names them. At least one. */
  readonly scopes: readonly string[]
  readonly state: string
}

/**
 * Makes the address at which an administrator consents for the whole tenant. It leads to no code
 * and no token, and what comes back of it is nobody’s proof.
 *
 * @returns `provider_misconfigured` for a provider that is not Entra
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/v2-admin-consent
 */
export async function adminConsentUrl(
  question: ConsentQuestion,
  transport: Transport,
): Promise<Result<string, EvergrantError>> {
  const { provider, clientId, redirectUri, scopes, state } = question
  const endpoint = await endpointOf(provider, transport)
  if (!endpoint.ok) return endpoint
  const url = new URL(endpoint.value.replace(/\/oauth2\/v2\.0\/authorize$/, '/v2.0/adminconsent'))
  const { searchParams } = url
  searchParams.set('client_id', clientId)
  searchParams.set('scope', scopes.join(' '))
  searchParams.set('redirect_uri', redirectUri)
  searchParams.set('state', state)
  return ok(url.href)
}

/**
 * Makes the address at which the account of a grant consents to more, and to nothing else. The code
 * it leads to is redeemed by nobody: the refresh token that serves reaches what was consented to.
 *
 * @returns `provider_misconfigured` for a provider that is not Entra
 */
export async function moreConsentUrl(
  question: ConsentQuestion,
  transport: Transport,
): Promise<Result<string, EvergrantError>> {
  const { provider, clientId, redirectUri, scopes, state } = question
  const endpoint = await endpointOf(provider, transport)
  if (!endpoint.ok) return endpoint
  const url = new URL(endpoint.value)
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    response_mode: 'query',
    scope: scopes.join(' '),
    state,
    prompt: 'consent',
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return ok(url.href)
}

async function endpointOf(
  provider: ProviderProfile,
  transport: Transport,
): Promise<Result<string, EvergrantError>> {
  const found = await provider.server(transport)
  if (!found.ok) return err(found.error.error)
  const { authorization_endpoint: endpoint } = found.value
  if (provider.type === 'entra' && endpoint !== undefined) return ok(endpoint)
  return err(new EvergrantError('provider_misconfigured', `${provider.host} is not Entra`))
}
