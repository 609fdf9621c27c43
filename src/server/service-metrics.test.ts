import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CallTrace } from '../gateway/index.ts'
import { createServiceMetrics, type ServiceMetrics } from './service-metrics.ts'

let metrics: ServiceMetrics
beforeEach(() => {
  metrics = createServiceMetrics((name) => (name === 'csp' ? { partner: {}, arm: {} } : undefined))
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
