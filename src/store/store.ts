import type { AuditStore, ConsoleStore, SessionStore } from '../access/index.ts'
import type { CallerStore } from '../access/ports.ts'
import type { LinkStore } from '../consent/index.ts'
import type { ConsentStore } from '../consent/ports.ts'
import type { ActivityStore } from '../activity/ports.ts'
import type { AlarmStore } from '../alarms/ports.ts'
import type { AccountStore, DirectoryStore, PeopleStore } from '../directory/index.ts'
import type { FacadeStore, TraceStore } from '../gateway/ports.ts'
import type { ConnectionStore, GrantStore } from '../grants/ports.ts'
import type { RunStore, ScheduleStore } from '../imports/ports.ts'
import type { Clock, ProcessOwner } from '../kernel/index.ts'

/**
 * What a generation counts: changes to grants, to their token slots, to import runs, to the
 * connections kept in the store, to keys and live nodes, to callers, to what bodies are captured
 * of, to façades, to what is decided about accounts here (not their import), to sessions, or to
 * attempts to obtain consent.
 */
export type GenerationTopic =
  | 'grants'
  | 'slots'
  | 'runs'
  | 'connections'
  | 'keys'
  | 'callers'
  | 'captures'
  | 'facades'
  | 'accounts'
  | 'sessions'
  | 'consents'

/** No topic has changed yet; every topic, in the order in which changes are told. */
export const noGenerations: Generations = {
  grants: 0,
  slots: 0,
  runs: 0,
  connections: 0,
  keys: 0,
  callers: 0,
  captures: 0,
  facades: 0,
  accounts: 0,
  sessions: 0,
  consents: 0,
}

/** How often each topic has changed since the store was made; every counter only grows. */
export type Generations = Readonly<Record<GenerationTopic, number>>

/** Topics that changed, with their counters after the change. */
export interface GenerationChange {
  readonly topics: readonly GenerationTopic[]
  readonly generations: Generations
}

/**
 * What a connection is for. `main` shares its thread with the HTTP server: it never blocks on a
 * lock and never checkpoints by itself. `bulk` belongs to a worker thread: it may block for a
 * moment, checkpoints, and leaves other writers a gap after each commit.
 */
export type StoreRole = 'main' | 'bulk'

/** A node that has not beaten for so long is taken for dead (ms). */
export const nodeLeaseMs = 30_000

/** For how long a node that died without leaving is remembered (ms): a day. */
export const nodeMemoryMs = 86_400_000

/** A process that has the store open, as it says of itself. */
export interface NodeRecord {
  readonly owner: ProcessOwner
  /** Ids of the keys it can open sealed values with. */
  readonly keyIds: readonly string[]
  /** The key it seals with. */
  readonly sealsWith: string
  readonly startedAt: number
  readonly beatAt: number
}

/** How far re-sealing has come. */
export interface ResealPage {
  /** Values sealed anew with the sealing key in this step. */
  readonly resealed: number
  /** Values that no key of this ring opens; they were left as they are. */
  readonly unopened: number
  /** Where to go on; undefined at the end. */
  readonly next: string | undefined
}

/** Keys across the processes that share a store. */
export interface KeyStore {
  /**
   * Says that a node lives, and which keys it has. Returns the id of the key that every node shall
   * seal with.
   */
  beat(node: Omit<NodeRecord, 'startedAt' | 'beatAt'>, now: number): Promise<string>
  /** Takes a node off the list. Idempotent. */
  leave(instanceId: string): Promise<void>
  /** Nodes that have beaten since `since`. */
  listNodes(since: number): Promise<readonly NodeRecord[]>
  /** The key that every node shall seal with. */
  sealingKey(): Promise<string>
  /**
   * Names another sealing key, and keeps a check value of it.
   *
   * @throws `key_missing` when this process's ring does not hold it.
   */
  setSealingKey(keyId: string): Promise<void>
  /** How many sealed values each key has sealed, check values left out. */
  countByKey(): Promise<ReadonlyMap<string, number>>
  /**
   * Seals up to `limit` values anew that another key sealed, each by compare-and-swap on its bytes,
   * so that a value written meanwhile is never set back.
   */
  reseal(after: string | undefined, limit: number): Promise<ResealPage>
  /**
   * Forgets the check value of a key that seals nothing any more, so that it may leave the rings. A
   * forgotten key seals again only after `setSealingKey`.
   *
   * @throws `key_in_use` when it is the sealing key or still seals a value.
   */
  forgetKey(keyId: string): Promise<void>
}

/** An open store. One connection, for one thread; every process opens its own. */
export interface Store {
  readonly kind: 'sqlite' | 'postgres'
  /** Where it is, for messages: the file, absolute, or the database’s address without password. */
  readonly place: string
  /**
   * StoreClock: the time all processes of this store agree on. The server’s clock for PostgreSQL,
   * carried by the monotonic clock between measurements; the host’s for SQLite.
   */
  readonly clock: Clock
  readonly grants: GrantStore
  readonly connections: ConnectionStore
  readonly keys: KeyStore
  readonly runs: RunStore
  readonly directory: DirectoryStore
  readonly accounts: AccountStore
  readonly people: PeopleStore
  readonly callers: CallerStore
  readonly sessions: SessionStore
  readonly consents: ConsentStore
  readonly links: LinkStore
  readonly traces: TraceStore
  readonly facades: FacadeStore
  readonly alarms: AlarmStore
  readonly activity: ActivityStore
  readonly schedules: ScheduleStore
  readonly console: ConsoleStore
  readonly audit: AuditStore
  /** Reads the generations as they are now. */
  readGenerations(): Promise<Generations>
  /**
   * Calls `listener` within a second of any change another connection commits. Changes of this
   * connection do not wake it, but may be part of what is reported. The returned function ends the
   * watch; closing the store ends every watch.
   */
  watchGenerations(listener: (change: GenerationChange) => void): () => void
  /**
   * Moves what has been committed from the log into the database file, as far as readers allow, and
   * empties the log when it can. Does nothing where the database does so by itself.
   */
  checkpoint(): Promise<void>
  /** Closes the connection. Idempotent; every other method throws `store_unavailable` after it. */
  close(): Promise<void>
}
