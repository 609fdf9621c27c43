import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EvergrantError, Secret, type AccessToken } from '../kernel/index.ts'
import { decide, plainAsk, type Ask } from './decide.ts'
import { longestBackoffMs, reduce, type SlotEvent } from './reduce.ts'
import {
  budgetWindowMs,
  fruitlessBudget,
  pausedUntil,
  rulingsKept,
  type Ruling,
} from './ruling-budget.ts'
import { emptySlot, holdToken, isRefused, usableToken, type Slot } from './slot.ts'

const start = 1_700_000_000_000
const error = new EvergrantError('provider_unavailable', 'test')

const tokenAt = (n: number, issuedAt: number, lifeMs: number, refreshAt?: number): AccessToken => ({
  secret: new Secret(`t${n}`),
  tokenType: 'Bearer',
  issuedAt,
  expiresAt: issuedAt + lifeMs,
  ...(refreshAt === undefined ? {} : { refreshAt }),
})

/** A step moves time, then something happens. */
type Step = { readonly after: number; readonly event: (slot: Slot, now: number) => SlotEvent }

const after = fc.oneof(
  fc.integer({ min: 0, max: 5_000 }),
  fc.integer({ min: 0, max: 7_200_000 }),
  fc.integer({ min: -7_200_000, max: 0 }),
)
const life = fc.oneof(
  fc.integer({ min: 1_000, max: 120_000 }),
  fc.integer({ min: 60_000, max: 86_400_000 }),
)
const anyRuling: fc.Arbitrary<Ruling> = fc.record({
  rule: fc.constantFrom('401', 'fabric'),
  upstream: fc.constantFrom('', 'arm'),
})
const step: fc.Arbitrary<Step> = fc.record({
  after,
  event: fc.oneof(
    fc
      .record({ n: fc.nat(5), life, isForced: fc.boolean(), isAdopted: fc.boolean() })
      .map(({ n, life: lifeMs, isForced, isAdopted }) => (_slot: Slot, now: number): SlotEvent => ({
        type: isAdopted ? 'adopted' : 'issued',
        held: holdToken(tokenAt(n, now, lifeMs), {}, 0.5, isForced),
      })),
    fc
      .record({
        retry: fc.constantFrom('backoff', 'probe', 'never'),
        chance: fc.double({ min: 0, max: 1, noNaN: true }),
        retryAfterMs: fc.option(fc.integer({ min: 1_000, max: 3_600_000 }), { nil: undefined }),
      })
      .map(({ retryAfterMs, ...rest }) => (_slot: Slot, at: number): SlotEvent => ({
        type: 'failed',
        error,
        at,
        ...rest,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      })),
    fc.integer({ min: 0, max: 3_600_000 }).map((wait) => (_slot: Slot, now: number): SlotEvent => ({
      type: 'blocked',
      until: now + wait,
      at: now,
    })),
    fc
      .record({ n: fc.option(fc.nat(5)), ruling: fc.option(anyRuling) })
      .map(({ n, ruling }) => (slot: Slot, at: number): SlotEvent => ({
        type: 'refused',
        token: n === null ? (slot.held?.token ?? tokenAt(0, at, 1)) : tokenAt(n, at, 1),
        at,
        ...(ruling === null ? {} : { ruling }),
      })),
    fc.constant((): SlotEvent => ({ type: 'credentials_changed' })),
    fc.constantFrom('cured', 'dropped').map((type) => (): SlotEvent => ({ type })),
    fc
      .record({
        retry: fc.constantFrom('backoff', 'probe', 'never'),
        attempts: fc.integer({ min: 1, max: 20 }),
        ageMs: fc.nat(120_000),
        waitMs: fc.nat(86_400_000),
      })
      .map(({ retry, attempts, ageMs, waitMs }) => (_slot: Slot, now: number): SlotEvent => ({
        type: 'shared',
        failure: {
          error,
          retry,
          attempts,
          at: now - ageMs,
          ...(retry === 'never' ? {} : { retryAt: now - ageMs + waitMs }),
        },
      })),
    fc.constant((_slot: Slot, at: number): SlotEvent => ({ type: 'rechecked', at })),
  ),
})

