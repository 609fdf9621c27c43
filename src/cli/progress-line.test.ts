import { describe, expect, it } from 'vitest'
import { formatProgress, type Progress } from './progress-line.ts'

const users: Progress = {
  collection: 'users',
  counted: 'rows',
  rows: 123_456,
  expectedRows: 400_017,
  phase: 'reading',
  cursors: 16,
  changed: 0,
  rowsPerSecond: 41_000,
  tokenLifeMs: 42 * 60_000,
  refreshes: 0,
}

describe('a progress line', () => {
  it('names no speed before a collection is planned', () => {
    const line = formatProgress({ ...users, rows: 0, phase: 'waiting', cursors: 0 }, 0)
    expect(line).toBe('users: counting and planning, token 42 m 0 s')
  })

  it('tells how many cursors read, how fast, and what is left', () => {
    expect(formatProgress(users, 0)).toBe(
      'users: 123,456 of 400,017, 16 cursors, 41,000 rows/s, 7 s left, token 42 m 0 s',
    )
  })

  it('names what is counted where that is not the rows, and what came of the token', () => {
    const members = { ...users, collection: 'members', counted: 'groups', cursors: 1, refreshes: 2 }
    expect(formatProgress(members, 0)).toBe(
      'members: 123,456 of 400,017 groups, 41,000 groups/s, 7 s left, token 42 m 0 s, 2 refreshes',
    )
  })

  it('says what a run waits for, what it reads anew and when all that is left is to check', () => {
    const { tokenLifeMs: _, ...rest } = users
    expect(formatProgress({ ...rest, waitingFor: 'Graph: 429' }, 0)).toBe(
      'users: 123,456 of 400,017, waiting: Graph: 429',
    )
    expect(formatProgress({ ...rest, phase: 'read' }, 0)).toBe(
      'users: 123,456 of 400,017, checking',
    )
    expect(formatProgress({ ...rest, phase: 'changes', changed: 1_204 }, 0)).toBe(
      'users: changes: 1,204 read anew',
    )
  })

  it('says that rows are being written into their place, and how many are', () => {
    const { tokenLifeMs: _, ...rest } = users
    const published = { ...rest, rows: 400_000, phase: 'publishing', published: 100_000 } as const
    expect(formatProgress(published, 0)).toBe(
      'users: publishing 100,000 of 400,000 rows, none visible yet',
    )
    expect(formatProgress(published, 80)).toMatch(/^users: █{6}░{18} publishing/)
  })

  it('fits a terminal, with a bar', () => {
    const line = formatProgress(users, 60)
    expect(line).toHaveLength(59)
    expect(line).toMatch(/^users: █{7}░{17} 123,456 of/)
  })
})
