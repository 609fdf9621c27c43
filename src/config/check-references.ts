import { describeSeen } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { member } from './json-schema.ts'
import { listNames, suggest } from './suggest.ts'
import type { FieldPath, YamlSource } from './yaml-source.ts'

/**
 * Finds what no single field shows: names that refer to nothing, repeated ids, and fields that do
 * not fit the connection's provider. Works on the plain data and passes over what has the wrong
 * form, so that it reports beside the schema.
 */
export function checkReferences(source: YamlSource): readonly Finding[] {
  const { data } = source
  const providers = member(data, 'providers')
  return [
    ...checkKeyIds(source),
    ...Object.keys(mapping(member(data, 'connections'))).flatMap((name) => {
      const path = ['connections', name]
      const connection = member(member(data, 'connections'), name)
      const providerName = member(connection, 'provider')
      if (typeof providerName !== 'string' || providerName === '') return []
      if (!Object.hasOwn(mapping(providers), providerName)) {
        return [unknownProvider([...path, 'provider'], providerName, source)]
      }
      const type = member(member(providers, providerName), 'type')
      if (type === 'entra') return checkEntraTarget(path, connection, source)
      return type === 'oidc' ? checkOidcFields(path, connection, source) : []
    }),
  ]
}

function mapping(value: unknown): object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}

function checkKeyIds(source: YamlSource): Finding[] {
  const keys = member(member(source.data, 'encryption'), 'keys')
  if (!Array.isArray(keys)) return []
  const ids = keys.map((key) => member(key, 'id'))
  return ids.flatMap((id, index) =>
    typeof id === 'string' && ids.indexOf(id) < index
      ? [
          {
            path: ['encryption', 'keys', index, 'id'],
            at: 'value' as const,
            expected: 'an id that no other key has',
            seen: `${describeSeen(['encryption', 'keys', index, 'id'], source, true)} a second time`,
            remedy: 'Give every key an id of its own.',
          },
        ]
      : [],
  )
}

function unknownProvider(path: FieldPath, name: string, source: YamlSource): Finding {
  const known = Object.keys(mapping(member(source.data, 'providers')))
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

const both = {
  at: 'name',
  expected: '"resource" or "scope"',
  seen: 'both',
  remedy: 'Keep one of the two: "resource" is the API, "scope" the words sent to the provider.',
} as const

function checkEntraTarget(path: FieldPath, connection: unknown, source: YamlSource): Finding[] {
  const resource = member(connection, 'resource')
  const scope = member(connection, 'scope')
  if (resource !== undefined && scope !== undefined) return [{ ...both, path: [...path, 'scope'] }]
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
  if (typeof scope !== 'string' || /^\S+\/\.default$/.test(scope)) return []
  return found(
    'scope',
    'one resource followed by "/.default", such as https://graph.microsoft.com/.default',
    'Entra gives an application the permissions granted to it, for one resource at a time: single scopes cannot be asked for.',
  )
}

function checkOidcFields(path: FieldPath, connection: unknown, source: YamlSource): Finding[] {
  const findings: Finding[] = []
  const has = (field: string): boolean => member(connection, field) !== undefined
  if (has('tenant')) {
    findings.push({
      path: [...path, 'tenant'],
      at: 'name',
      expected: 'no "tenant", as the provider is of type "oidc"',
      seen: describeSeen([...path, 'tenant'], source, true),
      remedy: 'Remove it: the issuer says it all.',
    })
  }
  if (has('resource') && has('scope')) findings.push({ ...both, path: [...path, 'scope'] })
  if (!has('resource') && !has('scope')) {
    findings.push({
      path: [...path, 'resource'],
      at: 'name',
      expected: '"resource" or "scope"',
      seen: 'neither',
      remedy: 'Say what the tokens are for, as the API documents it.',
    })
  }
  return findings
}
