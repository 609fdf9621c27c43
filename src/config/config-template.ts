/** What a starter configuration is for; one job a template. */
export interface TemplateOptions {
  readonly for: 'import' | 'gateway' | 'bearer' | 'consent'
  /** The tenant, by id or domain. Default: a GUID of zeros, which no tenant has. */
  readonly tenant?: string
  /** The application's client id. Default: a GUID of zeros. */
  readonly clientId?: string
}

/** Stands in a template for what only its owner knows; no tenant or application has it. */
export const placeholderId = '00000000-0000-0000-0000-000000000000'

/**
 * Writes a starter `evergrant.yaml` with comments. It is valid as it stands: what is missing is the
 * key in `./evergrant.key`, the secret in `CONTOSO_SECRET` and, unless given, the two ids.
 */
export function configTemplate({
  for: job,
  tenant = placeholderId,
  clientId = placeholderId,
}: TemplateOptions): string {
  return `# Configuration of Evergrant; docs/reference/config.md describes every field.
# Check it with: evergrant config check
# Secrets never stand in this file: it names environment variables and files that hold them.

# Where runs, tokens and imported rows are kept; the file is made when it is absent.
store: sqlite:./evergrant.db

# Tokens in the store are sealed with this key. Keep a copy of it apart from the store.
encryption:
  keys:
    - id: k1
      file: ./evergrant.key

${job === 'import' ? '' : serverSection}providers:
  contoso:
    type: entra
    tenant: ${tenant} # "Tenant ID" in the Entra admin center, or a domain
    cloud: global # or usgov, china

${job === 'consent' ? partnerSection(clientId) : graphSection(clientId)}${job === 'gateway' ? upstreamSection : ''}${job === 'bearer' ? bearerSections(tenant) : ''}${job === 'import' ? importSections : ''}`
}

/** The application itself reads Graph. */
function graphSection(clientId: string): string {
  return `connections:
  contoso-graph:
    provider: contoso
    client:
      id: ${clientId} # "Application (client) ID" of the app registration
      credentials:
        - secret: { env: CONTOSO_SECRET } # the secret's value, not its id
          # expiresAt: 2027-03-01 # the day shown under "Certificates & secrets"
    grant: client_credentials
    # The application needs the permission User.Read.All (type: application) with admin consent.
    resource: ${cloudGraph}
    refresh:
      before: 5m # renew a token when less than this is left of its life
`
}

/** Somebody signs in for a partner of the Cloud Solution Provider program: one grant, three APIs. */
function partnerSection(clientId: string): string {
  return `connections:
  csp:
    provider: contoso
    client:
      id: ${clientId} # "Application (client) ID" of the app registration
      credentials:
        - secret: { env: CONTOSO_SECRET } # the secret's value, not its id
          # expiresAt: 2027-03-01 # the day shown under "Certificates & secrets"
        # - certificate: { file: ./client.pem } # certificate and private key in one file
    # Somebody signs in, in the console or by \`evergrant consent csp\`. Redirect URIs to register (web):
    # publicUrl + /consent/callback, and + /consent/admin; without publicUrl http://localhost:8420/…
    grant: authorization_code
    # What callers reach as /proxy/csp:partner/…, /proxy/csp:graph/… and /proxy/csp:arm/….
    upstreams:
      partner:
        url: https://api.partnercenter.microsoft.com
        resource: https://api.partnercenter.microsoft.com
        rejected: [microsoft] # how it tells a refused token besides 401
      graph:
        url: ${cloudGraph}
        resource: ${cloudGraph}
        rejected: [microsoft]
        requires: [User.Read, Directory.Read.All] # a sign-in without these does not serve
      arm:
        url: https://management.azure.com
        resource: https://management.azure.com
        rejected: [microsoft]
    # csp@CUSTOMER, an id or a domain, gives tokens of a customer's tenant.
    customers:
      first: 1 # so many are tried after every sign-in; or sample: [their ids or domains]
    refresh:
      before: 5m # renew a token when less than this is left of its life

${alarmsSection('before a grant, a secret or a certificate ends')}`
}

/** What is worth naming once it shall run every night. */
const importSections = `
# Imports by name: \`evergrant imports run assets\`, or a service (\`evergrant serve\`) when they are due.
# imports:
#   assets:
#     connection: contoso-graph
#     collections: [users] # docs/guides/import.md: all of them, and their permissions
#     to: csv:./drop # drop/users.csv: the old file or the new one, never half of one
#     schedule: '0 2 * * *' # cron of five fields, in UTC

${alarmsSection('when an import fails or does not begin, and before a secret ends')}`

function alarmsSection(when: string): string {
  return `# Who is told ${when}; \`evergrant alarms test\` tries it.
# alarms:
#   to:
#     - { webhook: https://hooks.example.com/evergrant, secret: { env: ALARM_KEY } }
`
}

/** The directory that callers are matched with, and whose tokens are accepted. */
function bearerSections(tenant: string): string {
  return `
# The accounts that callers are: imported by \`evergrant imports run directory\`.
imports:
  directory:
    connection: contoso-graph
    collections: [users]
    to: store

# Whose access tokens are accepted; \`evergrant explain --config FILE\` says why one is not.
issuers:
  contoso:
    type: entra
    tenants: [${tenant}] # by their ids alone
    # What "aud" of tokens for your API holds: its application id (version 2 tokens), its
    # App ID URI (version 1), or both.
    audiences: [${placeholderId}]
    match: # the first rule whose claims are all there decides; never two accounts, never none
      - { claim: oid, column: id } # within the token's own tenant
    # scopes: [access_as_user] # a token needs one of these, in scp or roles
    access: # what callers may do besides asking who they are
      - { claim: roles, value: Directory.Read, role: viewer }
`
}

const cloudGraph = 'https://graph.microsoft.com'

const serverSection = `# Where \`evergrant serve\` listens. Beyond this machine it wants tls, or trustedProxies that speak TLS
# in its place, and publicUrl: how callers reach it.
server:
  listen: 127.0.0.1:8420
  # publicUrl: https://evergrant.example.com
  # tls: { cert: ./cert.pem, key: ./key.pem }

`

/** The token’s refusals besides 401, which needs no rule. */
const upstreamSection = `    # What callers reach as /proxy/contoso-graph/v1.0/users, with a fresh token put in.
    upstream:
      url: ${cloudGraph}
      # How the API tells a refused token besides 401; the token is renewed and the call repeated.
      rejected:
        - microsoft # a pack; docs/reference/config.md names the others
        # An API of your own may tell it by its words, or by what its JSON says:
        # - { status: 500, text: access token expired }
        # - { status: 403, json: { pointer: /error/code, equals: TokenExpired } }
      # methods: [GET] # only these; all when it is absent
      # paths: [/v1.0/users/**] # only these; all when it is absent
`
