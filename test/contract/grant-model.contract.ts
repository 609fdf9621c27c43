import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { GrantStore } from '../../src/grants/ports.ts'
import { Secret } from '../../src/kernel/index.ts'
import { aFailure, anOwner, aSlot, aToken, type MakeStore, type SharedStore } from './builders.ts'
import { GrantModel } from './grant-model.ts'

const nth = fc.nat(9)
const connection = fc.constantFrom('c1', 'c2')
const target = fc.constantFrom('graph', 'arm')
const attempt = fc.constantFrom('a', 'b', 'c')
const maybeAttempt = fc.option(attempt, { nil: undefined })
/** How far what is claimed lies behind what is; mostly not at all. */
const behind = fc.constantFrom(0, 0, 0, 0, 1, -1)

const operation = fc.oneof(
  fc.record({ op: fc.constant('ensure'), connection }),
  fc.record({ op: fc.constant('candidate'), connection, dies: fc.boolean() }),
  fc.record({ op: fc.constant('activate'), nth }),
  fc.record({ op: fc.constant('discard'), nth }),
  fc.record({ op: fc.constant('revoke'), nth: fc.nat(30) }),
  fc.record({
    op: fc.constant('state'),
    nth,
    state: fc.constantFrom('orphaned', 'pending', 'active'),
  }),
  fc.record({ op: fc.constant('evidence'), nth, lapse: fc.boolean() }),
  fc.record({
    op: fc.constant('schedule'),
    nth,
    inMs: fc.option(fc.nat(20_000), { nil: undefined }),
  }),
  fc.record({ op: fc.constant('due') }),
  fc.record({ op: fc.constant('unknown'), nth, behind }),
  fc.record({ op: fc.constant('abandon'), nth, target, attempt }),
  fc.record({ op: fc.constant('renew'), nth, target, attempt }),
  ...Array.from({ length: 3 }, () =>
    fc.oneof(
      fc.record({
        op: fc.constant('begin'),
        nth,
        target,
        attempt,
        behind,
        displaces: maybeAttempt,
        redeems: fc.constantFrom('no', 'overlap', 'strict', 'strict'),
        refreshBehind: behind,
        resends: maybeAttempt,
      }),
      fc.record({
        op: fc.constant('commit'),
        nth,
        target,
        attempt,
        behind,
        redeems: fc.constantFrom('no', 'kept', 'rotated', 'rotated'),
        refreshBehind: behind,
        subject: fc.constantFrom(undefined, 'adele'),
        keepAliveInMs: fc.option(fc.nat(20_000), { nil: undefined }),
        isOfCustomer: fc.boolean(),
      }),
      fc.record({
        op: fc.constant('fail'),
        nth,
        target,
        attempt,
        lapse: fc.boolean(),
        isOfCustomer: fc.boolean(),
        blockMs: fc.constantFrom(undefined, 5_000, 60_000),
        effect: fc.constantFrom(undefined, 'none', 'unknown'),
        refreshBehind: behind,
      }),
    ),
  ),
)
const step = fc.record({ who: fc.nat(1), afterMs: fc.nat(9_000), operation })
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** What every `GrantStore` does with any mixture of calls: what the plain model does. */
export function describeGrantModel(kind: string, makeStore: MakeStore): void {
  describe(`any sequence of calls by two processes in ${kind}`, () => {
    let shared: SharedStore
    beforeEach(async () => {
      shared = await makeStore()
    })
    afterEach(async () => await shared.dispose())

    it('does what the plain model of the port does', { timeout: 120_000 }, async () => {
      const stores = [await shared.open(), await shared.open()]
      const [first] = stores
      if (first === undefined) throw new Error('no store')
      let round = 0
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50 }), async (steps) => {
          const model = new GrantModel()
          const tenant = `t${round++}`
          let now = 1_000
          for (const each of steps) {
            now += each.afterMs
            const { grants } = stores[each.who] ?? first
            await play(grants, model, tenant, each, now)
          }
          for (const grantId of model.ids()) {
            for (const of of ['graph', 'arm']) {
              const slot = aSlot(grantId, { target: of })
              const view = await first.grants.viewForRenewal(slot)
              expect(plain(view)).toEqual(plain(model.view(slot)))
            }
          }
        }),
        { numRuns: 60 },
      )
    })
  })
}

