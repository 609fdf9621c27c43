import { afterEach, describe, expect, it } from 'vitest'
import type { Fault } from '../../src/simulator/index.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import { makeWorld, scopeOf, type Profile, type SharedWorld } from '../support/services.ts'

let world: SharedWorld
afterEach(() => world.close())

const upstream = 'one'

/** What befalls the next redemption; where it may have been spent, and what the caller is told. */
interface Trouble {
  readonly effect: Fault['effect']
  readonly when?: Fault['when']
  readonly code: string
  /** Whether the provider may have spent the refresh token for all we know. */
  readonly mayBeSpent: boolean
}

const troubles: readonly (readonly [string, Trouble])[] = [
  [
    'resets the connection before it answers',
    { effect: { kind: 'reset' }, code: 'provider_unreachable', mayBeSpent: true },
  ],
  [
    'loses its answer after it has rotated',
    { effect: { kind: 'reset' }, when: 'after', code: 'provider_unreachable', mayBeSpent: true },
  ],
  [
    'answers 500',
    { effect: { kind: 'status', status: 500 }, code: 'provider_unavailable', mayBeSpent: true },
  ],
  [
    'answers 503',
    { effect: { kind: 'status', status: 503 }, code: 'provider_unavailable', mayBeSpent: false },
  ],
  [
    'answers 429 in plain text',
    { effect: { kind: 'text429', retryAfter: 30 }, code: 'provider_throttled', mayBeSpent: false },
  ],
  [
    'answers with a page in HTML',
    { effect: { kind: 'html' }, code: 'provider_answer_invalid', mayBeSpent: true },
  ],
  [
    'answers with garbage',
    { effect: { kind: 'garbage' }, code: 'provider_answer_invalid', mayBeSpent: true },
  ],
  [
    'answers 200 with an error in the body',
    {
      effect: { kind: 'ok_with_error_body' },
      when: 'after',
      code: 'provider_answer_invalid',
      mayBeSpent: true,
    },
  ],
]

const troubled = async (profile: Profile, trouble: Trouble): Promise<ServiceProcess> => {
  world = await makeWorld('SQLite')
  await world.adopt(profile)
  world.simulator.control.addFault({
    match: { kind: 'token', grantType: 'refresh_token' },
    effect: trouble.effect,
    ...(trouble.when === undefined ? {} : { when: trouble.when }),
  })
  const service = await world.service()
  const seen = await service.tokens(profile, scopeOf(profile, upstream), { upstream, callers: 50 })
  // Whoever waited for it is told what happened, and all the same.
  expect(seen).toEqual({ [`error ${trouble.code}`]: 50 })
  return service
}

describe('a provider with strict rotation that', () => {
  it.each(troubles.filter(([, { mayBeSpent }]) => mayBeSpent))(
    '%s is sent no refresh token again',
    async (_name, trouble) => {
      const service = await troubled('strict', trouble)
      const { state, refresh_token } = await world.show('strict')
      expect(state).toBe('refresh_unknown')
      expect(refresh_token).not.toMatchObject({ unknown_since: null })
      // Whoever asks next, in whatever process, sends nothing either.
      const from = world.tokenRequests().length
      for (const asking of [service, await world.service()]) {
        const seen = await asking.tokens('strict', scopeOf('strict', 'two'), { upstream: 'two' })
        expect(seen).toEqual({ 'error refresh_unknown': 1 })
      }
      expect(world.tokenRequests(from)).toHaveLength(0)
      expect(world.simulator.stats().reuseDetected).toBe(0)
    },
  )

  it.each(troubles.filter(([, { mayBeSpent }]) => !mayBeSpent))(
    '%s has spent nothing, and is asked again later',
    async (_name, trouble) => {
      await troubled('strict', trouble)
      const { state, refresh_token } = await world.show('strict')
      expect(state).toBe('failing')
      expect(refresh_token).toMatchObject({ unknown_since: null })
    },
  )
})

describe('a provider where a used refresh token stays valid, and that', () => {
  it.each(troubles)('%s is asked again by whoever comes next', async (_name, trouble) => {
    await troubled('overlap', trouble)
    if (trouble.code === 'provider_throttled') return
    const outcome = await world.evergrant(['connections', 'refresh', 'overlap'])
    expect(outcome.exit).toBe(0)
    expect((await world.show('overlap'))['state']).toBe('valid')
  })
})
