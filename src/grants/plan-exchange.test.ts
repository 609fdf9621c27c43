import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { processIdentity } from '../../test/support/engine-fixture.ts'
import type { Flight, RefreshIntent, RenewalView } from './ports.ts'
import { leaseMs, planExchange, type PlanFacts } from './plan-exchange.ts'

const now = 1_700_000_000_000
const { startOf: _look, ...owner } = processIdentity(7)

const flight: fc.Arbitrary<Flight> = fc
  .record({ leftMs: fc.integer({ min: -60_000, max: leaseMs }), ageMs: fc.nat(120_000) })
  .map(({ leftMs, ageMs }) => ({
    attemptId: 'att_flight',
    owner: { ...owner, instanceId: 'other' },
    leaseUntil: now + leftMs,
    startedAt: now - ageMs,
  }))
const intent: fc.Arbitrary<RefreshIntent> = fc
  .record({ flight, resends: fc.nat(2), isUnknown: fc.boolean() })
  .map(({ flight: held, ...rest }) => ({
    ...held,
    ...rest,
    attemptId: 'att_intent',
    grantId: 'g',
    refreshVersion: 3,
  }))
const view: fc.Arbitrary<RenewalView> = fc
  .record({
    flight: fc.option(flight, { nil: undefined }),
    intent: fc.option(intent, { nil: undefined }),
    isUnknown: fc.boolean(),
  })
  .map(({ flight: held, intent: open, isUnknown }) => ({
    grant: {
      connection: 'c',
      tenant: '',
      subject: '',
      id: 'g',
      standing: 'current',
      state: 'active',
      stateChangedAt: 0,
      createdAt: 0,
      refreshCount: 0,
      refreshToken: {
        version: 3,
        obtainedAt: 0,
        lastUsedAt: 0,
        ...(isUnknown ? { unknownSince: now - 1 } : {}),
      },
    },
    slot: { version: 1, ...(held === undefined ? {} : { flight: held }) },
    ...(open === undefined ? {} : { intent: open }),
  }))
const facts = fc
  .record({
    rotation: fc.constantFrom('strict', 'overlap', undefined),
    rotationGraceMs: fc.constantFrom(0, 60_000),
    mayResend: fc.boolean(),
    isOwnerDead: fc.boolean(),
  })
  .map(({ isOwnerDead, ...rest }): PlanFacts => ({
    ...rest,
    now,
    identity: processIdentity(1, new Set(isOwnerDead ? [7] : [])),
  }))

describe('the plan of an exchange', () => {
  it('never pushes a living holder aside', () => {
    fc.assert(
      fc.property(view, facts, (seen, known) => {
        const plan = planExchange(seen, known)
        const isAlive = known.identity.startOf(7) !== undefined
        if (plan.kind !== 'send' || !isAlive) return
        expect(seen.slot?.flight?.leaseUntil ?? 0).toBeLessThanOrEqual(now)
        if (known.rotation !== 'strict' || seen.intent?.isUnknown !== false) return
        expect(seen.intent.leaseUntil).toBeLessThanOrEqual(now)
      }),
      { numRuns: 2_000 },
    )
  })

  it('sends a strict token again only by an operator’s word, or once and within the grace', () => {
    fc.assert(
      fc.property(view, facts, (seen, known) => {
        const plan = planExchange(seen, known)
        const isFirst =
          seen.intent === undefined && seen.grant.refreshToken?.unknownSince === undefined
        if (plan.kind !== 'send' || known.rotation !== 'strict' || isFirst || known.mayResend)
          return
        expect(plan.resends?.by).toBe('grace')
        expect(seen.intent?.resends).toBe(0)
        expect(known.rotationGraceMs).toBeGreaterThan(0)
        expect(now - (seen.intent?.startedAt ?? 0)).toBeLessThanOrEqual(known.rotationGraceMs)
      }),
      { numRuns: 2_000 },
    )
  })

  it('never gives up where a used refresh token stays valid, or where there is none', () => {
    fc.assert(
      fc.property(view, facts, (seen, known) => {
        if (known.rotation === 'strict') return
        expect(planExchange(seen, known).kind).not.toBe('unknown')
      }),
    )
  })

  it('does not wait for a lease that a turned-back clock has made endless', () => {
    const held: Flight = {
      attemptId: 'a',
      owner: { ...owner, instanceId: 'other' },
      leaseUntil: now + 3_600_000,
      startedAt: now + 3_585_000,
    }
    const [seen] = fc.sample(view, { numRuns: 1, seed: 1 })
    const plan = planExchange(
      { grant: (seen as RenewalView).grant, slot: { version: 1, flight: held } },
      {
        now,
        identity: processIdentity(),
        rotation: undefined,
        rotationGraceMs: 0,
        mayResend: false,
      },
    )
    expect(plan).toEqual({ kind: 'send', displaces: held })
  })
})
