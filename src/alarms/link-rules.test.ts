import { describe, expect, it } from 'vitest'
import { linkConditions, type LinkFacts } from './link-rules.ts'

const dayMs = 86_400_000
const now = Date.UTC(2026, 10, 27, 12)
const taken = (daysAgo: number, collection = 'users'): LinkFacts => ({
  collection,
  takenAt: now - daysAgo * dayMs,
  endsAt: now - daysAgo * dayMs + 7 * dayMs,
})

describe('the link of an import that reads changes', () => {
  it.each([
    [4.9, undefined],
    [5, 2],
    [5.9, 2],
    [6, 1],
    [7, 0],
    [30, 0],
  ])('of %s days ago has passed the threshold of %s days', (daysAgo, step) => {
    const found = linkConditions('nightly', [taken(daysAgo)], now)
    expect(found.map((one) => one.step)).toEqual(step === undefined ? [] : [step])
  })

  it('is warned of before it dies, by its oldest collection', () => {
    const found = linkConditions(
      'nightly',
      [taken(1, 'groups'), taken(6), taken(5, 'devices')],
      now,
    )
    expect(found).toMatchObject([
      {
        key: 'import_link:nightly',
        kind: 'import_link',
        subject: 'nightly',
        severity: 'warning',
        title: 'Import "nightly" can read changes alone for a day more',
        detail:
          'The link to the changes of users is of 2026-11-21T12:00Z; Graph forgets it at 2026-11-28T12:00Z, and the next run then reads everything.',
      },
    ])
  })

  it('is a trouble of its own where a run could not keep one', () => {
    const none = { collection: 'users', runId: 'run_1', at: now, note: 'Graph refused a delta' }
    expect(linkConditions('nightly', [none], now)).toMatchObject([
      { key: 'import_link:nightly:none', severity: 'warning', step: 0 },
    ])
    expect(linkConditions('nightly', [none], now)[0]?.detail).toContain('Graph refused a delta')
    expect(linkConditions('nightly', [none, taken(6, 'groups')], now)).toHaveLength(2)
  })
})
