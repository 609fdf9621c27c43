import { expect, test } from 'vitest'
import { collections, type CollectionName } from '../directory/index.ts'
import { buildRequest, type ImportDescription } from './build-request.ts'
import { defaultCsv } from './csv.ts'

function build(
  names: readonly CollectionName[],
  changes: Partial<ImportDescription> = {},
): ReturnType<typeof buildRequest> {
  const description: ImportDescription = {
    name: 'nightly',
    connection: 'contoso-graph',
    collections: names,
    destination: { kind: 'store' },
    columnsOf: () => undefined,
    concurrency: 'auto',
    refreshBeforeMs: 300_000,
    publish: 'complete',
    csv: defaultCsv,
    deleteAtMost: 0.1,
    isFresh: false,
    isTakeOver: false,
    ...changes,
  }
  return buildRequest(description, {
    tenantId: 'tenant',
    graphUrl: 'https://graph.microsoft.com/v1.0',
  })
}

test.each(['members', 'owners', 'roleMembers', 'manager', 'signInActivity'] as const)(
  'the columns of %s cannot be chosen',
  (collection) => {
    const last = collections[collection].defaultColumns.at(-1) ?? ''
    expect(() => build([collection], { columnsOf: () => ['id'] })).toThrow(` and ${last}, always`)
  },
)

test.each(['manager', 'directoryRoles', 'roleMembers'] as const)(
  '%s cannot be filtered, since Graph filters no such list by an advanced query',
  (collection) => {
    expect(() => build([collection], { filter: "startsWith(displayName,'a')" })).toThrow(
      `Graph filters no ${collection}`,
    )
  },
)

test('owners can be filtered by their groups, and devices have columns to choose', () => {
  expect(build(['owners'], { filter: 'securityEnabled eq true' }).options).toMatchObject({
    filter: 'securityEnabled eq true',
    columns: { owners: ['groupId', 'ownerId', 'ownerType'] },
  })
  const chosen = build(['devices'], { columnsOf: () => ['displayName'] })
  expect(chosen.options.columns).toEqual({ devices: ['id', 'displayName'] })
})

test('a collection of smaller pages does not make those of others smaller', () => {
  expect(build(['users', 'signInActivity', 'roleMembers']).options.pageSize).toBe(999)
})
