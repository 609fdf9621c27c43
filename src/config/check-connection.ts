import { checkUpstream } from './check-upstream.ts'
import { credentialKinds } from './credential-schema.ts'
import { describeSeen, valueAt } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { graphResources } from './graph-resources.ts'
import { keysOf, member } from './json-schema.ts'
import { listNames, suggest } from './suggest.ts'
import type { FieldPath, YamlSource } from './yaml-source.ts'

/** Finds what only several fields of one connection show, and its provider’s with them. */
export function checkConnection(name: string, source: YamlSource): readonly Finding[] {
  const path = ['connections', name]
  const connection = valueAt(path, source.data)
  const providers = member(source.data, 'providers')
  const providerName = member(connection, 'provider')
  const findings = [
    ...checkCredentials(path, connection, source),
    ...checkUpstreams(path, connection),
    ...upstreamsOf(path, connection).flatMap(([place, value]) =>
      checkUpstream(place, value, source),
    ),
    ...notBoth(path, connection),
  ]
  if (typeof providerName !== 'string' || providerName === '') return findings
  if (!keysOf(providers).includes(providerName)) {
    return [...findings, unknownProvider([...path, 'provider'], providerName, source)]
  }
  const provider = member(providers, providerName)
  const type = member(provider, 'type')
  if (type === 'entra') {
    return [...findings, ...checkEntra(path, connection, provider, source)]
  }
  const isOther = type === 'oidc' || type === 'oauth2'
  return isOther ? [...findings, ...checkOther(path, connection, type, source)] : findings
}

function unknownProvider(path: FieldPath, name: string, source: YamlSource): Finding {
  const known = keysOf(member(source.data, 'providers'))
  const meant = suggest(name, known)
  return {
    path,
    at: 'value',
    expected: known.length === 0 ? 'a key of "providers"' : `one of ${listNames(known)}`,
    seen: describeSeen(path, source, true),
    remedy:
      meant === undefined
        ? 'Name a provider of this file, or add this one below "providers".'
        : `Did you mean ${JSON.stringify(meant)}?`,
  }
}

/** Credentials that are missing, and fields of a credential that belong to another kind. */
function checkCredentials(path: FieldPath, connection: unknown, source: YamlSource): Finding[] {
  const listPath = [...path, 'client', 'credentials']
  const credentials = valueAt(['client', 'credentials'], connection)
  if (!Array.isArray(credentials)) return []
  if (credentials.length === 0 && member(connection, 'grant') !== 'authorization_code') {
    return [
      {
        path: listPath,
        at: 'value',
        expected: 'at least one credential',
        seen: 'an empty list',
        remedy:
          'Add one: - secret: { env: NAME }. Only public clients have none, with the grant authorization_code.',
      },
    ]
  }
  return credentials.flatMap((credential: unknown, position) => {
    if (!credentialKinds.some((kind) => member(credential, kind) !== undefined)) return []
    return [['via', 'secret'] as const, ['algorithm', 'certificate'] as const].flatMap(
      ([field, kind]): Finding[] => {
        if (member(credential, field) === undefined || member(credential, kind) !== undefined)
          return []
        const fieldPath = [...listPath, position, field]
        return [
          {
            path: fieldPath,
            at: 'name',
            expected: `no ${JSON.stringify(field)}, which belongs to ${JSON.stringify(kind)}`,
            seen: describeSeen(fieldPath, source, true),
            remedy: 'Remove it.',
          },
        ]
      },
    )
  })
}

const eitherTarget = {
  at: 'name',
  expected: '"resource" or "scope"',
  seen: 'both',
  remedy: 'Keep one of the two: "resource" is the API, "scope" the words sent to the provider.',
} as const

/** Refuses `resource` beside `scope`, in the connection and in each of its upstreams. */
function notBoth(path: FieldPath, connection: unknown): Finding[] {
  return placesOf(path, connection).flatMap(([place, value]) =>
    member(value, 'resource') !== undefined && member(value, 'scope') !== undefined
      ? [{ ...eitherTarget, path: [...place, 'scope'] }]
      : [],
  )
}

/** The connection and its upstreams: everything that may say what tokens are for. */
function placesOf(path: FieldPath, connection: unknown): (readonly [FieldPath, unknown])[] {
  return [[path, connection], ...upstreamsOf(path, connection)]
}

function upstreamsOf(path: FieldPath, connection: unknown): (readonly [FieldPath, unknown])[] {
  const one = member(connection, 'upstream')
  const several = member(connection, 'upstreams')
  return [
    ...(one === undefined ? [] : [[[...path, 'upstream'], one] as const]),
    ...keysOf(several).map(
      (name) => [[...path, 'upstreams', name], member(several, name)] as const,
    ),
  ]
}

const hasTarget = (value: unknown): boolean =>
  member(value, 'resource') !== undefined || member(value, 'scope') !== undefined

function checkUpstreams(path: FieldPath, connection: unknown): Finding[] {
  const several = member(connection, 'upstreams')
  const findings: Finding[] = []
  if (member(connection, 'upstream') !== undefined && several !== undefined) {
    findings.push({
      path: [...path, 'upstreams'],
      at: 'name',
      expected: '"upstream" or "upstreams"',
      seen: 'both',
      remedy: 'Write one API as "upstream", or all of them below "upstreams", each with a name.',
    })
  }
  if (formIsEmpty(several)) {
    findings.push({
      path: [...path, 'upstreams'],
      at: 'name',
      expected: 'at least one API with its name',
      seen: 'none',
      remedy: 'Name one, or remove the line.',
    })
  }
  for (const [place, value] of upstreamsOf(path, connection)) {
    if (!formIsEmpty(value)) continue
    findings.push({
      path: place,
      at: 'name',
      expected: 'a mapping with "url", "resource" or "scope"',
      seen: 'none',
      remedy: 'Say where the API is or what its tokens are for, or remove it.',
    })
  }
  return findings
}

