import { Cron } from 'croner'
import { EvergrantError, type Clock, type RandomBytes } from '../kernel/index.ts'
import type { JobSchedule } from './job.ts'

/** What a ticker is made with. */
export interface TickerDependencies {
  readonly clock: Clock
  readonly random: RandomBytes
}

/** Longest wait before the wall clock is looked at again: it may have been set. */
const longestStepMs = 60_000

/**
 * Calls `onTick` by the schedule until the returned function is called. Intervals begin after a
 * random part of the first one, a minute at most, so that many nodes do not tick as one. Cron ticks
 * follow the wall clock, in UTC: one that was slept through comes once, late. Never keeps a process
 * alive.
 *
 * @throws EvergrantError `config_invalid` for a cron expression that cannot be read or never comes
 */
export function startTicker(
  schedule: JobSchedule,
  { clock, random }: TickerDependencies,
  onTick: () => void,
): () => void {
  let cancel: () => void = () => {}

  function tickEvery(everyMs: number): void {
    const beat = (): void => {
      cancel = clock.schedule(everyMs, beat)
      onTick()
    }
    cancel = clock.schedule(Math.min(everyMs, 60_000) * fraction(random), beat)
  }

  function tickBy(cron: Cron): void {
    const waitFor = (dueAt: number): void => {
      const inMs = dueAt - clock.now()
      if (inMs > 0) {
        cancel = clock.schedule(Math.min(inMs, longestStepMs), () => waitFor(dueAt))
        return
      }
      arm()
      onTick()
    }
    const arm = (): void => {
      const next = cron.nextRun(new Date(clock.now()))
      if (next !== null) waitFor(next.getTime())
    }
    arm()
  }

  const checked = readSchedule(schedule, clock)
  if (checked instanceof Cron) tickBy(checked)
  else tickEvery(checked)
  return () => cancel()
}

/**
 * Reads a schedule: the milliseconds of an interval, or a cron.
 *
 * @throws EvergrantError `config_invalid` for a cron expression that cannot be read or never comes
 */
export function readSchedule(schedule: JobSchedule, clock: Clock): number | Cron {
  if ('cron' in schedule) return readCron(schedule.cron, clock)
  return requireInterval(schedule.everyMs)
}

function readCron(expression: string, clock: Pick<Clock, 'now'>): Cron {
  const expected = 'expected a cron expression of five fields, such as "0 2 * * *"'
  const seen = `but saw ${JSON.stringify(expression.slice(0, 100))}`
  let cron: Cron
  try {
    cron = new Cron(expression, { mode: '5-part', timezone: 'UTC', paused: true })
  } catch (cause) {
    throw new EvergrantError('config_invalid', `schedule: ${expected}, ${seen}`, { cause })
  }
  if (cron.nextRun(new Date(clock.now())) !== null) return cron
  throw new EvergrantError('config_invalid', `schedule: ${expected}, ${seen}, which never comes`)
}

function requireInterval(everyMs: number): number {
  if (Number.isFinite(everyMs) && everyMs > 0) return everyMs
  throw new RangeError(`expected an interval of more than 0 ms, but saw ${everyMs}`)
}

/** A fraction from 0 up to, but not, 1. */
export function fraction(random: RandomBytes): number {
  const [high = 0, low = 0] = random(2)
  return (high * 256 + low) / 65_536
}

/**
 * The last time at or before `now` that a cron expression named; undefined when it cannot be told.
 *
 * @throws EvergrantError `config_invalid` for an expression that cannot be read
 */
export function previousTick(cron: string, now: number): number | undefined {
  const read = readCron(cron, { now: () => now })
  // It looks for times before the reference, which are whole minutes.
  return read.previousRuns(1, new Date(now + 1))[0]?.getTime()
}

/**
 * The first time after `now` that a cron expression names; undefined when there is none.
 *
 * @throws EvergrantError `config_invalid` for an expression that cannot be read
 */
export function nextTick(cron: string, now: number): number | undefined {
  return readCron(cron, { now: () => now })
    .nextRun(new Date(now))
    ?.getTime()
}
