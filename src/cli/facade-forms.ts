import type { FacadeClient } from '../gateway/index.ts'

/** Products whose form is known field by field. */
export const facadeProducts = ['salesforce', 'power-platform', 'n8n'] as const

/** A product whose form is known. */
export type FacadeProduct = (typeof facadeProducts)[number]

/** One field of a product’s form, as the product names it. */
export interface FormField {
  readonly field: string
  readonly value: string
}

/** A product’s form, filled in. */
export interface ProductForm {
  readonly product: FacadeProduct
  readonly sections: readonly { readonly title: string; readonly fields: readonly FormField[] }[]
  readonly notes: readonly string[]
}

/** What stands for a secret where it is not known any more. */
const hidden = '(shown once, when it was made)'

const unverified =
  'Names of fields are from the vendor’s documentation; we have no such product at hand to verify them.'

/** Fills a product’s form in for a client. */
export function fillForm(
  product: FacadeProduct,
  client: FacadeClient,
  place: { readonly publicUrl: string; readonly secret?: string },
): ProductForm {
  const { publicUrl, secret = client.isPublic ? '(none)' : hidden } = place
  const issuer = `${publicUrl}/oauth/${client.connection}`
  const filled: Filled = {
    client,
    secret,
    authorizeUrl: `${issuer}/authorize`,
    tokenUrl: `${issuer}/token`,
    userInfoUrl: `${issuer}/userinfo`,
    callUrl:
      client.tokens === 'gateway'
        ? `${publicUrl}/proxy/${target(client)}`
        : 'the API’s own address: the client is handed the provider’s own tokens',
  }
  return { product, ...forms[product](filled) }
}

/** `connection`, or `connection:upstream`, as calls address it. */
function target({ connection, upstream }: FacadeClient): string {
  return upstream === undefined ? connection : `${connection}:${upstream}`
}

interface Filled {
  readonly client: FacadeClient
  readonly secret: string
  readonly authorizeUrl: string
  readonly tokenUrl: string
  readonly userInfoUrl: string
  readonly callUrl: string
}

const forms: Readonly<Record<FacadeProduct, (filled: Filled) => Omit<ProductForm, 'product'>>> = {
  salesforce: ({ client, secret, authorizeUrl, tokenUrl, userInfoUrl, callUrl }) => {
    const suffix = client.redirectUris[0]?.split('/').at(-1) ?? ''
    return {
      sections: [
        {
          title: 'Setup > Auth. Providers > New, Provider Type: OpenID Connect',
          fields: [
            { field: 'Name', value: client.name },
            { field: 'URL Suffix', value: suffix },
            { field: 'Consumer Key', value: client.id },
            { field: 'Consumer Secret', value: secret },
            { field: 'Authorize Endpoint URL', value: authorizeUrl },
            { field: 'Token Endpoint URL', value: tokenUrl },
            { field: 'User Info Endpoint URL', value: userInfoUrl },
            { field: 'Default Scopes', value: 'api' },
            { field: 'Send access token in header', value: 'on' },
            { field: 'Send client credentials in header', value: 'on' },
          ],
        },
        {
          title: 'Setup > Named Credentials > External Credentials > New',
          fields: [
            { field: 'Label, Name', value: client.name },
            { field: 'Authentication Protocol', value: 'OAuth 2.0' },
            { field: 'Authentication Flow Type', value: 'Browser Flow' },
            { field: 'Authentication Provider', value: client.name },
            { field: 'Principal', value: 'a Named Principal, then Authenticate, once' },
          ],
        },
        {
          title: 'Setup > Named Credentials > New',
          fields: [
            { field: 'Label, Name', value: client.name },
            { field: 'URL', value: callUrl },
            { field: 'External Credential', value: client.name },
            { field: 'Generate Authorization Header', value: 'on' },
          ],
        },
      ],
      notes: [
        'The Callback URL that Salesforce shows after saving has to be a redirect URI of this client, byte by byte: https://MYDOMAIN.my.salesforce.com/services/authcallback/URL-SUFFIX.',
        'A permission set has to give its users the principal of the external credential.',
        unverified,
      ],
    }
  },
  'power-platform': ({ client, secret, authorizeUrl, tokenUrl, callUrl }) => ({
    sections: [
      {
        title: 'Custom connector > 1. General',
        fields: [{ field: 'Scheme, Host, Base URL', value: callUrl }],
      },
      {
        title: 'Custom connector > 2. Security',
        fields: [
          { field: 'Authentication type', value: 'OAuth 2.0' },
          { field: 'Identity Provider', value: 'Generic Oauth 2' },
          { field: 'Client ID', value: client.id },
          { field: 'Client secret', value: secret },
          { field: 'Authorization URL', value: authorizeUrl },
          { field: 'Token URL', value: tokenUrl },
          { field: 'Refresh URL', value: tokenUrl },
          { field: 'Scope', value: 'api' },
        ],
      },
    ],
    notes: [
      'The Redirect URL that is shown after saving has to be a redirect URI of this client, byte by byte.',
      ...(client.needsSecretOnRefresh
        ? [
            'Its usual refresh sends no client secret: register the client with --no-secret-on-refresh.',
          ]
        : []),
      unverified,
    ],
  }),
  n8n: ({ client, secret, authorizeUrl, tokenUrl, callUrl }) => ({
    sections: [
      {
        title: 'Credentials > OAuth2 API',
        fields: [
          { field: 'Grant Type', value: client.requiresPkce ? 'PKCE' : 'Authorization Code' },
          { field: 'Authorization URL', value: authorizeUrl },
          { field: 'Access Token URL', value: tokenUrl },
          { field: 'Client ID', value: client.id },
          { field: 'Client Secret', value: secret },
          { field: 'Scope', value: 'api' },
          { field: 'Auth URI Query Parameters', value: '(leave empty)' },
          { field: 'Authentication', value: 'Header' },
        ],
      },
      { title: 'HTTP Request node', fields: [{ field: 'URL', value: callUrl }] },
    ],
    notes: [
      'The OAuth Redirect URL that n8n shows has to be a redirect URI of this client, byte by byte.',
      'n8n renews its token at a 401 alone. Called through /proxy, an API’s 403 or 500 about an expired token is repaired before n8n sees it; `normalise: true` on the upstream turns what cannot be repaired into a 401.',
      unverified,
    ],
  }),
}
