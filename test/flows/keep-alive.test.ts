import { afterEach, describe, expect, it, vi } from 'vitest'
import { Secret, systemClock, type Clock } from '../../src/kernel/index.ts'
import {
  compose,
  openEvergrant,
  startJobs,
  type AnyEvent,
  type Composition,
  type Evergrant,
} from '../../src/server/index.ts'
import { makeWorld, type SharedWorld, type StoreKind } from '../support/services.ts'

let world: SharedWorld
const opened: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
  await world.close()
})

const day = 86_400_000
const clientId = '2f0c0000-1111-4222-8333-444444444444'
const secret = 'simulated~not.a.real.secret'
const tenants = Array.from({ length: 6 }, (_, i) => ({
  id: `${i}1111111-2222-4333-8444-555555555555`,
  users: 5,
  applications: [{ id: clientId, secrets: [{ value: secret }] }],
}))

/** A node in this process: a composition with its jobs, and everything that was told there. */
interface Node {
  readonly composition: Composition
  readonly events: readonly AnyEvent[]
  /** Token requests that its main thread sent. */
  sent(): number
  /** Resolves when a wake-up that was given now has done what is due. */
  sweep(): Promise<void>
  stop(): Promise<void>
}

async function startNode(): Promise<Node> {
  let sent = 0
  const composition = await compose({
    configPath: world.configPath,
    env: {},
    role: 'main',
    isLasting: true,
    wrapOutbound: (outbound) => ({
      ...outbound,
      fetch: async (input, init) => {
        if (init?.method === 'POST') sent++
        return await outbound.fetch(input, init)
      },
    }),
  })
  const events: AnyEvent[] = []
  composition.events.on((event) => events.push(event))
  const jobs = await startJobs(composition)
  const stop = async (): Promise<void> => {
    await jobs.stop()
    await composition.close()
  }
  opened.push(stop)
  const ended = (): number => events.filter(({ type }) => type.startsWith('job.')).length
  return {
    composition,
    events,
    sent: () => sent,
    stop,
    sweep: async () => {
      const before = ended()
      await jobs.wake('keep-alive')
      await vi.waitFor(() => expect(ended()).toBeGreaterThan(before), 20_000)
      expect(events.filter(({ type }) => type === 'job.failed')).toEqual([])
    },
  }
}

/** A template with a grant for each tenant, none of them due. */
async function makeTemplateWorld(store: StoreKind): Promise<void> {
  world = await makeWorld(store, { tenants })
  await world.define(
    {},
    `
  csp:
    provider: contoso
    tenant: '*'
    client: { id: ${clientId}, credentials: [{ secret: { file: ./secret } }] }
    grant: authorization_code
    resource: https://graph.microsoft.com
  warm:
    provider: contoso
    client: { id: ${clientId}, credentials: [{ secret: { file: ./secret } }] }
    grant: client_credentials
    refresh: { keepWarm: true }
`,
  )
  const { engine, close } = await compose({ configPath: world.configPath, env: {}, role: 'main' })
  for (const { id } of tenants) {
    const token = world.simulator.control.issueRefreshToken({ tenant: id })
    const { isActivated } = await engine.adopt(`csp@${id}`, new Secret(token))
    expect(isActivated).toBe(true)
  }
  await close()
}

/** Lets the time of these tenants' grants have come; their ids. */
async function letCome({ store, clock }: Composition, count: number): Promise<readonly string[]> {
  const chosen = tenants.slice(0, count).map(({ id }) => id)
  for (const tenant of chosen) {
    const grant = await store.grants.findGrant({ connection: 'csp', tenant })
    await store.grants.scheduleKeepAlive(grant?.id ?? '', clock.now() - 1_000)
  }
  return chosen
}

const authorities = (from: number): readonly string[] =>
  world
    .tokenRequests(from)
    .map(({ authority }) => authority)
    .toSorted()

