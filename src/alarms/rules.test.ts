import { describe, expect, it } from 'vitest'
import {
  credentialConditions,
  grantConditions,
  importConditions,
  issuerConditions,
  stepOf,
  type GrantFacts,
  type ImportFacts,
} from './rules.ts'

const dayMs = 86_400_000
const now = Date.UTC(2026, 10, 27)

const grant = (over: Partial<GrantFacts> = {}): GrantFacts => ({
  connection: 'csp',
  tenant: 'contoso',
  address: 'csp',
  state: 'active',
  stateChangedAt: now - 100 * dayMs,
  isOfPerson: true,
  idleMs: 90 * dayMs,
  refreshUsedAt: now - dayMs,
  keepAliveAt: now + dayMs,
  ...over,
})
const kindsOf = (over: Partial<GrantFacts>): readonly string[] =>
  grantConditions(grant(over), now).map(({ kind }) => kind)

describe('a grant', () => {
  it('is no reason for an alarm while it is used and kept alive', () => {
    expect(kindsOf({})).toEqual([])
    expect(kindsOf({ keepAliveAt: now - 3_599_000 })).toEqual([])
  })

  it.each(['pending', 'revoked', 'orphaned'] as const)('that is %s is none either', (state) => {
    expect(kindsOf({ state, keepAliveAt: 0, refreshUsedAt: 0 })).toEqual([])
  })

  it('that lapsed says what was refused and what to do, and nothing else', () => {
    const failure = { code: 'grant_lapsed', detail: 'It was revoked.', remedy: 'Consent as Jo.' }
    const found = grantConditions(
      grant({ state: 'lapsed', failure, keepAliveAt: 0, refreshUsedAt: 0 }),
      now,
    )
    expect(found).toMatchObject([
      { key: 'grant_lapsed:csp', severity: 'critical', detail: failure.detail, step: 0 },
    ])
    expect(found[0]?.remedy).toBe('Consent as Jo.')
  })

  it('never shows what looks like a token', () => {
    const jwt = `eyJ${'a'.repeat(20)}.eyJ${'b'.repeat(20)}.${'c'.repeat(20)}`
    const failure = { code: 'grant_lapsed', detail: `refused ${jwt}`, remedy: 'r' }
    const found = grantConditions(grant({ state: 'lapsed', failure }), now)
    expect(JSON.stringify(found)).not.toContain(jwt)
  })

  it.each([
    [59, undefined],
    [60, 30],
    [75.9, 30],
    [76, 14],
    [83, 7],
    [87, 3],
    [89, 1],
    [90, 0],
    [200, 0],
  ])('idle for %s of 90 days has passed the threshold of %s days', (idleDays, step) => {
    const found = grantConditions(grant({ refreshUsedAt: now - idleDays * dayMs }), now)
    const idle = found.find(({ kind }) => kind === 'grant_idle')
    expect(idle?.step).toBe(step)
    const severity = step === undefined ? undefined : step <= 7 ? 'critical' : 'warning'
    expect(idle?.severity).toBe(severity)
  })

  it('whose keep-alive did not come, or that was left alone for 15 days, missed its heartbeat', () => {
    expect(kindsOf({ keepAliveAt: now - 3_601_000 })).toEqual(['heartbeat_missed'])
    expect(kindsOf({ refreshUsedAt: now - 15 * dayMs - 1 })).toEqual(['heartbeat_missed'])
    expect(kindsOf({ isOfPerson: false, refreshUsedAt: now - 16 * dayMs })).toEqual([])
  })

  it('whose refresh token may be spent needs a decision', () => {
    expect(kindsOf({ unknownSince: now })).toEqual(['grant_refresh_unknown'])
  })
})

describe('a client credential', () => {
  const at = (days: number): readonly (readonly [number, string])[] =>
    credentialConditions(
      {
        owner: 'connection "csp"',
        name: 'csp',
        position: 0,
        kind: 'secret',
        expiresAt: now + days * dayMs,
      },
      now,
    ).map(({ step, severity }) => [step, severity])

  it('is told of 60, 30, 14, 7 and 1 days before its end, and at its end', () => {
    expect([61, 60, 30, 14, 7, 1, 0].map(at)).toEqual([
      [],
      [[60, 'warning']],
      [[30, 'warning']],
      [[14, 'warning']],
      [[7, 'critical']],
      [[1, 'critical']],
      [[0, 'critical']],
    ])
  })
})

describe('an import', () => {
  const last = (over: Partial<NonNullable<ImportFacts['last']>>): readonly string[] =>
    importConditions(
      {
        name: 'nightly',
        last: { id: 'run_1', state: 'completed', isWhole: true, at: now - 2 * dayMs, ...over },
      },
      now,
    ).map(({ title }) => title)

  it('that ended whole is none', () => {
    expect(last({})).toEqual([])
    expect(last({ state: 'interrupted', isWhole: false, at: now - 3_599_000 })).toEqual([])
  })

  it('that failed, ended incomplete or broke off is one', () => {
    expect(last({ isWhole: false })).toEqual(['Import "nightly" ended incomplete'])
    expect(last({ state: 'failed', isWhole: false })).toEqual(['Import "nightly" failed'])
    expect(last({ state: 'interrupted', isWhole: false })).toEqual([
      'Import "nightly" broke off and nobody resumed it',
    ])
  })

  it('that was given up is one at once: nobody goes on with it', () => {
    const broken = { state: 'interrupted', isWhole: false, at: now } as const
    expect(last(broken)).toEqual([])
    expect(last({ ...broken, isGivenUp: true })).toEqual([
      'Import "nightly" was left alone: it ended the services that drove it',
    ])
  })

  it('that did not begin within an hour was missed', () => {
    const due = (at: number, hasBegun: boolean): number =>
      importConditions({ name: 'nightly', due: { at, hasBegun } }, now).length
    expect(due(now - 3_600_000, true)).toBe(0)
    expect(due(now - 3_599_999, false)).toBe(0)
    expect(due(now - 3_600_000, false)).toBe(1)
  })
})

describe('an issuer', () => {
  it('is told anew once none of its keys is left', () => {
    const facts = { issuer: 'contoso', iss: 'https://sso.example.com', since: now }
    const stale = issuerConditions({ ...facts, state: 'stale' })
    const unusable = issuerConditions({ ...facts, state: 'unusable', failure: 'HTTP 503' })
    expect(unusable.key).toBe(stale.key)
    expect(unusable.step).toBeLessThan(stale.step)
    expect(unusable.detail).toContain('HTTP 503')
  })
})

describe('a threshold', () => {
  it('is the last one that was passed', () => {
    expect(stepOf(dayMs * 2, [30, 7, 1])).toBe(7)
    expect(stepOf(dayMs * 31, [30, 7, 1])).toBeUndefined()
  })
})
