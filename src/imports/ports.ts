import type { EdgeKind, Membership, ObjectKind, RowKind } from '../directory/index.ts'
import type { AccessToken, EvergrantError, Problem, Result } from '../kernel/index.ts'
import type { LogEntry, LogLine } from './execution-log.ts'
import type {
  RunState,
  Verdict,
  RunOptions,
  RunOwner,
  RunTotals,
  RunRecord,
  CollectionRecord,
  WalkRecord,
  Progress,
  PageRows,
} from './run-records.ts'

export type { LogBody, LogEntry, LogLine } from './execution-log.ts'
export type * from './run-records.ts'
export type { ScheduleRecord, ScheduleStore } from './schedule-store.ts'

/** Everything some pages change; committed as one transaction. */
export interface PageCommit {
  readonly runId: string
  readonly instanceId: string
  readonly now: number
  /** The cursors that moved. */
  readonly walks: readonly WalkRecord[]
  /** Present where the destination keeps something in it. */
  readonly collection?: CollectionRecord
  readonly totals: RunTotals
  readonly log: readonly LogEntry[]
  /** Present when the rows go to the store itself. */
  readonly rows?: {
    readonly tenantId: string
    readonly kind: ObjectKind
    readonly sequence: number
    readonly page: PageRows
  }
  /** Present when edges go to the store itself. One that stands twice is one. */
  readonly edges?: {
    readonly tenantId: string
    readonly kind: EdgeKind
    readonly sequence: number
    readonly edges: readonly Membership[]
  }
  /**
   * Present when the edges of these sources are about to be read anew: what was met of them under
   * that sequence does not count as met any more. Comes before `edges` and `gone`.
   */
  readonly unmet?: EdgeSources
  /**
   * Present when rows of the store are known to be gone: these objects, or the memberships of these
   * groups that the run of that sequence has not met. They are marked as deleted, do not count as
   * met any more, and are added to `deleted` of the run's totals.
   */
  readonly gone?: {
    readonly tenantId: string
    readonly kind: RowKind
    readonly sequence: number
    readonly ids: readonly string[]
  }
}

/** Sources whose edges a run reads anew. */
export interface EdgeSources {
  readonly tenantId: string
  readonly kind: EdgeKind
  readonly sequence: number
  readonly ids: readonly string[]
}

/** What a page has done to rows that were there before. */
export interface PageOutcome {
  /** Live rows that were marked as deleted. */
  readonly deleted: number
}

/** One step in listing what a run has not met. */
export interface UnseenQuery {
  readonly tenantId: string
  readonly kind: ObjectKind
  readonly sequence: number
  /** About how many rows to look at in this step. */
  readonly limit: number
  /** Where the step before left off; undefined for the first. */
  readonly after?: string
}

/** One step in marking what a complete run has not met as deleted. */
export interface SweepStep {
  readonly runId: string
  readonly instanceId: string
  readonly now: number
  readonly tenantId: string
  readonly kind: RowKind
  readonly sequence: number
  /** About how many rows to look at in this step. */
  readonly limit: number
  /** Where the step before left off; undefined for the first. */
  readonly after?: string
}

/** Changes to a run; absent members stay as they are, null ones are cleared. */
export interface RunChange {
  readonly state?: RunState
  readonly reason?: string | null
  readonly verdict?: Verdict
  readonly problem?: Problem | null
  readonly finishedAt?: number
  readonly totals?: RunTotals
  /** Gives the run up: no owner, no heartbeat. */
  readonly release?: boolean
  /** Another process writes in the name of an owner that is gone: it is no sign of its life. */
  readonly isFromOutside?: boolean
}

/** Pages through runs, newest first. */
export interface RunQuery {
  readonly limit: number
  readonly name?: string
  readonly state?: RunState
  /** Only runs older than the one of this id. */
  readonly beforeId?: string
}

/** What a heartbeat brings back. */
export interface Heartbeat {
  /** False when another process has claimed the run: stop at once, write nothing. */
  readonly isOwner: boolean
  readonly requested?: 'stop' | 'cancel'
}

/**
 * Where runs, their cursors and logs live. Every method is one transaction. A page revives rows it
 * meets that were marked as deleted. Methods that take an `instanceId` write only while that
 * instance owns the run, and throw `import_interrupted` otherwise. All throw `store_unavailable`,
 * `store_busy`, `store_full`.
 */
