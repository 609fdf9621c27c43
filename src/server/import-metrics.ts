import { Counter, Gauge, type Registry } from 'prom-client'
import type { AnyEvent } from './compose.ts'
import type { ImportHealth } from './import-health.ts'

type Progress = Extract<AnyEvent, { readonly type: 'import.progress' }>

/** What is counted of imports. */
export interface ImportMetrics {
  event(event: AnyEvent): void
  /** Asked at every scrape for how configured imports stand. */
  follow(look: () => Promise<readonly ImportHealth[]>): void
}

/** Counters by the field of a run's progress they follow. */
const counted = {
  rows: ['evergrant_import_rows_total', 'Rows received, one met twice counting twice.'],
  pages: ['evergrant_import_pages_total', 'Pages committed.'],
  requests: ['evergrant_import_requests_total', 'Requests sent to Graph.'],
  units: ['evergrant_import_units_total', 'Resource units spent.'],
  throttled: ['evergrant_import_throttled_total', 'Answers of Graph that asked for quiet (429).'],
  retries: ['evergrant_import_retries_total', 'Requests that were sent again.'],
  refreshes: ['evergrant_import_token_refreshes_total', 'Token changes met by runs.'],
  bytes: ['evergrant_import_bytes_total', 'Bytes of answers, as they came over the wire.'],
} as const

/** Times, told in seconds. */
const timed = {
  pausedMs: [
    'evergrant_import_paused_seconds_total',
    'Time in which nothing was sent, as Graph had asked.',
  ],
  waitedMs: [
    'evergrant_import_waited_seconds_total',
    'Time in which a request waited to be sent again.',
  ],
} as const

/**
 * Counts what the runs of this process do. Labels are imports of the configuration (`other` for any
 * other run) and collections: no shard, run or tenant becomes one.
 */
export function createImportMetrics(
  registry: Registry,
  isConfigured: (name: string) => boolean,
): ImportMetrics {
  const registers = [registry]
  const labelNames = ['import', 'collection'] as const
  const followed = Object.entries({ ...counted, ...timed }).map(([field, [name, help]]) => ({
    field: field as keyof typeof counted | keyof typeof timed,
    scale: field.endsWith('Ms') ? 1_000 : 1,
    counter: new Counter({ name, help, labelNames, registers }),
  }))
  const verdicts = new Counter({
    name: 'evergrant_import_verdicts_total',
    help: 'Collections that were judged, by their verdict.',
    labelNames: ['import', 'collection', 'verdict'] as const,
    registers,
  })
  const ended = new Counter({
    name: 'evergrant_import_runs_total',
    help: 'Runs that ended here, by how.',
    labelNames: ['import', 'state'] as const,
    registers,
  })
  /** The last progress of each run that is driven here; what it had before is not of this process. */
  const last = new Map<string, Progress>()

  const over = new Set<string>()

  const labelOf = (name: string | undefined): string =>
    name !== undefined && isConfigured(name) ? name : 'other'
  const nameOf = (runId: string): string => labelOf(last.get(runId)?.name)
  const progress = (event: Progress): void => {
    const before = last.get(event.runId)
    last.set(event.runId, event)
    // Its last progress comes behind the line of its end.
    if (over.delete(event.runId)) last.delete(event.runId)
    if (before === undefined) return
    const labels = { import: labelOf(event.name), collection: event.collection ?? '' }
    for (const { field, scale, counter } of followed) {
      const more = event[field] - before[field]
      if (more > 0) counter.inc(labels, more / scale)
    }
  }
  return {
    event: (event) => {
      switch (event.type) {
        case 'import.progress':
          progress(event)
          break
        case 'import.collection_judged': {
          if (event.body.type !== 'collection_judged') break
          const { collection, verdict } = event.body
          verdicts.inc({ import: nameOf(event.runId), collection, verdict })
          break
        }
        case 'import.run_completed':
        case 'import.run_interrupted':
        case 'import.run_cancelled':
        case 'import.run_failed':
          ended.inc({ import: nameOf(event.runId), state: event.type.slice('import.run_'.length) })
          over.add(event.runId)
          break
        default:
      }
    },
    follow: (look) => addHealth(registry, look),
  }
}

type Values = readonly (readonly [labels: Record<string, string>, value: number])[]

/** How imports stand, looked at when somebody asks; a store that is away leaves them out. */
function addHealth(registry: Registry, look: () => Promise<readonly ImportHealth[]>): void {
  let looking: Promise<readonly ImportHealth[]> | undefined
  /** All gauges of one scrape share one look. */
  const lookOnce = (): Promise<readonly ImportHealth[]> => {
    looking ??= look()
      .catch(() => [])
      .finally(() => {
        looking = undefined
      })
    return looking
  }
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    valuesOf: (one: ImportHealth) => Values,
  ): void => {
    const made = new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect: async () => {
        const health = await lookOnce()
        made.reset()
        for (const [labels, value] of health.flatMap(valuesOf)) made.set(labels, value)
      },
    })
  }
  const byCollection = (
    { name }: ImportHealth,
    values: ReadonlyMap<string, number>,
    scale: number,
  ): Values =>
    [...values].map(([collection, value]) => [{ import: name, collection }, value / scale])
  gauge(
    'evergrant_import_last_complete_age_seconds',
    'Since the last run that was judged complete ended; absent while there is none.',
    ['import'],
    ({ name, lastCompleteAgeMs: ms }) => (ms === undefined ? [] : [[{ import: name }, ms / 1_000]]),
  )
  gauge(
    'evergrant_import_delta_link_age_seconds',
    'Since Graph gave the link behind which the next changes begin; it forgets it after some days.',
    ['import', 'collection'],
    (one) => byCollection(one, one.linkAgesMs, 1_000),
  )
  gauge(
    'evergrant_import_cursors',
    'Cursors that read at the moment, on whichever node.',
    ['import', 'collection'],
    (one) => byCollection(one, one.cursors, 1),
  )
}