function formIsEmpty(value: unknown): boolean {
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isMapping && keysOf(value).length === 0
}

function checkEntra(
  path: FieldPath,
  connection: unknown,
  provider: unknown,
  source: YamlSource,
): Finding[] {
  const isApplication = member(connection, 'grant') !== 'authorization_code'
  return [
    ...placesOf(path, connection).flatMap(([place, value]) =>
      checkEntraTarget(place, value, isApplication, source),
    ),
    ...checkForeignUpstreams(path, connection, provider, source),
    ...checkCustomers(path, connection, isApplication),
  ]
}

function checkEntraTarget(
  path: FieldPath,
  place: unknown,
  isApplication: boolean,
  source: YamlSource,
): Finding[] {
  const resource = member(place, 'resource')
  const scope = member(place, 'scope')
  if (resource !== undefined && scope !== undefined) return []
  const found = (field: string, expected: string, remedy: string): Finding[] => [
    {
      path: [...path, field],
      at: 'value',
      expected,
      seen: describeSeen([...path, field], source, true),
      remedy,
    },
  ]
  if (typeof resource === 'string' && resource.endsWith('/.default')) {
    const bare = 'the resource alone, without "/.default"'
    return found('resource', bare, 'Leave out "/.default", or name the field "scope".')
  }
  if (!isApplication || typeof scope !== 'string' || /^\S+\/\.default$/.test(scope)) return []
  return found(
    'scope',
    'one resource followed by "/.default", such as https://graph.microsoft.com/.default',
    'Entra gives an application the permissions granted to it, for one resource at a time: single scopes cannot be asked for.',
  )
}

/** Customers hang on one grant that somebody consented to. */
function checkCustomers(path: FieldPath, connection: unknown, isApplication: boolean): Finding[] {
  if (member(connection, 'customers') === undefined) return []
  const isTemplate = member(connection, 'tenant') === '*'
  if (!isApplication && !isTemplate) return []
  return [
    {
      path: [...path, 'customers'],
      at: 'name',
      expected: 'no "customers" here',
      seen: isTemplate ? 'a template, which has a grant for every tenant' : 'client_credentials',
      remedy: isTemplate
        ? 'Remove it, or name the partner’s own tenant instead of "*".'
        : 'Remove it; for an application of its own, name the tenants by `tenant: "*"`.',
    },
  ]
}

/** Tokens for Graph never go to another API because nobody said what its tokens are for. */
function checkForeignUpstreams(
  path: FieldPath,
  connection: unknown,
  provider: unknown,
  source: YamlSource,
): Finding[] {
  if (hasTarget(connection)) return []
  const cloud = member(provider, 'cloud')
  const origins = new Set(
    [
      member(provider, 'graph'),
      cloud === 'usgov' || cloud === 'china' ? graphResources[cloud] : graphResources.global,
    ].map((url) => (typeof url === 'string' ? URL.parse(url)?.origin : undefined)),
  )
  return upstreamsOf(path, connection).flatMap(([place, value]): Finding[] => {
    const url = member(value, 'url')
    if (typeof url !== 'string' || hasTarget(value)) return []
    const to = URL.parse(url)
    if (to === null || origins.has(to.origin)) return []
    return [
      {
        path: [...place, 'resource'],
        at: 'name',
        expected: `"resource" or "scope" beside the url ${describeSeen([...place, 'url'], source, true)}`,
        seen: 'neither',
        remedy: 'Say what the API’s tokens are for; only Microsoft Graph is known by its address.',
      },
    ]
  })
}

/** Providers without tenants, whose APIs are named by nothing but the configuration. */
function checkOther(
  path: FieldPath,
  connection: unknown,
  type: string,
  source: YamlSource,
): Finding[] {
  const findings: Finding[] = []
  if (member(connection, 'tenant') !== undefined) {
    findings.push({
      path: [...path, 'tenant'],
      at: 'name',
      expected: `no "tenant", as the provider is of type "${type}"`,
      seen: describeSeen([...path, 'tenant'], source, true),
      remedy: 'Remove it: only Entra has tenants.',
    })
  }
  if (member(connection, 'customers') !== undefined) {
    findings.push({
      path: [...path, 'customers'],
      at: 'name',
      expected: `no "customers", as the provider is of type "${type}"`,
      seen: describeSeen([...path, 'customers'], source, true),
      remedy: 'Remove it: only Entra has tenants.',
    })
  }
  if (hasTarget(connection)) return findings
  const upstreams = upstreamsOf(path, connection)
  const without = upstreams.filter(([, value]) => !hasTarget(value)).map(([place]) => place)
  for (const place of upstreams.length === 0 ? [path] : without) {
    findings.push({
      path: [...place, 'resource'],
      at: 'name',
      expected: '"resource" or "scope"',
      seen: 'neither',
      remedy: 'Say what the tokens are for, as the API documents it.',
    })
  }
  return findings
}