async function play(
  grants: GrantStore,
  model: GrantModel,
  tenant: string,
  { operation: call }: Step,
  now: number,
): Promise<void> {
  const same = (actual: unknown, expected: unknown): void =>
    expect(plain(actual)).toEqual(plain(expected))
  if (call.op === 'ensure') {
    const known = model.current(call.connection)
    const grant = await grants.ensureGrant({ connection: call.connection, tenant }, now)
    if (known === undefined) model.add(grant)
    same(grant, known ?? grant)
    return
  }
  if (call.op === 'candidate') {
    const secret = new Secret(`refresh ${now}`)
    const expires = call.dies ? { expiresAt: now + 50_000 } : {}
    const key = { connection: call.connection, tenant, subject: '' }
    model.add(await grants.addCandidate(key, { secret, ...expires }, now), secret)
    return
  }
  if (call.op === 'due') {
    const mine = (await grants.takeDue(now, 1_000_000, 7_000)).filter((g) => g.tenant === tenant)
    const byId = (list: readonly { readonly id: string }[]): unknown =>
      list.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    same(byId(mine), byId(model.takeDue(now, 7_000)))
    return
  }
  const ids = model.ids()
  const id = ids[call.nth % Math.max(ids.length, 1)]
  if (id === undefined || (call.op === 'revoke' && call.nth > 9)) return
  const failure = { code: 'grant_lapsed', detail: 'd', remedy: 'r', at: now } as const
  switch (call.op) {
    case 'activate':
      same(await grants.activateCandidate(id, 's', now), model.activate(id, 's', now))
      return
    case 'discard':
      await grants.discardCandidate(id, failure)
      model.discard(id, failure)
      return
    case 'revoke':
      await grants.revokeGrant(id, now)
      model.revoke(id, now)
      return
    case 'state':
      await grants.setGrantState(id, call.state, now)
      model.setState(id, call.state, now)
      return
    case 'evidence':
      await grants.recordFailure(id, failure, { lapse: call.lapse })
      model.recordFailure(id, failure, call.lapse)
      return
    case 'schedule': {
      const at = call.inMs === undefined ? undefined : now + call.inMs
      await grants.scheduleKeepAlive(id, at)
      model.schedule(id, at)
      return
    }
    case 'unknown': {
      const version = ((await grants.getGrant(id))?.refreshToken?.version ?? 0) - call.behind
      await grants.markRefreshUnknown(id, version, now)
      model.markUnknown(id, version, now)
      return
    }
    default:
      await playExchange(grants, model, id, call, now, same)
  }
}

async function playExchange(
  grants: GrantStore,
  model: GrantModel,
  id: string,
  call: Extract<
    Step['operation'],
    { readonly op: 'begin' | 'commit' | 'fail' | 'abandon' | 'renew' }
  >,
  now: number,
  same: (actual: unknown, expected: unknown) => void,
): Promise<void> {
  const slot = aSlot(id, { target: call.target })
  const attemptId = call.attempt
  if (call.op === 'abandon') {
    await grants.abandonExchange(slot, attemptId)
    model.abandon(slot, attemptId)
    return
  }
  if (call.op === 'renew') {
    const until = now + 15_000
    same(await grants.renewLease(slot, attemptId, until), model.renew(slot, attemptId, until))
    return
  }
  const seen = await grants.viewForRenewal(slot)
  const refreshVersion = (seen?.grant.refreshToken?.version ?? 0) - call.refreshBehind
  if (call.op === 'fail') {
    const { lapse, blockMs, effect, isOfCustomer } = call
    const failure = {
      slot,
      attemptId,
      failure: aFailure({ at: now, retryAt: now + 1_000 }),
      now,
      lapse,
      ...(isOfCustomer ? { isOfCustomer } : {}),
      ...(blockMs === undefined ? {} : { blockedUntil: now + blockMs }),
      ...(effect === undefined ? {} : { redemption: { refreshVersion, effect } }),
    }
    await grants.failExchange(failure)
    model.fail(failure)
    return
  }
  const slotVersion = Math.max((seen?.slot?.version ?? 0) - call.behind, 0)
  if (call.op === 'begin') {
    const { displaces, redeems, resends } = call
    const isExclusive = redeems === 'strict'
    const again = resends === undefined ? {} : { resends }
    const claim = {
      slot,
      slotVersion,
      attemptId,
      owner: anOwner(attemptId),
      now,
      leaseMs: 15_000,
      ...(displaces === undefined ? {} : { displaces }),
      ...(redeems === 'no' ? {} : { redemption: { refreshVersion, isExclusive, ...again } }),
    }
    same(await grants.beginExchange(claim), model.begin(claim))
    return
  }
  const { redeems, subject, keepAliveInMs, isOfCustomer } = call
  const redemption = {
    refreshVersion,
    ...(redeems === 'rotated' ? { refreshToken: new Secret(`rotated ${now}`) } : {}),
    ...(subject === undefined ? {} : { subject }),
  }
  const success = {
    slot,
    attemptId,
    slotVersion,
    token: aToken(`token ${now}`),
    now,
    ...(isOfCustomer ? { isOfCustomer } : {}),
    ...(keepAliveInMs === undefined ? {} : { keepAliveAt: now + keepAliveInMs }),
    ...(redeems === 'no' ? {} : { redemption }),
  }
  same(await grants.commitExchange(success), model.commit(success))
}

/** A value as plain data, secrets in the open, absent and undefined members alike. */
function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, plain(member)]),
  )
}