const ask: fc.Arbitrary<Ask> = fc.record({
  minRemainingMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 7_200_000 })),
  renewBelowMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 7_200_000 })),
  isForced: fc.boolean(),
  isOverride: fc.boolean(),
})

function play(steps: readonly Step[]): { readonly slot: Slot; readonly now: number } {
  let slot = emptySlot
  let now = start
  for (const { after: pause, event } of steps) {
    now += pause
    slot = reduce(slot, event(slot, now))
  }
  return { slot, now }
}

const anyHistory = fc.array(step, { maxLength: 12 })

describe('whatever happened before', () => {
  it('a dead or refused token is never served', () => {
    fc.assert(
      fc.property(anyHistory, ask, after, (steps, wish, pause) => {
        const { slot, now } = play(steps)
        const decision = decide(slot, now + pause, wish)
        if (decision.kind !== 'serve') return
        const { token } = decision.held
        expect(token.expiresAt).toBeGreaterThan(now + pause)
        expect(token.expiresAt - now - pause).toBeGreaterThanOrEqual(wish.minRemainingMs)
        expect(isRefused(slot, token)).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })

  it('a caller is never refused while a token lives that satisfies him', () => {
    fc.assert(
      fc.property(anyHistory, ask, after, (steps, wish, pause) => {
        const { slot, now } = play(steps)
        const held = usableToken(slot, now + pause)
        if (held === undefined || held.token.expiresAt - now - pause < wish.minRemainingMs) return
        expect(decide(slot, now + pause, wish).kind).not.toBe('refuse')
      }),
      { numRuns: 2_000 },
    )
  })

  // oxlint-disable-next-line vitest/expect-expect -- the property itself is the expectation
  it('no token request leaves while the provider asked to stay away, not even for an operator', () => {
    const wait = fc.integer({ min: 1, max: 3_600_000 })
    fc.assert(
      fc.property(
        anyHistory,
        ask,
        wait,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (steps, wish, waitMs, part) => {
          const { slot: before, now } = play(steps)
          const slot = reduce(before, {
            type: 'failed',
            error,
            retry: 'backoff',
            at: now,
            retryAfterMs: waitMs,
            chance: 0,
          })
          const decision = decide(slot, now + Math.floor(waitMs * part), wish)
          return decision.kind === 'refuse' || decision.renew !== 'exchange'
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('a refused token never comes back, not even from the provider', () => {
    fc.assert(
      fc.property(anyHistory, fc.nat(5), (steps, n) => {
        const { slot, now } = play(steps)
        const token = tokenAt(n, now, 3_600_000)
        const refused = reduce(slot, { type: 'refused', token, at: now })
        const held = holdToken(token, {}, 0)
        for (const type of ['issued', 'adopted'] as const) {
          const later = reduce(refused, { type, held })
          expect(later.held?.token.secret.reveal()).not.toBe(`t${n}`)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('memory stays bounded', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { slot } = play(steps)
        expect(slot.refused.length).toBeLessThanOrEqual(8)
        expect(slot.fruitlessAt.length).toBeLessThanOrEqual(fruitlessBudget)
        for (const { at } of slot.rulings) expect(at.length).toBeLessThanOrEqual(fruitlessBudget)
      }),
    )
  })

  it('a slot without a token opens again when the clock moves on, unless someone must act', () => {
    fc.assert(
      fc.property(anyHistory, (steps) => {
        const { slot, now } = play(steps)
        const later =
          Math.max(now, slot.failure?.at ?? 0, slot.block?.until ?? 0) + 25 * 3_600_000 * 2
        const { held: _none, ...without } = slot
        const decision = decide(without, later, plainAsk)
        const renew = slot.failure?.retry === 'never' ? 'recheck' : 'exchange'
        expect(decision).toEqual({ kind: 'wait', renew })
      }),
      { numRuns: 1_000 },
    )
  })
})

function attemptsWithin(
  retry: 'backoff' | 'probe' | 'never',
  hours: number,
  chance: () => number,
): number {
  let slot = emptySlot
  let attempts = 0
  for (let now = start; now < start + hours * 3_600_000; now += hours * 250) {
    const decision = decide(slot, now, plainAsk)
    if (decision.kind !== 'wait') continue
    if (decision.renew === 'exchange') {
      attempts++
      slot = reduce(slot, { type: 'failed', error, retry, at: now, chance: chance() })
    } else slot = reduce(slot, { type: 'rechecked', at: now })
  }
  return attempts
}

describe('a provider that goes on failing', () => {
  it('is asked less and less in passing failures, whatever chance says', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (chance) => {
        const attempts = attemptsWithin('backoff', 1, () => chance)
        expect(attempts).toBeGreaterThanOrEqual(3_600_000 / longestBackoffMs)
        expect(attempts).toBeLessThanOrEqual(130)
      }),
      { numRuns: 10 },
    )
  })

  it('is asked once when only we can mend it', () => {
    expect(attemptsWithin('never', 30, () => 1)).toBe(1)
  })

  it('is probed after 1, 6 and 24 hours when an administrator can mend it', () => {
    expect(attemptsWithin('probe', 32, () => 1)).toBe(4)
  })
})

describe('an API that refuses every token', () => {
  it('costs three forced renewals in five minutes, then token_refused', () => {
    let slot = reduce(emptySlot, {
      type: 'issued',
      held: holdToken(tokenAt(0, start, 3_600_000), {}, 0),
    })
    let now = start
    let renewals = 0
    const codes = new Set<string>()
    for (let n = 1; n < 20; n++) {
      now += 1_000
      const token = slot.held?.token
      if (token !== undefined) slot = reduce(slot, { type: 'refused', token, at: now })
      const decision = decide(slot, now, plainAsk)
      if (decision.kind === 'refuse') {
        codes.add(decision.error.code)
        continue
      }
      renewals++
      slot = reduce(slot, {
        type: 'issued',
        held: holdToken(tokenAt(n, now, 3_600_000), {}, 0, true),
      })
    }
    expect(renewals).toBe(3)
    expect(codes).toEqual(new Set(['token_refused']))
    expect(decide(slot, now + 300_000, plainAsk).kind).toBe('wait')
  })
})

/** Issues token after token and lets an API refuse each by the ruling; returns when renewals were. */
function refuseEverything(
  steps: readonly { readonly pauseMs: number; readonly ruling: Ruling }[],
): {
  readonly slot: Slot
  readonly now: number
  readonly renewals: readonly { readonly at: number; readonly by: Ruling }[]
} {
  let slot = reduce(emptySlot, {
    type: 'issued',
    held: holdToken(tokenAt(0, start, 86_400_000), {}, 0),
  })
  let now = start
  const renewals: { readonly at: number; readonly by: Ruling }[] = []
  for (const [n, { pauseMs, ruling }] of steps.entries()) {
    now += pauseMs
    const token = slot.held?.token
    if (token === undefined) throw new Error('no token is left')
    slot = reduce(slot, { type: 'refused', token, at: now, ruling })
    if (slot.held !== undefined) continue
    renewals.push({ at: now, by: ruling })
    // Whether it counts as forced does not matter: another process may have got it.
    const held = holdToken(tokenAt(n + 1, now, 86_400_000), {}, 0, n % 2 === 0)
    slot = reduce(slot, { type: 'issued', held })
  }
  return { slot, now, renewals }
}

describe('a ruling that refuses every token', () => {
  const moment = fc.record({ pauseMs: fc.nat(120_000), ruling: anyRuling })

  it('has three renewed in any five minutes, whatever others do, and never burns the last', () => {
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 80 }), (steps) => {
        const { slot, now, renewals } = refuseEverything(steps)
        expect(decide(slot, now, plainAsk).kind).toBe('serve')
        for (const { at, by } of renewals) {
          const within = renewals.filter(
            (other) =>
              other.at >= at &&
              other.at < at + budgetWindowMs &&
              other.by.rule === by.rule &&
              other.by.upstream === by.upstream,
          )
          expect(within.length).toBeLessThanOrEqual(fruitlessBudget)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('takes nothing from another ruling, nor from reports without one', () => {
    const ruling = { rule: 'fabric', upstream: 'fabric' }
    const steps = Array.from({ length: 9 }, () => ({ pauseMs: 1_000, ruling }))
    const { slot, now, renewals } = refuseEverything(steps)
    expect(renewals).toHaveLength(3)
    expect(pausedUntil(slot.rulings, ruling, now)).toBe(start + 1_000 + budgetWindowMs)
    const token = slot.held?.token ?? tokenAt(0, 0, 0)
    expect(reduce(slot, { type: 'refused', token, at: now, ruling })).toBe(slot)
    for (const other of [undefined, { ...ruling, upstream: 'graph' }, { ...ruling, rule: '401' }]) {
      const event = { type: 'refused', token, at: now } as const
      const renewing = reduce(slot, other === undefined ? event : { ...event, ruling: other })
      expect(renewing.held).toBeUndefined()
      expect(decide(renewing, now, plainAsk)).toEqual({ kind: 'wait', renew: 'exchange' })
    }
  })

  it('may again when five minutes are over, or when the client’s credentials are others', () => {
    const ruling = { rule: '401', upstream: '' }
    const steps = Array.from({ length: 4 }, () => ({ pauseMs: 0, ruling }))
    const { slot } = refuseEverything(steps)
    expect(pausedUntil(slot.rulings, ruling, start + budgetWindowMs - 1)).toBeDefined()
    expect(pausedUntil(slot.rulings, ruling, start + budgetWindowMs)).toBeUndefined()
    expect(pausedUntil(slot.rulings, ruling, start - 3_600_000)).toBeUndefined()
    const changed = reduce(slot, { type: 'credentials_changed' })
    expect(pausedUntil(changed.rulings, ruling, start)).toBeUndefined()
  })

  it('waits while more of them refuse tokens than account is kept of', () => {
    const steps = Array.from({ length: rulingsKept + 40 }, (_, n) => ({
      pauseMs: 1_000,
      ruling: { rule: `rule ${n}`, upstream: '' },
    }))
    const { slot, now, renewals } = refuseEverything(steps)
    expect(slot.rulings).toHaveLength(rulingsKept)
    expect(renewals).toHaveLength(rulingsKept)
    const late = { rule: 'late', upstream: '' }
    expect(pausedUntil(slot.rulings, late, now)).toBe(start + 1_000 + budgetWindowMs)
    expect(pausedUntil(slot.rulings, late, start + 1_000 + budgetWindowMs)).toBeUndefined()
  })
})

describe('a wish to renew early', () => {
  it('counts at most half of the life, so that short tokens are not renewed without end', () => {
    const held = holdToken(tokenAt(1, start, 120_000), {}, 0)
    const slot = reduce(emptySlot, { type: 'issued', held })
    const wish = { ...plainAsk, renewBelowMs: 300_000 }
    expect(decide(slot, start + 50_000, wish).kind).toBe('serve')
    expect(decide(slot, start + 61_000, wish).kind).toBe('wait')
  })
})

describe('the soft point', () => {
  it('lies within the second half of a life and before the hard point, whatever the jitter', () => {
    fc.assert(
      fc.property(
        life,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(7_200_000),
        (lifeMs, jitter, beforeMs) => {
          const { softAt, hardAt } = holdToken(tokenAt(1, start, lifeMs), { beforeMs }, jitter)
          expect(softAt).toBeGreaterThanOrEqual(start + lifeMs / 2)
          expect(softAt).toBeLessThanOrEqual(hardAt)
          expect(hardAt).toBeLessThan(start + lifeMs)
          expect([softAt, hardAt].every(Number.isInteger)).toBe(true)
        },
      ),
    )
  })

  it('follows an earlier wish of the provider, and maxAge', () => {
    const day = 86_400_000
    const token = tokenAt(1, start, day, start + day / 2)
    expect(holdToken(token, {}, 0).softAt).toBe(start + day / 2)
    expect(holdToken(token, { maxAgeMs: 60_000 }, 0).softAt).toBe(start + 60_000)
  })

  it('moves at most a tenth of the window for one grant or another', () => {
    const token = tokenAt(1, start, 3_600_000)
    expect(holdToken(token, {}, 0).softAt).toBe(start + 3_300_000)
    expect(holdToken(token, {}, 1).softAt).toBe(start + 3_270_000)
  })
})
