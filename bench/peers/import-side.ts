import type { LoopDelay } from '../loop-delay.ts'
import type { SimulatorFacts } from '../simulator.ts'

/** What every side of the import benchmark is asked for. */
export interface ImportJob {
  readonly simulator: SimulatorFacts
  /** An empty folder of its own. */
  readonly folder: string
  readonly columns: readonly string[]
  readonly pageSize: number
  readonly to: 'ndjson' | 'sqlite' | 'nowhere'
  /** Whether rows that go nowhere are parsed. */
  readonly parse: boolean
  /** Cursors to read with (ours only). Default: what the command takes, `auto`. */
  readonly concurrency?: number
  /** Whether the main thread does what that of a service does, and is watched (ours only). */
  readonly watch?: boolean
}

/** What an import took. */
export interface ImportOutcome {
  /** From before anything was opened until the rows were complete and durable. */
  readonly elapsedMs: number
  /** Of that, until the worker of ours began to work on the run. */
  readonly startMs?: number
  readonly maxRssMiB: number
  /** How the main thread fared, where it was watched. */
  readonly service?: ServiceOutcome
  /** Rows the side believes it imported; undefined where it did not look. */
  readonly rows: number | undefined
}

/** What an import was to those who ask the main thread meanwhile. */
export interface ServiceOutcome {
  readonly delay: LoopDelay
  /** How often the main thread wrote to the store meanwhile, and how long that took it (ms). */
  readonly writes: number
  readonly writeP99Ms: number
  readonly writeMostMs: number
}

/** Address of the first page, the same for every side. */
export function firstPage({ columns, pageSize, simulator }: ImportJob): string {
  return `${simulator.graph}/v1.0/users?$select=${columns.join(',')}&$top=${pageSize}`
}

/** The most memory this process has used so far, its worker threads included. */
export function maxRssMiB(): number {
  return process.resourceUsage().maxRSS / 1_024
}
