import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CallTrace } from '../gateway/index.ts'
import { createServiceMetrics, type ServiceMetrics } from './service-metrics.ts'

let metrics: ServiceMetrics
beforeEach(() => {
  metrics = createServiceMetrics(
    (name) => (name === 'csp' ? { partner: {}, arm: {} } : undefined),
    (name) => name === 'nightly',
  )
})
afterEach(() => metrics.close())

/** Tells the metrics of a call that ended. */
function count(fields: Partial<CallTrace>, status = 200): void {
  const trace = new CallTrace('trc_x', 'call', 0, () => 0, metrics.trace)
  Object.assign(trace, fields)
  trace.end(status < 400 ? 'served' : 'refused', status)
}

/** Series of one metric, each without its value. */
async function series(name: string): Promise<readonly string[]> {
  const text = await metrics.text()
  return text.split('\n').filter((line) => line.startsWith(`${name}{`))
}

describe('metrics of calls', () => {
  it('count all tenants of a template as one', async () => {
    for (let tenant = 0; tenant < 100; tenant++) {
      count({ connection: `csp@tenant-${tenant}`, upstream: 'partner' })
    }
    expect(await series('evergrant_calls_total')).toEqual([
      'evergrant_calls_total{kind="call",connection="csp",upstream="partner",outcome="served",status_class="2xx"} 100',
    ])
  })

  it('count connections and upstreams that nobody configured as unknown', async () => {
    for (let guess = 0; guess < 100; guess++) {
      count({ connection: `guess-${guess}`, upstream: `guess-${guess}` }, 404)
      count({ connection: 'csp', upstream: `guess-${guess}` }, 404)
    }
    count({ connection: 'csp', upstream: 'constructor' }, 404)
    expect(await series('evergrant_calls_total')).toEqual([
      'evergrant_calls_total{kind="call",connection="unknown",upstream="",outcome="refused",status_class="4xx"} 100',
      'evergrant_calls_total{kind="call",connection="csp",upstream="unknown",outcome="refused",status_class="4xx"} 101',
    ])
  })

  it('hold nothing of who called, what and with which key', async () => {
    count({
      connection: 'csp',
      upstream: 'arm',
      callerName: 'planted-caller',
      callerId: 'clr_planted',
      requestId: 'req_planted',
      path: '/planted',
      wasReplayed: true,
      rule: 'microsoft',
      requestBytes: 3,
      responseBytes: 5,
    })
    const text = await metrics.text()
    expect(text).toContain('evergrant_replays_total{connection="csp",rule="microsoft"} 1')
    expect(text).toContain('evergrant_call_bytes_total{connection="csp",direction="out"} 5')
    expect(text).not.toContain('planted')
  })
})

describe('metrics of imports', () => {
  const totals = { rows: 0, pages: 0, requests: 0, units: 0, throttled: 0, retries: 0 }
  const progress = (runId: string, name: string, rows: number, pausedMs = 0): void => {
    const times = { refreshes: 0, bytes: 0, activeMs: 0, waitedMs: 0, pausedMs }
    const run = { runId, name, collection: 'users' }
    metrics.event({ type: 'import.progress', at: 0, ...run, ...totals, ...times, rows })
  }

  it('count what was read here, not what other processes had read of a run before', async () => {
    progress('run_1', 'nightly', 5_000)
    progress('run_1', 'nightly', 7_000, 12_500)
    progress('run_1', 'nightly', 7_500, 12_500)
    expect(await series('evergrant_import_rows_total')).toEqual([
      'evergrant_import_rows_total{import="nightly",collection="users"} 2500',
    ])
    expect(await series('evergrant_import_paused_seconds_total')).toEqual([
      'evergrant_import_paused_seconds_total{import="nightly",collection="users"} 12.5',
    ])
  })

  it('count runs of imports that nobody configured as one', async () => {
    for (let guess = 0; guess < 100; guess++) {
      progress(`run_${guess}`, `guess-${guess}`, 0)
      progress(`run_${guess}`, `guess-${guess}`, 1)
      const body = { type: 'run_cancelled', detail: '' } as const
      const run = { runId: `run_${guess}`, level: 'info', body } as const
      metrics.event({ type: 'import.run_cancelled', at: 0, ...run })
    }
    expect(await series('evergrant_import_rows_total')).toEqual([
      'evergrant_import_rows_total{import="other",collection="users"} 100',
    ])
    expect(await series('evergrant_import_runs_total')).toEqual([
      'evergrant_import_runs_total{import="other",state="cancelled"} 100',
    ])
  })

  it('leave out how imports stand while the store is away, and tell the rest', async () => {
    metrics.followImports(() => Promise.reject(new Error('the store is away')))
    expect(await series('evergrant_import_last_complete_age_seconds')).toEqual([])
    expect(await metrics.text()).toContain('evergrant_circuits_open 0')
  })

  it('tell the age of the last complete run and of links, and the cursors that read', async () => {
    metrics.followImports(() =>
      Promise.resolve([
        {
          name: 'nightly',
          lastCompleteAgeMs: 3_600_000,
          linkAgesMs: new Map([['users', 3_599_000]]),
          cursors: new Map([['users', 16]]),
        },
      ]),
    )
    const text = await metrics.text()
    expect(text).toContain('evergrant_import_last_complete_age_seconds{import="nightly"} 3600')
    expect(text).toContain(
      'evergrant_import_delta_link_age_seconds{import="nightly",collection="users"} 3599',
    )
    expect(text).toContain('evergrant_import_cursors{import="nightly",collection="users"} 16')
  })
})
