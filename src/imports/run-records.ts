import type { CollectionName } from '../directory/index.ts'
import type { Problem, ProcessOwner } from '../kernel/index.ts'
import type { Concurrency } from './cursor-count.ts'

/** The life of a run. `running` and `waiting` are live: a process owns the run and beats for it. */
export type RunState = 'running' | 'waiting' | 'interrupted' | 'completed' | 'failed' | 'cancelled'

/** How much of the collection a finished run holds. */
export type Verdict = 'complete' | 'complete_with_drift' | 'incomplete'

/** What was asked of a run, resolved once at its start and kept, so that a resume asks the same. */
export interface RunOptions {
  readonly connection: string
  readonly tenantId: string
  /** Origin and version root of Graph, e.g. `https://graph.microsoft.com/v1.0`. */
  readonly graphUrl: string
  readonly collections: readonly CollectionName[]
  /**
   * `store`, `ndjson:/absolute/dir`, `csv:/absolute/dir`, `sqlite:/absolute/file` or
   * `postgres://user@host/database`; never with a password.
   */
  readonly destination: string
  /** Columns per collection, in order. */
  readonly columns: Readonly<Partial<Record<CollectionName, readonly string[]>>>
  readonly filter?: string
  /**
   * True to read only what has changed since the last completed run of the same name, where that
   * can be told and is not too much; everything otherwise.
   */
  readonly delta?: boolean
  readonly pageSize: number
  /**
   * Cursors that read a collection at the same time, 1 to 32; `auto` for as many as are worth it.
   * Absent: one. Matters until a collection is planned, and not to whether two requests are equal.
   */
  readonly concurrency?: Concurrency
  /** A token with less remaining life than this is renewed before the next request. */
  readonly refreshBeforeMs: number
  /** `complete` publishes snapshots only for a complete verdict; `partial` always. */
  readonly publish: 'complete' | 'partial'
  /** Present for `csv:` alone. */
  readonly csv?: CsvOptions
  /**
   * Present for `store` alone: the greatest share of the known rows of a collection, 0 to 1, that a
   * complete run may mark as deleted. Absent (runs of older releases): 0.1.
   */
  readonly deleteAtMost?: number
  /** What of the rows is not written as it came; absent: nothing. */
  readonly policy?: ColumnPolicy
}

/** What becomes of columns that are nobody's business at the destination. */
export interface ColumnPolicy {
  /** Not asked for at all, and so not among `columns`. */
  readonly dropped: readonly string[]
  /** Replaced by keyed hashes before anything is written. */
  readonly hashed: readonly string[]
  /** Names the key without telling anything of it; absent when nothing is hashed. */
  readonly keyPrint?: string
}

/** How CSV files are written. */
export interface CsvOptions {
  readonly header: boolean
  /** One character. */
  readonly delimiter: string
  readonly bom: boolean
}

/** The process that drives a run; tells whether it still lives. */
export interface RunOwner extends ProcessOwner {
  /**
   * A run of a service that dies or stops is gone on with by any service; one of a command is left
   * to whoever typed it. Absent in what older releases wrote, which counts as a command.
   */
  readonly driver?: 'service' | 'command'
  /** Name of its host, for people. */
  readonly host?: string
  /** Present when this owner went on with what another one left. */
  readonly takenOver?: TakeOverCount
}

/** What tells whether taking a run over again is of any use. */
export interface TakeOverCount {
  /** How many owners died in a row, no page having been committed in between. */
  readonly times: number
  /** Pages that were committed by then. */
  readonly pages: number
}

/** Counters of a run; they only grow, also across resumes. */
export interface RunTotals {
  /**
   * Rows received. A row met twice counts twice when a walk starts over, or when it moved from one
   * part to another; what is read again of a giant, since it was cut or a part of it differed,
   * counts once.
   */
  readonly rows: number
  readonly pages: number
  readonly requests: number
  /** Token changes met after the first token. */
  readonly refreshes: number
  readonly retries: number
  readonly bytes: number
  /** Milliseconds spent driving the run, in all its sessions. */
  readonly activeMs: number
  /** Milliseconds in which at least one request waited to be sent again. */
  readonly waitedMs: number
  /** Resource units of what was sent: as Graph told them, else as its price list has them. */
  readonly units: number
  /** Requests that Graph throttled. */
  readonly throttled: number
  /** Milliseconds in which nothing was sent, as Graph had asked. */
  readonly pausedMs: number
  /** Rows of the store marked as deleted, since a complete run had not met them. */
  readonly deleted: number
}

