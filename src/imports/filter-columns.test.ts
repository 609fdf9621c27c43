import { expect, test } from 'vitest'
import { filterColumns } from './filter-columns.ts'

test.each([
  ['accountEnabled eq true', ['accountEnabled']],
  ["not(startsWith(mail,'a')) and department in ('IT eq 1', 'O''Brien x')", ['mail', 'department']],
  ['assignedLicenses/any(x:x/skuId eq cafeba47-fca4-4ff7-9588-56934173ffc9)', ['assignedLicenses']],
  ['createdDateTime ge 2026-01-01T00:00:00Z or createdDateTime eq null', ['createdDateTime']],
  ['assignedLicenses/$count eq 0', ['assignedLicenses']],
])('the columns of %s', (filter, columns) => {
  expect(filterColumns(filter)).toEqual(columns)
})
