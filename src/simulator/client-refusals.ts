import type { EntraRefusal } from './entra-refusal.ts'

/** What Entra says of a client it does not accept. An OpenID provider says the same, shorter. */
export const clientRefusals = {
  missing: (parameter: string): EntraRefusal => ({
    status: 400,
    error: 'invalid_request',
    code: 900144,
    message: `The request body must contain the following parameter: '${parameter}'.`,
  }),
  unknown: (clientId: string, directory: string): EntraRefusal => ({
    status: 400,
    error: 'unauthorized_client',
    code: 700016,
    message: `Application with identifier '${clientId}' was not found in the directory '${directory}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.`,
  }),
  noCredential: {
    ...invalidClient(
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
  },
  isPublic: invalidClient(
    700025,
    "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
  ),
  wrongSecret: (id: string): EntraRefusal => invalidClient(7000215, refusalText7000215(id)),
  expiredSecret: (id: string): EntraRefusal =>
    invalidClient(
      7000222,
      `The provided client secret keys for app '${id}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.`,
    ),
  wrongAssertionType: {
    status: 400,
    error: 'invalid_request',
    code: 900144,
    message:
      "The value of 'client_assertion_type' must be 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'.",
  },
  malformedAssertion: (why: string): EntraRefusal =>
    invalidClient(50027, `JWT token is invalid or malformed: ${why}`),
  replayedAssertion: invalidClient(
    50027,
    "JWT token is invalid or malformed: its 'jti' was used before.",
  ),
  wrongAssertionAudience: (expected: string): EntraRefusal =>
    invalidClient(
      700023,
      `Client assertion audience claim does not match Realm issuer. Expected '${expected}'. Review the documentation at https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials.`,
    ),
  assertionTime: (now: number, from: number, until: number): EntraRefusal =>
    invalidClient(
      700024,
      `Client assertion is not within its valid time range. Current time: ${instant(now)}, assertion valid from ${instant(from * 1_000)}, expiry time of assertion ${instant(until * 1_000)}. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials.`,
    ),
  unknownCertificate: (thumbprint: string, id: string): EntraRefusal =>
    invalidClient(
      700027,
      `The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '${thumbprint}', Please visit the Azure Portal to see configured keys for application Id '${id}'.]`,
    ),
  wrongSignature: (thumbprint: string): EntraRefusal =>
    invalidClient(
      700027,
      `Client assertion failed signature validation. [Reason - The key was found, but use of the key to verify the signature failed., Thumbprint of key used by client: '${thumbprint}'.]`,
    ),
  expiredCertificate: invalidClient(
    1000502,
    'The provided certificate is not within its specified validity period.',
  ),
  noFederation: (issuer: string, subject: string): EntraRefusal =>
    invalidClient(
      70021,
      `No matching federated identity record found for presented assertion. Assertion Issuer: '${issuer}'. Assertion Subject: '${subject}'.`,
    ),
  federatedIssuer: (issuer: string): EntraRefusal =>
    invalidClient(
      700211,
      `No matching federated identity record found for presented assertion issuer '${issuer}'.`,
    ),
  federatedAudience: (audience: string): EntraRefusal =>
    invalidClient(
      700212,
      `No matching federated identity record found for presented assertion audience '${audience}'.`,
    ),
  federatedSubject: (subject: string): EntraRefusal =>
    invalidClient(
      700213,
      `No matching federated identity record found for presented assertion subject '${subject}'.`,
    ),
} as const satisfies Record<string, EntraRefusal | ((...facts: never[]) => EntraRefusal)>

/** The text of AADSTS7000215. */
export function refusalText7000215(application: string): string {
  return `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${application}'.`
}

function invalidClient(code: number, message: string): EntraRefusal {
  return { status: 401, error: 'invalid_client', code, message }
}

/** As Entra writes instants into messages. */
function instant(at: number): string {
  return Number.isFinite(at) ? new Date(at).toISOString() : 'none'
}
