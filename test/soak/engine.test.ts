import { afterEach, expect, test } from 'vitest'
import { seededRandom } from '../support/kill-import.ts'
import type { ServiceProcess, Trap } from '../support/service-process.ts'
import { makeWorld, scopeOf, type Profile, type SharedWorld } from '../support/services.ts'

/** `SEED=… npm run soak` replays the choices of a soak; without it each soak is another. */
const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))
/** Deaths and stalls per store. */
const mishaps = Number(process.env['MISHAPS'] ?? 40)
const processes = 3

let world: SharedWorld
afterEach(() => world.close())

const profiles: readonly Profile[] = ['overlap', 'graced', 'strict']
const places: readonly Trap['place'][] = ['before-send', 'after-answer', 'after-commit']
const upstreams = ['one', 'two', 'three'] as const

test.each(['SQLite', 'PostgreSQL'] as const)(
  `%s: services die and stall around redemptions ${mishaps} times; no spent token is sent where that ends a grant, none is lost where it does not (SEED=${seed})`,
  async (store) => {
    console.log(`SEED=${seed} ${store}`)
    const random = seededRandom(seed)
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
    // So short a life that nearly every ask needs a redemption.
    world = await makeWorld(store, { tokenLifetimeSeconds: 2 })
    for (const profile of profiles) await world.adopt(profile)
    const services = await Promise.all(Array.from({ length: processes }, () => world.service()))
    const tally = { mishaps: 0, flagged: { graced: 0, strict: 0 } }

    while (tally.mishaps < mishaps) {
      const profile = pick(profiles)
      const victim = Math.floor(random() * processes)
      const place = pick(places)
      // After its commit a stopped service has nothing left to be late with.
      const isStop = place !== 'after-commit' && random() < 0.2
      const trap: Trap = { place, signal: isStop ? 'SIGSTOP' : 'SIGKILL' }
      const stoppedForMs = random() * 1_500
      const asks = services.map(() => pick(upstreams))
      await services[victim]?.trap(trap)
      const outcomes = await Promise.allSettled(
        services.map(async (service, i) => {
          const upstream = asks[i] ?? 'one'
          const asked = service.tokens(profile, scopeOf(profile, upstream), {
            upstream,
            callers: 20,
          })
          if (i === victim && trap.signal === 'SIGSTOP') {
            if (await wake(service, asked, stoppedForMs)) tally.mishaps++
          }
          return await asked
        }),
      )
      // One that was killed after its commit may have answered before; one whose token was renewed
      // behind its callers' backs may walk into its trap only now.
      const waking = setInterval(() => services[victim]?.kill('SIGCONT'), 200)
      const isAlive = await services[victim]?.trap(null).then(
        () => true,
        () => false,
      )
      clearInterval(waking)
      if (isAlive !== true) {
        tally.mishaps++
        services[victim] = await world.service()
      }
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') continue
        judge(profile, outcome.value)
      }
      expect(world.simulator.stats().reuseDetected).toBe(0)
      await consentAgain(profile, tally)
    }
    for (const profile of profiles) {
      expect((await world.show(profile))['state']).toMatch(/^(valid|expired|failing)$/)
    }
    expect(world.simulator.stats().reuseDetected).toBe(0)
    console.log(
      `${store}: ${JSON.stringify(tally)}, ${world.tokenRequests().length} token requests`,
    )
  },
)

/** Lets a stopped service go on; false when it had not walked into its trap at all. */
async function wake(
  service: ServiceProcess,
  asked: Promise<unknown>,
  stoppedForMs: number,
): Promise<boolean> {
  const isStopped = await Promise.race([
    service.trapped().then(() => true),
    asked.then(
      () => false,
      () => false,
    ),
  ])
  if (!isStopped) return false
  await new Promise((resolve) => setTimeout(resolve, stoppedForMs))
  service.kill('SIGCONT')
  return true
}

/** What callers may meet: a token, or the flag where a refresh token may have been spent. */
function judge(profile: Profile, seen: Readonly<Record<string, number>>): void {
  for (const got of Object.keys(seen)) {
    if (!got.startsWith('error') && !got.startsWith('fault')) continue
    // Where the machine is slow, a token of two seconds may be dead before it is committed.
    if (got === 'error token_life_too_short') continue
    expect([profile, got]).toEqual([profile, 'error refresh_unknown'])
    expect(profile).not.toBe('overlap')
  }
}

/** A flagged grant is given a new consent, as an operator would. */
async function consentAgain(
  profile: Profile,
  tally: { readonly flagged: Record<'graced' | 'strict', number> },
): Promise<void> {
  if (profile === 'overlap') return
  const { refresh_token: refreshToken } = await world.show(profile)
  if ((refreshToken as { unknown_since: string | null }).unknown_since === null) return
  tally.flagged[profile]++
  await world.adopt(profile)
}
