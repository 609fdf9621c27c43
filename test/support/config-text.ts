import { parseConfig } from '../../src/config/parse-config.ts'
import type { Config, ConfigError, ConfigProblem } from '../../src/config/index.ts'

/** Parses a text as the file `./evergrant.yaml` in `/etc/eg`. */
export const parse = (text: string | Uint8Array): ReturnType<typeof parseConfig> =>
  parseConfig(typeof text === 'string' ? Buffer.from(text) : text, './evergrant.yaml', '/etc/eg')

/** The refusal of a text; throws when it is accepted. */
export const refused = (text: string | Uint8Array): ConfigError => {
  const parsed = parse(text)
  if (parsed.ok) throw new Error('the configuration was accepted')
  return parsed.error
}
/** The configuration in a text; throws its refusal. */
export const accepted = (text: string): Config => {
  const parsed = parse(text)
  if (!parsed.ok) throw parsed.error
  return parsed.value
}
/** What is said of one field; throws when nothing is. */
export const problemAt = (text: string, path: string): ConfigProblem => {
  const { problems, detail } = refused(text)
  const problem = problems.find((candidate) => candidate.path === path)
  if (problem === undefined) throw new Error(`nothing is said of ${path}:\n${detail}`)
  return problem
}

/** A valid configuration whose parts a test replaces. */
export const config = (parts: {
  readonly store?: string
  readonly encryption?: string
  readonly provider?: string
  readonly connection?: string
  readonly more?: string
}): string => `store: ${parts.store ?? 'sqlite:./data/evergrant.db'}
encryption: ${parts.encryption ?? '{ keys: [{ id: k1, file: ./evergrant.key }] }'}
providers:
  contoso: ${parts.provider ?? '{ type: entra, tenant: contoso.onmicrosoft.com }'}
  ping: { type: oidc, issuer: https://sso.example.com }
connections:
  contoso-graph: ${parts.connection ?? connection({})}
${parts.more ?? ''}`

/** A valid connection with some fields replaced or left out. */
export const connection = (fields: Readonly<Record<string, string | undefined>>): string => {
  const all = {
    provider: 'contoso',
    client: '{ id: app, credentials: [{ secret: { env: CONTOSO_SECRET } }] }',
    grant: 'client_credentials',
    ...fields,
  }
  const written = Object.entries(all).filter(([, value]) => value !== undefined)
  return `{ ${written.map(([name, value]) => `${name}: ${value}`).join(', ')} }`
}

/** A configuration with one import, `nightly`. */
export const importing = (entry: string, parts: Parameters<typeof config>[0] = {}): string =>
  config({ ...parts, more: `imports: { nightly: ${entry} }\n${parts.more ?? ''}` })

/** A configuration whose connection has these credentials. */
export const credential = (fields: string): string =>
  config({ connection: connection({ client: `{ id: app, credentials: [${fields}] }` }) })

/** The tenant of issuers, unless a test says otherwise. */
export const tenantId = '11111111-2222-4333-8444-555555555555'
/** Fields of an issuer, as written; undefined ones are left out. */
export type IssuerFields = Readonly<Record<string, string | undefined>>

const issuerEntry = (fields: IssuerFields): string =>
  `{ ${Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')} }`
/** A valid issuer of Entra ID with some fields replaced or left out. */
export const entraIssuer = (fields: IssuerFields): string =>
  issuerEntry({
    type: 'entra',
    tenants: `[${tenantId}]`,
    audiences: '[api://orders]',
    ...fields,
  })
/** A valid issuer elsewhere with some fields replaced or left out. */
export const oidcIssuer = (fields: IssuerFields): string =>
  issuerEntry({
    type: 'oidc',
    issuer: 'https://sso.example.com',
    tenant: tenantId,
    audiences: '[orders]',
    ...fields,
  })
/** A configuration with these issuers. */
export const issuers = (written: Readonly<Record<string, string>>): string =>
  config({
    more: `issuers: { ${Object.entries(written)
      .map(([name, one]) => `${name}: ${one}`)
      .join(', ')} }`,
  })
