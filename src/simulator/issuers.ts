import { EvergrantError } from '../kernel/index.ts'
import { createAccountBook } from './accounts.ts'
import { defaultIssuer, type SimulatedIssuer } from './options.ts'
import { createApplication, createGrantPolicy, type Realm } from './realms.ts'

/** A generic OpenID provider as the running simulator holds it. */
export interface Issuer extends Realm {
  readonly kind: 'oidc'
  readonly audience: string | undefined
}

/**
 * Makes the issuers. Throws `config_invalid` for a name that cannot stand in a path, or stands
 * twice.
 */
export function createIssuers(options: readonly SimulatedIssuer[] | undefined): readonly Issuer[] {
  const issuers = (options ?? [{ name: defaultIssuer.name }]).map(createIssuer)
  const names = issuers.map(({ id }) => id)
  const twice = names.find((name, position) => names.indexOf(name) !== position)
  if (twice === undefined) return issuers
  throw invalid(`"issuers" names ${JSON.stringify(twice)} twice`)
}

/** The issuer that a path under `/oidc/` (or its RFC 8414 metadata) is for. */
export function oidcIssuerOf(issuers: readonly Issuer[], path: string): Issuer | undefined {
  const name = /^(?:\/\.well-known\/oauth-authorization-server)?\/oidc\/([^/]+)/.exec(path)?.[1]
  return name === undefined ? undefined : issuers.find(({ id }) => id === name)
}

function createIssuer(options: SimulatedIssuer, position: number): Issuer {
  const { name } = options
  if (!/^[\w.-]+$/.test(name)) {
    throw invalid(
      `"issuers[${position}].name" must be of letters, digits, "-", "_" and ".", but is ${JSON.stringify(name)}`,
    )
  }
  const applications = options.applications ?? [
    { id: defaultIssuer.clientId, secrets: [{ value: defaultIssuer.clientSecret }] },
  ]
  return {
    kind: 'oidc',
    id: name,
    audience: options.audience,
    applications: new Map(
      applications.map((application) => [
        application.id,
        createApplication(application, application.id, application.id),
      ]),
    ),
    accounts: createAccountBook(options.accounts ?? [{ userPrincipalName: defaultIssuer.account }]),
    policy: createGrantPolicy(options, { model: 'strict' }),
  }
}

function invalid(detail: string): EvergrantError {
  return new EvergrantError('config_invalid', `simulator: ${detail}`)
}
