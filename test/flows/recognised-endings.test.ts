import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/index.ts'
import { findRemedy } from '../../src/kernel/index.ts'
import { startServing, type Serving } from '../../src/server/index.ts'
import type { SimulatorControl } from '../../src/simulator/index.ts'
import { createSkippingClock, type SkippingClock } from '../support/skipping-clock.ts'
import { makeConsentWorld, type ConsentWorld } from '../support/consent-world.ts'

const day = 86_400_000

let world: ConsentWorld
let serving: Serving
let clock: SkippingClock
beforeEach(async () => {
  world = await makeConsentWorld()
  const led = await world.signIn()
  const finished = await world.evergrant('consent complete csp', led)
  if (finished.exit !== 0) throw new Error(finished.out + finished.note)
  clock = createSkippingClock()
  serving = await startServing({
    configPath: world.configPath,
    env: {},
    listen: { host: '127.0.0.1', port: 0 },
    keepAlive: false,
    logTo: { write: () => {} },
    clock,
  })
})
afterEach(async () => {
  await serving.close(0)
  await world.close()
})

const endings: readonly (readonly [
  code: number,
  whose: string,
  actor: string,
  end: (control: SimulatorControl) => void,
])[] = [
  [
    70043,
    'the sign-in frequency policy ended the session',
    'tenant_administrator',
    (control) => {
      control.setSignInFrequency(3_600)
      control.advanceClock(7_200_000)
    },
  ],
  [
    50173,
    'the sessions of the account were revoked',
    'subject',
    (control) => control.revokeSessions(),
  ],
  [
    700082,
    'the refresh token was idle for too long',
    'subject',
    (control) => control.advanceClock(91 * day),
  ],
  ...(
    [
      [50076, 'multi-factor authentication is wanted', 'subject'],
      [50078, 'the second factor was used too long ago', 'subject'],
      [50079, 'the account has no second factor yet', 'subject'],
      [530032, 'a security policy of the tenant blocks this', 'tenant_administrator'],
      [53003, 'a Conditional Access policy blocks this', 'tenant_administrator'],
    ] as const
  ).map(
    ([code, whose, actor]) =>
      [
        code,
        whose,
        actor,
        (control: SimulatorControl) => {
          // Of 50078: a sign-in may be an hour old.
          control.advanceClock(7_200_000)
          control.setPolicies([{ code, at: 'token', seconds: 3_600 }])
        },
      ] as const,
  ),
]

describe('the end of a grant', { timeout: 30_000 }, () => {
  it.each(endings)('by AADSTS%i says "%s", and who must act', async (code, whose, actor, end) => {
    end(world.simulator.control)
    const refreshed = await world.evergrant('connections refresh csp')
    expect(refreshed.exit).toBe(3)
    const entry = findRemedy(`AADSTS${code}`)
    const shown = await world.evergrant('connections show csp')
    for (const text of [refreshed.note, shown.out]) {
      expect(text).toContain(`AADSTS${code}`)
      expect(text).toContain(entry?.meaning)
      expect(text).toContain('`evergrant consent ')
      expect(text).toContain('    1. ')
    }
    expect(shown.out).toContain('`evergrant consent csp`')

    const { key } = await serving.callerDesk.add({
      name: 'ops',
      connections: '*',
      role: 'operator',
    })
    const client = createClient({ url: serving.url, key: key.reveal() })
    // A living token goes on serving; with the last one the grant lapses.
    clock.skip(7_200_000)
    await expect(client.connections.refresh({ address: 'csp' })).rejects.toMatchObject({
      meaning: entry?.meaning,
      actor,
    })
    const connection = await client.connections.show({ address: 'csp' })
    expect(connection.last_failure).toMatchObject({ meaning: entry?.meaning, actor })
    expect(connection.state).toBe('lapsed')
    await serving.alarms.wake()
    await expect
      .poll(async () => (await client.alarms.list()).items)
      .toMatchObject([
        {
          kind: 'grant_lapsed',
          title: `Connection "csp" gets no tokens any more: ${whose}`,
          meaning: entry?.meaning,
          actor,
        },
      ])
  })
})
