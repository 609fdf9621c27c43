import {
  createGrantEngine,
  type ConnectionDefinition,
  type ConnectionHandle,
  type GrantEngine,
  type GrantEvent,
  type GrantStore,
  type TokenGrant,
} from '../../src/grants/index.ts'
import {
  createManualClock,
  EvergrantError,
  Secret,
  systemRandom,
  type AccessToken,
  type ManualClock,
  type ProcessIdentity,
  type RandomBytes,
  type Result,
} from '../../src/kernel/index.ts'
import { createEntraProvider, createOAuth2Provider } from '../../src/oauth/index.ts'
import {
  createFakeTokenEndpoint,
  createRotatingEndpoint,
  type FakeTokenEndpoint,
  type RotatingEndpoint,
  type RotationRules,
} from './fake-token-endpoint.ts'
import { createMemoryGrantStore, type MemoryGrantStore } from './memory-grant-store.ts'

export const minute = 60_000
export const hour = 60 * minute

const tenant = '11111111-2222-3333-4444-555555555555'

/** An engine over fakes: manual clock, store in memory, token endpoint without a socket. */
export interface EngineFixture {
  readonly clock: ManualClock
  readonly store: MemoryGrantStore
  readonly endpoint: FakeTokenEndpoint
  readonly events: GrantEvent[]
  /** The client secret as the connection reads it. */
  secret: string
  /** A new engine on the same store, as another process would have it. */
  engine(change?: Partial<ConnectionDefinition>): GrantEngine
  /** The only connection of a new engine. */
  connect(change?: Partial<ConnectionDefinition>): ConnectionHandle
  eventTypes(): string[]
}

/** Makes the fixture of one test. */
export function createEngineFixture(): EngineFixture {
  const clock = createManualClock()
  const store = createMemoryGrantStore()
  const endpoint = createFakeTokenEndpoint(clock)
  const events: GrantEvent[] = []
  const fixture: EngineFixture = {
    clock,
    store,
    endpoint,
    events,
    secret: 'planted-secret-value',
    engine: (change = {}) => {
      const definition: ConnectionDefinition = {
        name: 'contoso-graph',
        provider: createEntraProvider({ tenant }),
        clientId: 'client-1',
        credentials: [
          { kind: 'secret', method: 'client_secret_post', read: () => new Secret(fixture.secret) },
        ],
        grant: 'client_credentials',
        target: { resource: 'https://graph.microsoft.com' },
        version: '1',
        ...change,
      }
      return createGrantEngine({
        store,
        clock,
        fetch: endpoint.fetch,
        emit: (event) => events.push(event),
        random: testRandom,
        identity: processIdentity(),
        connections: [definition],
      })
    },
    connect: (change) => fixture.engine(change).connection('contoso-graph'),
    eventTypes: () => events.map((event) => event.type),
  }
  return fixture
}

/**
 * Chance that makes every pause as long as it can be, and every id another one: a chance of two
 * bytes is a pause, longer ones are ids.
 */
export const testRandom: RandomBytes = (length) =>
  length === 2 ? new Uint8Array(length).fill(255) : systemRandom(length)

/** A process that is visible to all others of the fixture; dead ones are named by pid. */
export function processIdentity(pid = 1, dead: ReadonlySet<number> = new Set()): ProcessIdentity {
  return {
    bootId: 'boot',
    pidNamespace: 'pids',
    pid,
    processStart: 'start',
    startOf: (other) => (dead.has(other) ? undefined : 'start'),
  }
}

/** The grant of a success; throws a refusal. */
export function granted(result: Result<TokenGrant, EvergrantError>): TokenGrant {
  if (!result.ok) throw result.error
  return result.value
}

/** The error of a refusal; throws when there is none. */
export function refused(result: Result<TokenGrant, EvergrantError>): EvergrantError {
  if (result.ok) throw new Error('expected a refusal')
  return result.error
}

/** The token itself. */
export function textOf(token: AccessToken | undefined): string | undefined {
  return token?.secret.reveal()
}

/**
 * A moment at which a process may die or stall, or its store may fail; `send` is when a request is
 * about to be made, `fetch:before` when nothing can hold it back any more.
 */
export type Moment = `${keyof GrantStore | 'fetch'}:${'before' | 'after'}` | 'send:before'

/** One engine as a process of its own. */
export interface EngineNode {
  readonly engine: GrantEngine
  readonly events: GrantEvent[]
  readonly connection: ConnectionHandle
  eventTypes(): string[]
  /** The process is gone: nothing it does goes on, and others can see that. */
  kill(): void
  /** Kills the process as soon as it comes to that moment; resolves when it has. */
  killAt(moment: Moment): Promise<void>
  /** Stops the whole process at that moment until it is woken; its clocks go on. */
  stallAt(moment: Moment): { readonly reached: Promise<void>; wake(): void }
  /** Lets the store fail at these moments from now on; none by default. */
  failAt(moments: readonly Moment[]): void
}

