import { expect, it } from 'vitest'
import { describeLog } from './describe-log.ts'

it.each([
  [{ rows: 1, pages: 1 }, 'users: last page committed; 1 row in 1 page'],
  [{ rows: 1998, pages: 2 }, 'users: last page committed; 1,998 rows in 2 pages'],
])('counts rows and pages of a walk as one does in English', ({ rows, pages }, text) => {
  expect(describeLog({ type: 'walk_finished', collection: 'users', rows, pages })).toBe(text)
})
