/** What kind of actor did something. `evergrant`: the service by itself. */
export type AuditActorKind = 'key' | 'session' | 'console' | 'command' | 'evergrant'

/** Something that was done, or that somebody was refused; never changed once it is written. */
export interface AuditEntry {
  /** `aud_…` */
  readonly id: string
  readonly at: number
  /** Who, as records name them: of bearers with their id. */
  readonly actor: string
  readonly actorKind: AuditActorKind
  /** An operation of the API, `console.…`, or the type of an event. */
  readonly action: string
  /** What it was done to; empty where there is only one. */
  readonly target: string
  readonly connection?: string
  readonly outcome: 'done' | 'refused'
  /** Of a refusal. */
  readonly code?: string
  /** How it stood before, as JSON without secrets. */
  readonly before?: string
  readonly after?: string
  readonly requestId?: string
}

/** Which entries are asked for. */
export interface AuditQuery {
  readonly limit: number
  /** Older than that entry. */
  readonly after?: string
  readonly actor?: string
  readonly action?: string
  readonly target?: string
  readonly connection?: string
  /** At that instant or later, and before that one (epoch ms). */
  readonly since?: number
  readonly before?: number
}

/** Where the record stands. Entries can be added and read; the database refuses anything else. */
export interface AuditStore {
  addEntry(entry: AuditEntry): Promise<void>
  /** A page, the newest first. */
  listEntries(query: AuditQuery): Promise<readonly AuditEntry[]>
}