/** Several engines on one store and one provider that rotates refresh tokens. */
export interface Cluster {
  readonly clock: ManualClock
  readonly store: MemoryGrantStore
  readonly endpoint: RotatingEndpoint
  /** Starts a process, on the one machine of all unless its identity says otherwise. */
  node(
    change?: Partial<ConnectionDefinition>,
    identity?: Partial<ProcessIdentity>,
  ): Promise<EngineNode>
  /** Gives the connection its first refresh token, `rt-1`. */
  consent(): Promise<void>
  /** Moves time on until the work is done, at most two minutes. */
  settle<T>(work: Promise<T>): Promise<T>
}

/** Makes a cluster; every node is visible to all others. */
export function createCluster(rotation: RotationRules): Cluster {
  const clock = createManualClock()
  const store = createMemoryGrantStore()
  const endpoint = createRotatingEndpoint(clock, rotation)
  const dead = new Set<number>()
  let pids = 0
  const provider = createOAuth2Provider({
    tokenEndpoint: 'https://as.example/token',
    revocationEndpoint: 'https://as.example/revoke',
    rotation,
  })
  return {
    clock,
    store,
    endpoint,
    consent: async () => {
      const key = { connection: 'csp', tenant: '', subject: '' }
      const { id } = await store.addCandidate(key, { secret: new Secret('rt-1') }, clock.now())
      await store.activateCandidate(id, 'someone', clock.now())
    },
    node: async (change = {}, identity = {}) => {
      const pid = ++pids
      const events: GrantEvent[] = []
      let fatal: { readonly at: Moment; readonly reach: () => void } | undefined
      let failing: readonly Moment[] = []
      let stall: { at: Moment; reach: () => void; over: Promise<void> } | undefined
      let frozen: Promise<void> | undefined
      const kill = (): void => {
        dead.add(pid)
      }
      const come = async (moment: Moment): Promise<void> => {
        if (moment === fatal?.at) {
          kill()
          fatal.reach()
        }
        if (dead.has(pid)) await new Promise(() => {})
        if (moment === stall?.at) {
          const { over, reach } = stall
          stall = undefined
          frozen = over.finally(() => {
            frozen = undefined
          })
          reach()
        }
        await frozen
        if (dead.has(pid)) await new Promise(() => {})
        if (failing.includes(moment)) throw new EvergrantError('store_unavailable', 'test')
      }
      const engine = createGrantEngine({
        store: store.as((call, phase) => come(`${call}:${phase}`)),
        clock: {
          ...clock,
          sleep: async (milliseconds, options) => {
            await clock.sleep(milliseconds, options)
            await frozen
          },
          schedule: (milliseconds, task) => {
            let isCancelled = false
            const run = (): void => {
              if (!isCancelled) task()
            }
            const cancel = clock.schedule(milliseconds, () => {
              if (frozen === undefined) run()
              else void frozen.then(run)
            })
            return () => {
              isCancelled = true
              cancel()
            }
          },
        },
        fetch: async (input, init) => {
          await come('fetch:before')
          // Timers that fell due while the process stood still come before anything is sent.
          await turn()
          init?.signal?.throwIfAborted()
          const response = await endpoint.fetch(input, init)
          await come('fetch:after')
          return response
        },
        emit: (event) => events.push(event),
        random: testRandom,
        identity: { ...processIdentity(pid, dead), ...identity },
        connections: [
          {
            name: 'csp',
            provider: {
              ...provider,
              server: async (transport) => {
                await come('send:before')
                return provider.server(transport)
              },
            },
            clientId: 'client-1',
            credentials: [],
            grant: 'authorization_code',
            target: { resource: 'https://one.example' },
            targets: new Map([['two', { resource: 'https://two.example' }]]),
            version: '1',
            ...change,
          },
        ],
      })
      const [name = ''] = engine.names
      // Reads the credentials, which takes real time once.
      if ((await store.findGrant({ connection: name, tenant: '' })) !== undefined) {
        await engine.status(name)
      }
      return {
        engine,
        events,
        connection: engine.connection(name),
        eventTypes: () => events.map(({ type }) => type),
        kill,
        killAt: (at) => {
          const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
          fatal = { at, reach }
          return reached
        },
        stallAt: (at) => {
          const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
          const { promise: over, resolve: wake } = Promise.withResolvers<void>()
          stall = { at, reach, over }
          return { reached, wake }
        },
        failAt: (moments) => {
          failing = moments
        },
      }
    },
    settle: async (work) => {
      const progress = { isDone: false }
      const watch = (): void => {
        progress.isDone = true
      }
      work.then(watch, watch)
      await turn()
      for (let waited = 0; waited < 2 * minute && !progress.isDone; waited += 25) {
        await clock.advance(25)
        await turn()
      }
      if (!progress.isDone) throw new Error('still not done after two minutes')
      return work
    },
  }
}

/** Lets everything happen that needs no time. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
