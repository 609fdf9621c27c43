import { checkAlarms } from './check-alarms.ts'
import { checkConnection } from './check-connection.ts'
import { checkImport } from './check-import.ts'
import { checkIssuer } from './check-issuer.ts'
import { checkIssuersApart } from './check-issuers-apart.ts'
import { checkServer } from './check-server.ts'
import { describeSeen } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { keysOf, member } from './json-schema.ts'
import type { YamlSource } from './yaml-source.ts'

/**
 * Finds what no single field shows: names that refer to nothing, repeated ids, fields that do not
 * go together or do not fit the provider. Works on the plain data and passes over what has the
 * wrong form, so that it reports beside the schema.
 */
export function checkReferences(source: YamlSource): readonly Finding[] {
  const namesOf = (section: string): readonly string[] => keysOf(member(source.data, section))
  return [
    ...checkKeyIds(source),
    ...checkServer(source),
    ...namesOf('providers').flatMap((name) => checkRotation(name, source)),
    ...namesOf('connections').flatMap((name) => checkConnection(name, source)),
    ...namesOf('imports').flatMap((name) => checkImport(name, source)),
    ...namesOf('issuers').flatMap((name) => checkIssuer(name, source)),
    ...checkIssuersApart(source),
    ...checkAlarms(source),
  ]
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

/** A grace is of use only where a used refresh token is refused. */
function checkRotation(name: string, source: YamlSource): Finding[] {
  const provider = member(member(source.data, 'providers'), name)
  const rotation = member(provider, 'rotation')
  if (member(rotation, 'grace') === undefined) return []
  const byDefault = member(provider, 'type') === 'entra' ? 'overlap' : 'strict'
  const model = member(rotation, 'model') ?? byDefault
  if (model !== 'overlap') return []
  const path = ['providers', name, 'rotation', 'grace']
  return [
    {
      path,
      at: 'name',
      expected: 'no "grace", as the model is "overlap"',
      seen: describeSeen(path, source, true),
      remedy: 'Remove it, or write "model: strict" where a used refresh token is refused later on.',
    },
  ]
}