export interface RunStore {
  /** For so long it leaves others their turn after a commit: none of a run need be tried before. */
  readonly pauseMs: number
  /**
   * Creates a `running` run owned by `owner`, with its collections. When a live or interrupted run
   * of that name exists nothing is written and it is returned as `existing`; the caller decides.
   */
  createRun(
    run: {
      readonly id: string
      readonly name: string
      readonly options: RunOptions
      readonly owner: RunOwner
    },
    now: number,
  ): Promise<
    | { readonly created: true; readonly run: RunRecord }
    | { readonly created: false; readonly existing: RunRecord }
  >
  /**
   * Makes `owner` the owner of a run and the run `running`, when its current owner is still
   * `expectedInstanceId` (undefined: none). Returns undefined when someone else was faster. The
   * reason stays, so that the new owner can tell what it goes on after.
   */
  claimRun(
    id: string,
    expectedInstanceId: string | undefined,
    owner: RunOwner,
    now: number,
  ): Promise<RunRecord | undefined>
  /**
   * Moves a run that nobody owns, or whose owner is dead, to `state`. Compare-and-swap like
   * `claimRun`.
   */
  closeRun(
    id: string,
    expectedInstanceId: string | undefined,
    change: RunChange,
    log: readonly LogEntry[],
    now: number,
  ): Promise<boolean>
  heartbeat(id: string, instanceId: string, now: number): Promise<Heartbeat>
  /** Asks the owner to stop or cancel; `cancel` outranks `stop`. Works from any process. */
  requestOf(id: string, request: 'stop' | 'cancel', now: number): Promise<void>
  updateRun(
    id: string,
    instanceId: string,
    change: RunChange,
    log: readonly LogEntry[],
    now: number,
  ): Promise<void>
  commitPage(commit: PageCommit): Promise<PageOutcome>
  /** Writes a collection and cursors of it outside a page: plan, counts, restarts, verification. */
  saveProgress(
    progress: Progress,
    instanceId: string,
    log: readonly LogEntry[],
    now: number,
  ): Promise<void>
  getRun(id: string): Promise<RunRecord | undefined>
  /** The newest run of that name that is neither completed, failed nor cancelled. */
  findOpenRun(name: string): Promise<RunRecord | undefined>
  /** Runs that are neither completed, failed nor cancelled; one a name at most, 1,000 at most. */
  listOpenRuns(): Promise<readonly RunRecord[]>
  listRuns(query: RunQuery): Promise<readonly RunRecord[]>
  /** The collections of a run by name, each with its cursors by their number. */
  listProgress(runId: string): Promise<readonly Progress[]>
  /** Log lines with `seq` greater than `afterSeq`, oldest first. */
  readLog(runId: string, afterSeq: number, limit: number): Promise<readonly LogLine[]>
  /**
   * Makes `name` the owner of the rows of (tenant, kind). When another import owns them nothing is
   * written and its name is returned, unless `takeOver`.
   */
  takeRows(
    tenantId: string,
    kind: RowKind,
    name: string,
    options: { readonly takeOver: boolean; readonly now: number },
  ): Promise<{ readonly owner: string }>
  /**
   * How many rows of (tenant, kind) the run of that sequence has seen. Rows are distinct: objects
   * by id, memberships by group and member.
   */
  countSeen(tenantId: string, kind: RowKind, sequence: number): Promise<number>
  /** Live rows of (tenant, kind), and how many of them the run of that sequence has not seen. */
  countUnseen(
    tenantId: string,
    kind: RowKind,
    sequence: number,
  ): Promise<{ readonly known: number; readonly unseen: number }>
  /** How many live edges of these sources were not met under that sequence. */
  countUnmet(sources: EdgeSources): Promise<number>
  /** How many live edges these sources have, and how many of them stand as they did before then. */
  countEdgesOf(
    sources: Omit<EdgeSources, 'sequence'> & { readonly before: number },
  ): Promise<{ readonly live: number; readonly older: number }>
  /**
   * The ids of live objects in one batch that the run has not met, and where to go on: undefined at
   * the end.
   */
  listUnseen(
    query: UnseenQuery,
  ): Promise<{ readonly ids: readonly string[]; readonly next?: string }>
  /**
   * Marks the live rows of one batch that the run has not seen as deleted, at `now`, and adds them
   * to `deleted` of the run's totals. Rows seen by the run, and rows marked before, are left alone,
   * so that steps may be repeated from the start. Like a page, writes only while the instance owns
   * the run and the run's name the rows (`import_owned`).
   *
   * @returns How many were marked, and where to go on: undefined at the end.
   */
  sweepUnseen(step: SweepStep): Promise<{ readonly marked: number; readonly next?: string }>
}

/** A token as handed to an import. */
export interface ImportToken {
  readonly token: AccessToken
  /**
   * `issued`: obtained for this call. `adopted`: another process obtained it. `cache`: known
   * before.
   */
  readonly origin: 'cache' | 'issued' | 'adopted'
  /** A renewal was due and failed, but the token still lives. */
  readonly warning?: EvergrantError
}

/** What became of a report that Graph refused a token. */
export type RefusalOutcome =
  | {
      readonly kind: 'newer_token_exists' | 'renewed' | 'renewed_with_claims'
      readonly token: AccessToken
    }
  /** The answer is not about the token's life: another one would be refused as well. */
  | { readonly kind: 'not_about_token'; readonly detail: string }
  | { readonly kind: 'renewal_failed'; readonly error: EvergrantError }

/** Where an import gets its tokens from; the grants room behind it renews, shares and remembers. */
export interface TokenSource {
  /**
   * Yields a token that lives. When less than `renewBelowMs` of its life (at most half of it)
   * remains, waits for a renewal first; when that fails while the token lives, yields it with a
   * warning.
   */
  getToken(options: {
    readonly renewBelowMs: number
    readonly signal?: AbortSignal
  }): Promise<Result<ImportToken, EvergrantError>>
  /** Reports a refused token, never to be handed out again. */
  reportRefusal(
    refusal: {
      readonly status: number
      readonly headers: Readonly<Record<string, string>>
      readonly body: string
      readonly token: AccessToken
    },
    options: { readonly signal?: AbortSignal },
  ): Promise<RefusalOutcome>
}
