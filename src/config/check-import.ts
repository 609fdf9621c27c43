import { describeSeen, valueAt } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { collectionsWithColumns, collectionsWithoutFilter } from './import-schema.ts'
import { keysOf, member } from './json-schema.ts'
import { listNames } from './suggest.ts'
import type { FieldPath, YamlSource } from './yaml-source.ts'

/**
 * Finds what only several fields of one import show, and its connection’s with them. A connection
 * that the file does not define may stand in the store, so that its absence is no finding.
 */
export function checkImport(name: string, source: YamlSource): readonly Finding[] {
  const path = ['imports', name]
  const entry = valueAt(path, source.data)
  return [
    ...checkSource([...path, 'connection'], entry, source),
    ...checkColumns([...path, 'columns'], entry),
    ...checkDestinationFields(path, entry),
    ...checkDelta([...path, 'delta'], entry),
    ...checkFilter([...path, 'filter'], entry),
    ...checkPolicy([...path, 'policy'], entry),
  ]
}

/** A filter is about the properties of one collection, and of one that Graph filters. */
function checkFilter(path: FieldPath, entry: unknown): Finding[] {
  const listed = member(entry, 'collections')
  if (member(entry, 'filter') === undefined || !Array.isArray(listed)) return []
  const names = listed.filter((one): one is string => typeof one === 'string')
  const unfiltered = names.find((one) => collectionsWithoutFilter.some((known) => known === one))
  if (names.length > 1) {
    return [
      {
        path,
        at: 'name',
        expected: 'one collection beside "filter"',
        seen: listNames(names, 'and'),
        remedy: 'Remove it, or give each collection an import of its own.',
      },
    ]
  }
  if (unfiltered === undefined) return []
  return [
    {
      path,
      at: 'name',
      expected: `no "filter", since Graph filters no ${unfiltered}`,
      seen: 'one',
      remedy: 'Remove it.',
    },
  ]
}

/** What is dropped has no hash. Graph minds no case. */
function checkPolicy(path: FieldPath, entry: unknown): Finding[] {
  const policy = member(entry, 'policy')
  const namesOf = (list: unknown): readonly string[] =>
    Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : []
  const dropped = namesOf(member(policy, 'drop')).map((name) => name.toLowerCase())
  return namesOf(member(member(policy, 'hash'), 'columns')).flatMap((name, index) =>
    dropped.includes(name.toLowerCase())
      ? [
          {
            path: [...path, 'hash', 'columns', index],
            at: 'value',
            expected: 'a column that is not dropped as well',
            seen: JSON.stringify(name),
            remedy: 'Take it out of "drop" or out of "hash".',
          },
        ]
      : [],
  )
}

/** Graph tells changes of whole collections, and would tell them of rows that no filter lets in. */
function checkDelta(path: FieldPath, entry: unknown): Finding[] {
  if (member(entry, 'delta') !== true || member(entry, 'filter') === undefined) return []
  return [
    {
      path,
      at: 'name',
      expected: 'no "delta" beside "filter", since Graph tells the changes of everything',
      seen: 'both',
      remedy: 'Remove one of them.',
    },
  ]
}

function checkSource(path: FieldPath, entry: unknown, source: YamlSource): Finding[] {
  const written = member(entry, 'connection')
  if (typeof written !== 'string') return []
  const [name = '', tenant] = written.split('@')
  const connection = member(member(source.data, 'connections'), name)
  if (connection === undefined) return []
  const finding = (expected: string, remedy: string): Finding[] => [
    { path, at: 'value', expected, seen: describeSeen(path, source, true), remedy },
  ]
  const isTemplate = member(connection, 'tenant') === '*'
  if (isTemplate && tenant === undefined) {
    return finding(
      'the tenant as well, as the connection is a template',
      `Write ${name}@TENANT, the tenant by its id or a domain.`,
    )
  }
  const hasCustomers = member(connection, 'customers') !== undefined
  if (!isTemplate && !hasCustomers && tenant !== undefined) {
    return finding(
      'the name of the connection alone, as it is no template and serves no customers',
      `Write ${name}, or give the connection the tenant "*" or \`customers\`.`,
    )
  }
  const provider = member(connection, 'provider')
  const type = valueAt(['providers', String(provider)], source.data)
  if (!['oidc', 'oauth2'].includes(String(member(type, 'type')))) return []
  return finding(
    'a connection on a provider of type "entra"',
    'Imports read Microsoft Graph: name a connection that has tokens for it.',
  )
}

/** Columns of collections that are not imported, or that have none to choose. */
function checkColumns(path: FieldPath, entry: unknown): Finding[] {
  const columns = member(entry, 'columns')
  const listed = member(entry, 'collections')
  if (columns === undefined || !Array.isArray(listed)) return []
  const collections = listed.filter((one): one is string => typeof one === 'string')
  const choosable = collections.filter((one) =>
    collectionsWithColumns.some((known) => known === one),
  )
  if (Array.isArray(columns)) {
    if (collections.length === 1 && choosable.length === 1) return []
    return [
      {
        path,
        at: 'value',
        expected:
          choosable.length === 0
            ? `no "columns": those of ${listNames(collections)} are fixed`
            : `a list for each of ${listNames(choosable, 'and')}`,
        seen: 'one list',
        remedy:
          choosable.length === 0
            ? 'Remove it.'
            : `Write columns: { ${choosable.map((one) => `${one}: [id, …]`).join(', ')} }.`,
      },
    ]
  }
  return keysOf(columns)
    .filter((name) => collectionsWithColumns.some((known) => known === name))
    .filter((name) => !collections.includes(name))
    .map((name) => ({
      path: [...path, name],
      at: 'name',
      expected: `columns of ${listNames(choosable)} alone, which are imported`,
      seen: `columns of ${JSON.stringify(name)}`,
      remedy: `Remove them, or add ${JSON.stringify(name)} to "collections".`,
    }))
}

/** Fields that mean something for one kind of destination alone. */
function checkDestinationFields(path: FieldPath, entry: unknown): Finding[] {
  const to = member(entry, 'to') ?? 'store'
  if (typeof to !== 'string') return []
  const kind = /^[a-z]{0,20}/.exec(to)?.[0] ?? ''
  const onlyFor: readonly (readonly [field: string, kinds: readonly string[]])[] = [
    ['csv', ['csv']],
    ['deleteAtMost', ['store']],
    ['delta', ['store', 'sqlite', 'postgres', 'postgresql']],
    ['password', ['postgres', 'postgresql']],
  ]
  return onlyFor
    .filter(([field, kinds]) => member(entry, field) !== undefined && !kinds.includes(kind))
    .map(([field, kinds]) => ({
      path: [...path, field],
      at: 'name',
      expected: `no ${JSON.stringify(field)}, which belongs to the destination ${JSON.stringify(kinds[0])}`,
      seen: `the destination ${JSON.stringify(kind)}`,
      remedy: 'Remove it, or write another "to".',
    }))
}
