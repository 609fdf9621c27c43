import { isEvergrantError, type Clock, type Emit, type EvergrantError } from '../kernel/index.ts'
import type { ScheduleEvent } from './schedule-events.ts'
import type { ScheduleNote, ScheduleRecord, ScheduleStore } from './schedule-store.ts'

/** An import that the configuration gives a schedule. */
export interface ScheduledImport {
  readonly name: string
  /** Cron expression of five fields, in UTC. */
  readonly cron: string
}

/** What schedules are run with. */
export interface ScheduleContext {
  readonly store: ScheduleStore
  /** StoreClock. */
  readonly clock: Clock
  readonly emit: Emit<ScheduleEvent>
  readonly ticks: {
    /** The last instant at or before `now` that the expression names. */
    previous(cron: string, now: number): number | undefined
    /** The next one after `now`. */
    next(cron: string, now: number): number | undefined
  }
  /**
   * Begins the import, or goes on with its interrupted run; resolves with the run’s id once it is
   * under way. Rejects with `import_running` while one is.
   */
  start(name: string): Promise<string>
  /**
   * Imports that this process is beginning, for looks that overlap: another one leaves them alone,
   * and does not take an instant over from its own process that is slow.
   */
  readonly beginning: Set<string>
}

/**
 * What a process has seen of schedules, so that looking costs no question to the store while
 * nothing is due: by name, the expression, up to when its instants were taken, and whether it is
 * still open what came of the last.
 */
export type SeenSchedules = Map<
  string,
  { readonly cron: string; readonly handledAt: number; readonly isOpen: boolean }
>

const dayMs = 86_400_000
/** Ticks come this late at times, however short the period is (ms). */
const leastLateMs = 60_000
/** Whoever took an instant and has told nothing of it for so long is taken for dead (ms). */
const takenLeaseMs = 60_000
/** Clocks of processes differ by less than this. */
const longestLeadMs = 5 * 60_000

/**
 * Begins what is due, one import a call: of many processes that look, one takes each instant. Of
 * several instants that passed unseen only the last counts; it is made up for when it is less than
 * a day and half its period late. An import that is running is not begun again. An instant whose
 * process died before anything came of it is taken once more.
 *
 * @returns Whether others may be due as well, so that whoever is free can look at them.
 */
export async function runDueSchedules(
  imports: readonly ScheduledImport[],
  seen: SeenSchedules,
  context: ScheduleContext,
): Promise<boolean> {
  for (const [index, one] of imports.entries()) {
    if (context.beginning.has(one.name)) continue
    const dueAt = await takeDue(one, seen, context)
    if (dueAt === undefined) continue
    context.beginning.add(one.name)
    try {
      await begin(one, dueAt, context)
    } finally {
      context.beginning.delete(one.name)
    }
    const known = seen.get(one.name)
    if (known !== undefined) seen.set(one.name, { ...known, isOpen: false })
    return index < imports.length - 1
  }
  return false
}

/** When any of them is due next; undefined when none is. */
export function nextDueAt(
  imports: readonly ScheduledImport[],
  now: number,
  { next }: ScheduleContext['ticks'],
): number | undefined {
  const instants = imports.flatMap(({ cron }) => next(cron, now) ?? [])
  return instants.length === 0 ? undefined : Math.min(...instants)
}

async function takeDue(
  { name, cron }: ScheduledImport,
  seen: SeenSchedules,
  { store, clock, ticks }: ScheduleContext,
): Promise<number | undefined> {
  const now = clock.now()
  const dueAt = ticks.previous(cron, now)
  const known = seen.get(name)
  const isNew = known === undefined || known.cron !== cron
  const isTaken = known !== undefined && (dueAt === undefined || dueAt <= known.handledAt)
  if (!isNew && isTaken && !known.isOpen && !isFarAhead(known.handledAt, now)) return undefined
  const record = await knowRightly(name, cron, now, store)
  const { handledAt, pausedAt, takenAt } = record
  const isDue = dueAt !== undefined && dueAt > handledAt && pausedAt === undefined
  const isOpen = isDue || takenAt !== undefined
  const isMine = isDue
    ? await store.claimDue(name, cron, dueAt, now)
    : await isLeftToMe(record, now, store)
  seen.set(name, { cron, handledAt: Math.max(handledAt, dueAt ?? 0), isOpen })
  if (!isMine) return undefined
  return isDue ? dueAt : handledAt
}

/** Takes an instant over whose process died between taking it and beginning a run. */
async function isLeftToMe(
  { name, handledAt, takenAt, pausedAt }: ScheduleRecord,
  now: number,
  store: ScheduleStore,
): Promise<boolean> {
  if (takenAt === undefined || pausedAt !== undefined) return false
  // One taken further ahead than a lease was taken before the clock was turned back.
  if (Math.abs(now - takenAt) < takenLeaseMs) return false
  return await store.reclaimDue(name, handledAt, takenAt, now)
}

/** What a clock that was ahead by far took, a year maybe, would not be due again until then. */
async function knowRightly(
  name: string,
  cron: string,
  now: number,
  store: ScheduleStore,
): Promise<ScheduleRecord> {
  const record = await store.knowSchedule(name, cron, now)
  if (!isFarAhead(record.handledAt, now)) return record
  await store.rewindSchedule(name, record.handledAt, now)
  return await store.knowSchedule(name, cron, now)
}

function isFarAhead(handledAt: number, now: number): boolean {
  return handledAt > now + longestLeadMs
}

async function begin(
  { name, cron }: ScheduledImport,
  dueAt: number,
  context: ScheduleContext,
): Promise<void> {
  const { clock, emit, ticks } = context
  const note = async (told: ScheduleNote): Promise<void> =>
    await context.store.noteDue(name, dueAt, told, clock.now())
  const lateMs = clock.now() - dueAt
  const periodMs = (ticks.next(cron, dueAt) ?? Number.POSITIVE_INFINITY) - dueAt
  if (lateMs > Math.max(leastLateMs, Math.min(dayMs, periodMs / 2))) {
    await note({ outcome: 'missed' })
    emit({ type: 'import.schedule_missed', at: clock.now(), name, dueAt, lateMs })
    return
  }
  let runId: string
  try {
    runId = await context.start(name)
  } catch (error) {
    if (!isEvergrantError(error)) {
      await note({ outcome: 'failed', code: 'internal' })
      throw error
    }
    await note(noteOf(error))
    emit(eventOf(error, { at: clock.now(), name, dueAt }))
    return
  }
  await note({ outcome: 'started', runId })
  emit({ type: 'import.schedule_started', at: clock.now(), name, dueAt, runId })
}

function noteOf({ code }: EvergrantError): ScheduleNote {
  return code === 'import_running' ? { outcome: 'skipped' } : { outcome: 'failed', code }
}

function eventOf(
  { code, detail, remedy }: EvergrantError,
  about: { readonly at: number; readonly name: string; readonly dueAt: number },
): ScheduleEvent {
  return code === 'import_running'
    ? { type: 'import.schedule_skipped', ...about, detail }
    : { type: 'import.schedule_failed', ...about, code, detail, remedy }
}
