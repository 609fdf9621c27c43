import { describe, expect, test } from 'vitest'
import { checkNextLink, countUrl, firstListUrl, firstPageUrl, firstRelatedUrl } from './page-url.ts'
import type { RunOptions } from './ports.ts'

const graphUrl = 'https://graph.microsoft.com/v1.0'
const options: RunOptions = {
  connection: 'c',
  tenantId: 't',
  graphUrl,
  collections: ['users'],
  destination: 'store',
  columns: { users: ['id', 'displayName'] },
  pageSize: 999,
  refreshBeforeMs: 300_000,
  publish: 'complete',
}

describe('a next link', () => {
  test.each([
    'https://evil.example/v1.0/users?$skiptoken=x',
    'http://graph.microsoft.com/v1.0/users?$skiptoken=x',
    'https://graph.microsoft.com:8443/v1.0/users',
    'https://graph.microsoft.com.evil.example/v1.0/users',
    'https://user:pass@graph.microsoft.com/v1.0/users',
    '//graph.microsoft.com/v1.0/users',
    '/v1.0/users',
    'javascript:alert(1)',
    '',
  ])('%j never gets the token', (link) => {
    expect(() => checkNextLink(link, graphUrl)).toThrow(/another host/)
  })

  test('of Graph itself is used whole', () => {
    const link = 'https://graph.microsoft.com/v1.0/users?$select=id&$skiptoken=RFNwd%27'
    expect(checkNextLink(link, graphUrl)).toBe(link)
  })
})

describe('the first page', () => {
  test('is asked in default mode', () => {
    expect(firstPageUrl(options, { collection: 'users' }, 999)).toBe(
      `${graphUrl}/users?$select=id,displayName&$top=999`,
    )
    expect(countUrl(options, { collection: 'users' })).toBe(`${graphUrl}/users/$count`)
  })

  test('is asked in advanced mode under a filter', () => {
    const filtered = { ...options, filter: "startsWith(displayName,'A&B')" }
    const query = new URL(firstPageUrl(filtered, { collection: 'users' }, 5)).searchParams
    expect(query.get('$filter')).toBe(filtered.filter)
    expect(query.get('$count')).toBe('true')
    expect(new URL(countUrl(filtered, { collection: 'users' })).searchParams.get('$filter')).toBe(
      filtered.filter,
    )
  })
})

describe('the first page of a collection', () => {
  const all = {
    ...options,
    columns: { manager: ['userId', 'managerId'], signInActivity: ['id', 'signInActivity'] },
  }

  test('asks for no page size where Graph takes none', () => {
    expect(firstListUrl(all, { collection: 'roleMembers' }, 999)).toBe(
      'https://graph.microsoft.com/v1.0/directoryRoles?$select=id',
    )
    expect(firstRelatedUrl(all, 'roleMembers', 'r', 999)).toBe(
      'https://graph.microsoft.com/v1.0/directoryRoles/r/members?$select=id',
    )
  })

  test('asks for as many rows as the collection has a page', () => {
    expect(firstPageUrl(all, { collection: 'signInActivity' }, 999)).toContain('$top=500')
    expect(firstPageUrl(all, { collection: 'signInActivity' }, 20)).toContain('$top=20')
    expect(firstRelatedUrl(all, 'owners', 'g', 999)).toBe(
      'https://graph.microsoft.com/v1.0/groups/g/owners?$select=id&$top=999',
    )
  })

  test('of managers expands them, with no column of the rows', () => {
    expect(firstPageUrl(all, { collection: 'manager' }, 999)).toBe(
      'https://graph.microsoft.com/v1.0/users?$select=id&$top=999&$expand=manager($select=id)',
    )
  })
})
