import { expect, test } from 'vitest'
import { costOf } from './request-cost.ts'

test.each([
  ['users', 2, 'users'],
  ['users?$select=id&$top=999', 1, 'users'],
  ['users?$select=id&$top=5', 1, 'users'],
  ['users?$expand=manager($select=id)&$select=id', 2, 'users'],
  ['users/$count?$filter=x', 1, 'count'],
  ['users/delta?$select=id&$deltatoken=latest', 1, 'delta'],
  ['users/microsoft.graph.delta?$skiptoken=x', 1, 'delta'],
  ['groups?$select=id', 1, 'groups'],
  ['groups/1/members?$top=999', 3, 'members'],
  ['groups/1/members?$select=id&$top=999', 2, 'members'],
  ['groups/1/members/microsoft.graph.user?$select=id', 2, 'members'],
  ['groups/1/owners?$select=id', 1, 'owners'],
  ['directoryObjects/getByIds', 1, 'getByIds'],
])('%s costs %i as one of %s', (path, units, kind) => {
  expect(costOf(`https://graph.microsoft.com/v1.0/${path}`)).toEqual({ units, kind })
})