describe.each(['SQLite', 'PostgreSQL'] as const)(
  'grants that nobody asks for, over %s,',
  (store) => {
    it('are renewed when due, away from the main thread, and come up again within a week', async () => {
      await makeTemplateWorld(store)
      const node = await startNode()
      const from = world.tokenRequests().length
      await node.sweep()
      expect(world.tokenRequests(from)).toEqual([])

      const due = await letCome(node.composition, 4)
      await node.sweep()
      expect(authorities(from)).toEqual(due)
      expect(node.sent()).toBe(0)
      const kept = node.events.filter(({ type }) => type === 'grant.kept_alive')
      expect(kept.flatMap((event) => ('tenant' in event ? event.tenant : [])).toSorted()).toEqual(
        due,
      )
      const {
        store: { grants },
        clock,
      } = node.composition
      const nexts = await Promise.all(
        due.map(async (tenant) => {
          const grant = await grants.findGrant({ connection: 'csp', tenant })
          return (grant?.keepAliveAt ?? 0) - clock.now()
        }),
      )
      for (const next of nexts) {
        expect(next).toBeGreaterThan(6.2 * day)
        expect(next).toBeLessThanOrEqual(7 * day)
      }
      expect(new Set(nexts.map((next) => Math.round(next / 60_000))).size).toBeGreaterThan(1)
      await node.sweep()
      expect(authorities(from)).toEqual(due)
    })

    it('are renewed once though two services look', async () => {
      await makeTemplateWorld(store)
      const [one, two] = [await startNode(), await startNode()]
      const from = world.tokenRequests().length
      const due = await letCome(one.composition, 6)
      await Promise.all([one.sweep(), store === 'SQLite' ? two.sweep() : undefined])
      expect(authorities(from)).toEqual(due)
    })

    it('tell what failed, while their tokens live on', async () => {
      await makeTemplateWorld(store)
      const node = await startNode()
      const [tenant = ''] = await letCome(node.composition, 1)
      world.simulator.control.revokeSessions(undefined, { tenant })
      await node.sweep()
      expect(node.events).toContainEqual(expect.objectContaining({ type: 'grant.refresh_failed' }))
      expect(await world.show(`csp@${tenant}`)).toMatchObject({
        state: 'failing',
        last_failure: { detail: expect.stringContaining('AADSTS50173') },
      })
    })

    it('are kept warm where that is configured', async () => {
      await makeTemplateWorld(store)
      const node = await startNode()
      world.simulator.control.setTokenLifetime(2)
      expect((await world.evergrant(['token', 'warm'])).exit).toBe(0)
      const from = world.tokenRequests().length
      await vi.waitFor(async () => {
        const dueAt = await node.composition.store.grants.earliestDue()
        expect(dueAt).toBeLessThan(node.composition.clock.now())
      }, 5_000)
      await node.sweep()
      expect(world.tokenRequests(from).map(({ grantType }) => grantType)).toEqual([
        'client_credentials',
      ])
    })

    it('are finished when the service closes during a sweep', async () => {
      await makeTemplateWorld(store)
      const node = await startNode()
      const due = await letCome(node.composition, 6)
      const from = world.tokenRequests().length
      const { id } = world.simulator.control.addFault({
        match: { kind: 'token' },
        effect: { kind: 'hold' },
      })
      void node.sweep().catch(() => {})
      await vi.waitFor(() => expect(world.tokenRequests(from)).toHaveLength(6), 10_000)
      const stopped = node.stop()
      world.simulator.control.release(id)
      await stopped
      expect(authorities(from)).toEqual(due)
      expect(await world.show(`csp@${due[0]}`)).toMatchObject({ state: 'valid', refresh_count: 2 })
    })
  },
)

describe('a sweep that was cut short', () => {
  it('is taken over by another service once its claim on the grants is over', async () => {
    await makeTemplateWorld('SQLite')
    const dead = await startNode()
    const due = await letCome(dead.composition, 3)
    const { store, clock } = dead.composition
    expect(await store.grants.takeDue(clock.now(), 100, 600_000)).toHaveLength(3)
    const from = world.tokenRequests().length
    await dead.sweep()
    expect(world.tokenRequests(from)).toEqual([])

    const later: Clock = { ...systemClock, now: () => systemClock.now() + 601_000 }
    const { engine, close } = await compose({
      configPath: world.configPath,
      env: {},
      role: 'main',
      clock: later,
    })
    expect(await engine.runDue()).toMatchObject({ taken: 3, renewed: 3 })
    await close()
    expect(authorities(from)).toEqual(due)
  })
})

describe('a program that holds Evergrant', () => {
  it('keeps grants alive by itself and hears of it, unless it is told not to', async () => {
    await makeTemplateWorld('SQLite')
    // Waits of more than five seconds are over soon: the first look comes within a minute.
    const hasty: Clock = {
      ...systemClock,
      schedule: (ms, task) => systemClock.schedule(ms > 5_000 ? 50 : ms, task),
    }
    const events: AnyEvent[] = []
    const open = async (keepAlive?: boolean): Promise<Evergrant> => {
      const evergrant = await openEvergrant(
        {
          config: world.configPath,
          env: {},
          onEvent: (event) => events.push(event),
          ...(keepAlive === undefined ? {} : { keepAlive }),
        },
        { clock: hasty },
      )
      opened.push(() => evergrant.close())
      return evergrant
    }
    const node = await compose({ configPath: world.configPath, env: {}, role: 'main' })
    opened.push(() => node.close())
    const [tenant] = await letCome(node, 1)
    const idle = await open(false)
    await idle.close()
    expect(events).toEqual([])
    await open()
    await vi.waitFor(
      () =>
        expect(events).toContainEqual(
          expect.objectContaining({ type: 'grant.kept_alive', tenant }),
        ),
      15_000,
    )
  })
})
