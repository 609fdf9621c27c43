import { systemClock, type Clock } from '../kernel/index.ts'
import { operationTable, type Operations } from './api-types.ts'
import { createCredential, type ClientCredential } from './credential.ts'
import { followEvents, type EventOptions, type ServiceEvent } from './events.ts'
import { createSender, type CallOptions, type ClientOptions, type OperationId } from './send.ts'

type NounOf<Id> = Id extends `${infer N}.${string}` ? N : never
type Noun = NounOf<OperationId>
type VerbOf<N extends Noun> =
  Extract<OperationId, `${N}.${string}`> extends infer Id
    ? Id extends `${N}.${infer Verb}`
      ? Verb
      : never
    : never

/** Fields that must be given. */
type NeededBy<Input> = {
  [Field in keyof Input]-?: undefined extends Input[Field] ? never : Field
}[keyof Input]

/** An operation as a method; one that needs nothing may be called with nothing. */
export type ClientMethod<Id extends OperationId> = [NeededBy<Operations[Id]['input']>] extends [
  never,
]
  ? (input?: Operations[Id]['input'], options?: CallOptions) => Promise<Operations[Id]['result']>
  : (input: Operations[Id]['input'], options?: CallOptions) => Promise<Operations[Id]['result']>

/** Every operation of the API, by noun and verb: `client.connections.show({ address })`. */
export type ClientOperations = {
  readonly [N in Exclude<Noun, 'events'>]: {
    readonly [V in VerbOf<N>]: `${N}.${V}` extends OperationId ? ClientMethod<`${N}.${V}`> : never
  }
}

/** Operations that answer in pages. */
export type ListId = {
  [Id in OperationId]: Operations[Id]['result'] extends { readonly items: readonly unknown[] }
    ? Id
    : never
}[OperationId]

/** A service of Evergrant, as another program uses it. */
export type Client = ClientOperations & {
  /** One operation by its id: `call('connections.show', { address })`. */
  call<Id extends Exclude<OperationId, 'events.stream'>>(
    id: Id,
    input: Operations[Id]['input'],
    options?: CallOptions,
  ): Promise<Operations[Id]['result']>
  /** Every item of a list, page by page, each page fetched when it is needed. */
  paged<Id extends ListId>(
    id: Id,
    input?: Omit<Operations[Id]['input'], 'cursor'>,
    options?: CallOptions,
  ): AsyncGenerator<
    Operations[Id]['result'] extends { readonly items: readonly (infer Item)[] } ? Item : never
  >
  /** Follows the events of the node that answers, across its restarts. */
  events(options?: EventOptions): AsyncGenerator<ServiceEvent>
  /**
   * A connection of the service as Azure’s `TokenCredential`; the caller key needs its permit and
   * raw tokens.
   */
  credential(address: string, options?: { readonly upstream?: string }): ClientCredential
}

/**
 * Makes a client of a service. Nothing is sent before the first call; safe for any number of calls
 * at once. Problems of the service are thrown as `EvergrantProblem`; what `fetch` throws is thrown
 * as it is. Runs wherever there is `fetch`, browsers included.
 */
export function createClient(options: ClientOptions): Client {
  return createClientWith(options, systemClock)
}

/** `createClient` with a clock of the caller’s own, for tests. */
export function createClientWith(
  options: ClientOptions,
  clock: Pick<Clock, 'now' | 'sleep'>,
): Client {
  const sender = createSender(options)
  const nouns: Record<string, Record<string, unknown>> = {}
  for (const id of Object.keys(operationTable) as OperationId[]) {
    const [noun = '', verb = ''] = id.split('.')
    if (noun === 'events') continue
    nouns[noun] = {
      ...nouns[noun],
      [verb]: (input: never = {} as never, wish?: CallOptions) => sender.call(id, input, wish),
    }
  }
  const paged = async function* (
    id: ListId,
    input: object = {},
    wish?: CallOptions,
  ): AsyncGenerator {
    let cursor: string | null = null
    do {
      const asked = { ...input, ...(cursor === null ? {} : { cursor }) }
      const page: { readonly items: readonly unknown[]; readonly next: string | null } =
        await sender.call(id, asked, wish)
      yield* page.items
      cursor = page.next
    } while (cursor !== null)
  }
  return {
    ...nouns,
    call: sender.call,
    paged,
    events: (wish: EventOptions = {}) => followEvents(sender, clock, wish),
    credential: (address: string, { upstream }: { readonly upstream?: string } = {}) =>
      createCredential(sender, clock, address, upstream),
  } as unknown as Client
}