/** A run as stored. */
export interface RunRecord {
  readonly id: string
  readonly name: string
  /** Small number of the run within its store; marks the rows it has seen. */
  readonly sequence: number
  readonly options: RunOptions
  readonly state: RunState
  /** Why the run is in that state, for people: what it waits for, what interrupted it. */
  readonly reason?: string
  readonly verdict?: Verdict
  readonly problem?: Problem
  readonly owner?: RunOwner
  readonly heartbeatAt: number
  /** What someone asked of the run; the owner obeys after its current page. */
  readonly requested?: 'stop' | 'cancel'
  readonly createdAt: number
  readonly updatedAt: number
  readonly finishedAt?: number
  readonly totals: RunTotals
}

/** How a collection is read, decided once before its first page; a resume reads it the same way. */
export interface CollectionPlan {
  /** Cursors that read at the same time. */
  readonly cursors: number
  /** Why so many, for people. */
  readonly why: string
}

/** A link of Graph behind which it tells what has changed since. */
export interface DeltaPlace {
  readonly link: string
  /** When Graph gave it (epoch ms). */
  readonly takenAt: number
}

/** Sources whose edges are read anew, as a round names them. */
export interface PendingSources {
  readonly changed: readonly string[]
  /** Said to be gone, and by no page to have changed. */
  readonly removed: readonly string[]
  /** The next page of edges, by source, of those that are read in part. */
  readonly places?: Readonly<Record<string, string>>
}

/** What a run knows of the changes to a collection. */
export interface DeltaRecord {
  /**
   * `bracket`: the changes met while several cursors read are applied when they are done. `since`:
   * the changes since an earlier run are applied, and nothing else is read. `next`: they are left
   * to a later run.
   */
  readonly purpose: 'bracket' | 'since' | 'next'
  /** `lost`: Graph does not tell what has changed, or it is too much; `note` says why. */
  readonly state: 'open' | 'applied' | 'lost'
  /** Where the changes begin; absent when Graph gave no link. */
  readonly begin?: DeltaPlace
  /**
   * Brackets alone. True: they begin where an earlier run had ended, so that they tell as well what
   * the index of advanced queries had not learned when the cursors began.
   */
  readonly isEarlier?: boolean
  /** With `isEarlier`: a link taken just before the cursors began, for when the earlier is lost. */
  readonly fallback?: DeltaPlace
  /** Brackets alone: why they do not begin where an earlier run had ended. */
  readonly notEarlier?: string
  /**
   * An index held what was read then, or what this was added to, and no link from well before told
   * what that index had not learned: an hour later everything is read once more.
   */
  readonly unsettledAt?: number
  /** Rows that were confirmed to be gone before the link of an earlier run was lost. */
  readonly goneBefore?: number
  /** Where the next changes begin; present once these are applied. */
  readonly end?: DeltaPlace
  /** Brackets alone: where the round begins that is read now, when it is not the first. */
  readonly from?: DeltaPlace
  /** Columns whose changes the link tells; absent in what older releases wrote: the run's own. */
  readonly tells?: readonly string[]
  /** Columns of the run that the link leaves out: an object of which only these change is not named. */
  readonly untold?: readonly string[]
  /** The page of the round to read next; absent before the first and after the last. */
  readonly nextUrl?: string
  readonly pages: number
  /** Objects that Graph named, one named twice counting twice; older releases did not keep it. */
  readonly named?: number
  /** Objects read anew, of edges: sources; one met twice counting twice. */
  readonly changed: number
  /**
   * Objects, of edges sources, that were confirmed to be gone. One counts once, however often that
   * is told; told again after a resume it counts once more.
   */
  readonly gone: number
  /** Objects named that Graph says are there, but does not list, and the ids of the first of them. */
  readonly unlisted?: { readonly count: number; readonly ids: readonly string[] }
  /** Edges only: sources that the pages up to this place name, and that are not settled yet. */
  readonly pending?: PendingSources
  /** Edges only: sources that changed, but whose edges Graph did not show; they stay as known. */
  readonly unshown?: number
  /** Edges only: the verdict of the run whose rows the changes were added to. */
  readonly base?: Verdict
  readonly note?: string
}

/** What reading a collection has cost, counted as in `RunTotals`. */
export interface CollectionEffort {
  readonly requests: number
  readonly units: number
  readonly throttled: number
  readonly pausedMs: number
  readonly waitedMs: number
  readonly retries: number
  readonly refreshes: number
  readonly bytes: number
  readonly activeMs: number
  /** Fewest requests in flight the pacer went down to, in the session that read its end. */
  readonly fewestSlots?: number
}

