import { describe, expect, it } from 'vitest'
import type { CollectionRecord, DeltaRecord } from './ports.ts'
import { describeAmount, readChangesOf } from './read-changes.ts'

const record = (delta?: Partial<DeltaRecord>): CollectionRecord => ({
  runId: 'run_1',
  collection: 'users',
  writtenRows: 0,
  segmentBytes: 0,
  ...(delta === undefined
    ? {}
    : { delta: { purpose: 'since', state: 'applied', pages: 1, changed: 0, gone: 0, ...delta } }),
})

describe('what a run has read of changes', () => {
  it('is nothing where everything was read, for whatever reason', () => {
    const whole = [record(), record({ purpose: 'bracket', changed: 3 }), record({ state: 'lost' })]
    expect(readChangesOf(whole)).toBeUndefined()
    expect(describeAmount({ rows: 1, pages: 1 }, undefined)).toBe('1 row in 1 page')
  })

  it('is told instead of the rows and pages that did not have to be read', () => {
    const changes = readChangesOf([
      record({ named: 5, changed: 2, gone: 1 }),
      record({ changed: 1_000, gone: 2 }),
    ])
    expect(changes).toEqual({ named: 1_007, changed: 1_002, gone: 3 })
    expect(describeAmount({ rows: 0, pages: 0 }, changes)).toBe(
      '1,007 changes named, 1,002 read anew, 3 gone',
    )
    expect(describeAmount({ rows: 0, pages: 0 }, readChangesOf([record({ named: 0 })]))).toBe(
      'nothing has changed',
    )
  })

  it('stands beside the rows of collections that were read whole', () => {
    const changes = readChangesOf([record({ named: 1, changed: 1 }), record()])
    expect(describeAmount({ rows: 2_000, pages: 3 }, changes)).toBe(
      '1 change named, 1 read anew, 0 gone, 2,000 rows in 3 pages',
    )
  })
})
