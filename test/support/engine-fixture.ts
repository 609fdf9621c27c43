import {
  createGrantEngine,
  type ConnectionDefinition,
  type ConnectionHandle,
  type GrantEngine,
  type GrantEvent,
  type TokenGrant,
} from '../../src/grants/index.ts'
import {
  createManualClock,
  Secret,
  systemRandom,
  type AccessToken,
  type EvergrantError,
  type ManualClock,
  type ProcessIdentity,
  type RandomBytes,
  type Result,
} from '../../src/kernel/index.ts'
import { createEntraProvider } from '../../src/oauth/index.ts'
import { createFakeTokenEndpoint, type FakeTokenEndpoint } from './fake-token-endpoint.ts'
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