/** What a run knows of one collection as a whole. */
export interface CollectionRecord {
  readonly runId: string
  readonly collection: CollectionName
  /** Undefined until the walks of the collection are there. */
  readonly plan?: CollectionPlan
  /** What has changed while it was read, or since; undefined where no run will ask. */
  readonly delta?: DeltaRecord
  /** File and table destinations: rows they hold of it, repeats included. */
  readonly writtenRows: number
  /** File destinations: bytes of the segment that are safe on disk. */
  readonly segmentBytes: number
  /** File destinations: name of the file that holds them, written by one owner of the run alone. */
  readonly segment?: string
  /** Columns that Graph refused to give with the list: not asked for any more, and empty. */
  readonly refusedColumns?: readonly string[]
  /** `$count` before the walks and after them. */
  readonly countBefore?: number
  readonly countAfter?: number
  /** Distinct ids, known when every walk is finished and verified. */
  readonly distinctRows?: number
  /** The verdict of this collection, once it is judged, and what it rests on. */
  readonly verdict?: Verdict
  readonly detail?: string
  /** What reading it has cost; there once it is judged. */
  readonly effort?: CollectionEffort
  /**
   * Rows that were handed over once more, while the collection is being made visible: readers see
   * none of them before all are.
   */
  readonly publishedRows?: number
  /** Rows that were marked as deleted: not met, or confirmed to be gone. */
  readonly deleted?: number
  /** Of these, edges that were known before this run and went with their sources while it read them. */
  readonly goneWithSources?: number
  /** Why rows that were not met were left as they are, where that needs to be known. */
  readonly deletionNote?: string
}

/** Where one cursor of a collection stands. */
export interface WalkRecord {
  readonly runId: string
  readonly collection: CollectionName
  readonly shard: number
  /** What this walk reads of the collection, as an OData clause; undefined: all of it. */
  readonly filter?: string
  /** The same for people: `a`, `b–d`, `the rest`. */
  readonly label?: string
  /** Rows counted when the walk was planned. */
  readonly expected?: number
  readonly state: 'walking' | 'finished'
  /** The URL to request next; undefined before the first page and after the last. */
  readonly nextUrl?: string
  readonly pages: number
  readonly rows: number
  readonly restarts: number
  /**
   * Edges only. `nextUrl` is then the page of the list of their sources (groups, directory roles)
   * that is being gone through, and this the source of that page up to which everything is
   * committed: its members up to `nextUrl`, of which `rows` were read, or all of them when it has
   * none. Undefined: nothing of that page is.
   */
  readonly group?: { readonly id: string; readonly nextUrl?: string; readonly rows?: number }
  /**
   * Edges only: the one source whose edges this walk reads, from its second pages on, so that a
   * giant holds up nobody. `nextUrl` is then the page of its edges.
   */
  readonly only?: string
  /** With `only`: rows of that source that were read before this walk began. */
  readonly rowsBefore?: number
  /** With `only`: so many of its first rows other walks had brought before, and they count there. */
  readonly repeats?: number
  /**
   * With `only`: the type of the edges' ends that this walk reads, as a part of that source, and of
   * those what `filter` finds. Rows of such a part come without their type.
   */
  readonly cast?: string
  /** With `cast`: Graph refused pages of it, so that it ended before its last one. */
  readonly isShort?: boolean
  /**
   * With `only`: walks of parts read its edges, and this one waits for them to compare what they
   * brought with Graph's counts. Once that has failed it reads all of them itself.
   */
  readonly split?: {
    /** How often parts were read again. */
    readonly rounds: number
    readonly hasFailed?: boolean
  }
  /**
   * Edges: sources that were read to their end, vanished ones left out. Managers: users that were
   * looked at.
   */
  readonly groups?: number
  /** Edges only: sources that were listed, but were gone when they were asked for. */
  readonly vanishedGroups?: number
  /** Edges only: sources whose edges Graph refused to show, though it showed others'. */
  readonly hiddenGroups?: number
}

/** A collection and its cursors, as far as they changed. */
export interface Progress {
  readonly collection: CollectionRecord
  readonly walks: readonly WalkRecord[]
}

/** Rows of one page, still as the bytes they came in. */
export interface PageRows {
  readonly length: number
  readonly ids: readonly string[]
  /** The row's JSON, holding exactly the selected properties. */
  json(index: number): string
  /** The same as UTF-8, where it can be had without making a text of it first. */
  bytes?(index: number): Uint8Array
}
