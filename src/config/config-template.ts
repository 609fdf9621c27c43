/** What a starter configuration is for; one job a template. */
export interface TemplateOptions {
  readonly for: 'import'
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

providers:
  contoso:
    type: entra
    tenant: ${tenant} # "Tenant ID" in the Entra admin center, or a domain
    cloud: global # or usgov, china

connections:
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

const cloudGraph = 'https://graph.microsoft.com'
