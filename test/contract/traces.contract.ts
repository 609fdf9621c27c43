import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TraceQuery } from '../../src/gateway/ports.ts'
import type { TraceRecord } from '../../src/gateway/index.ts'
import { newId } from '../../src/kernel/index.ts'
import type { Store } from '../../src/store/index.ts'
import type { MakeStore, SharedStore } from './builders.ts'

/** A call that was served. */
export function aTrace(at: number, over: Partial<TraceRecord> = {}): TraceRecord {
  return {
    id: newId('trc', at),
    at,
    kind: 'call',
    outcome: 'served',
    requestId: `req_${at}`,
    connection: 'graph',
    upstream: 'graph',
    callerId: '',
    callerName: 'crm',
    method: 'GET',
    path: '/v1.0/users',
    status: 200,
    durationMs: 1.25,
    wasRenewed: false,
    wasReplayed: false,
    requestBytes: 0,
    responseBytes: 5_000_000_000,
    steps: [],
    ...over,
  }
}

const start = 1_800_000_000_000

/** What each filter finds among the traces of the test below, newest first. */
const filters: readonly (readonly [Partial<TraceQuery>, expected: readonly number[]])[] = [
  [{ kind: 'call' }, [6, 5, 4, 2, 1, 0]],
  [{ kind: 'token' }, [3]],
  [{ outcome: 'served' }, [6, 4, 3, 1, 0]],
  [{ outcome: 'upstream_refused' }, [2]],
  [{ connection: 'graph' }, [4, 3, 2, 0]],
  [{ connection: 'csp' }, [6, 5, 1]],
  [{ connection: 'csp@contoso' }, [5]],
  [{ caller: 'clr_00000000-0000-7000-8000-000000000001' }, [4]],
  [{ caller: 'erp' }, [4]],
  [{ caller: 'crm' }, [6, 5, 3, 2, 1, 0]],
  [{ status: 403 }, [2]],
  [{ status: 200 }, [6, 4, 3, 1, 0]],
  [{ code: 'token_unavailable' }, [5]],
  [{ requestId: `req_${start + 1}` }, [1]],
  [{ wasReplayed: true }, [6]],
  [{ wasReplayed: false }, [5, 4, 3, 2, 1, 0]],
  [{ since: start + 4 }, [6, 5, 4]],
  [{ until: start + 2 }, [1, 0]],
  [{ since: start + 1, until: start + 3 }, [2, 1]],
  [{ since: 0, until: Number.MAX_SAFE_INTEGER }, [6, 5, 4, 3, 2, 1, 0]],
  [{ connection: 'csp', outcome: 'served', kind: 'call', caller: 'crm' }, [6, 1]],
  [{ connection: 'csp', outcome: 'served', until: start + 6 }, [1]],
  [{ connection: 'none' }, []],
]

/** What every `TraceStore` does. */
export function describeTraceStore(kind: string, makeStore: MakeStore): void {
  describe(`traces in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open('bulk')
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    const append = async (traces: readonly TraceRecord[], keep = 1_000): Promise<void> =>
      await one.traces.appendTraces(traces, keep)
    const instants = async (query: Partial<TraceQuery> = {}): Promise<readonly number[]> =>
      (await two.traces.listTraces({ limit: 100, ...query })).map(({ at }) => at - start)

    it('are not there before they were appended', async () => {
      await append([])
      expect(await two.traces.getTrace(newId('trc', start))).toBeUndefined()
      expect(await instants()).toEqual([])
    })

    it('are read as they were appended', async () => {
      const plain = aTrace(start)
      const full = aTrace(start + 1, {
        kind: 'facade',
        outcome: 'failed',
        connection: 'csp@contoso.example',
        callerId: newId('clr', 1),
        wasRenewed: true,
        wasReplayed: true,
        rule: 'microsoft',
        code: 'upstream_timeout',
        steps: [{ atMs: 0.5, step: 'token', detail: { age: 3, isNew: false, text: 'é "\\\0' } }],
        bodies: { request: '{}', response: '\ud83d\ude00' },
      })
      await append([plain, full])
      expect(await two.traces.getTrace(plain.id)).toEqual(plain)
      expect(await two.traces.getTrace(full.id)).toEqual(full)
      expect(await two.traces.listTraces({ limit: 9 })).toEqual([full, plain])
    })

    it('are not appended twice', async () => {
      const batch = [aTrace(start), aTrace(start + 1)]
      await append(batch, 3)
      await append([...batch.map((trace) => ({ ...trace, status: 500 })), aTrace(start + 2)], 3)
      expect(await instants()).toEqual([2, 1, 0])
      expect(await instants({ status: 500 })).toEqual([])
    })

    it('go, those appended first, beyond as many as are kept', async () => {
      await append([aTrace(start), aTrace(start + 1), aTrace(start + 2)], 3)
      // A call that began long ago and has ended only now is no older than the others.
      await append([aTrace(start - 5), aTrace(start + 3)], 3)
      expect(await instants()).toEqual([3, 2, -5])
      await append([aTrace(start + 4)], 1)
      expect(await instants()).toEqual([4])
    })

    it('come in big batches', async () => {
      const batch = Array.from({ length: 2_000 }, (_, i) =>
        aTrace(start + i, { steps: [{ atMs: i, step: 'sent', detail: { to: 'x'.repeat(200) } }] }),
      )
      await append(batch, 1_500)
      expect(await instants({ limit: 2 })).toEqual([1_999, 1_998])
      expect(await two.traces.listTraces({ limit: 5_000 })).toHaveLength(1_500)
      expect(await two.traces.getTrace(batch[499]?.id ?? '')).toBeUndefined()
      expect(await two.traces.getTrace(batch[500]?.id ?? '')).toEqual(batch[500])
    })

    it('are appended by several processes at once, none lost', async () => {
      await Promise.all(
        Array.from({ length: 8 }, async (_, i) =>
          (i % 2 === 0 ? one : two).traces.appendTraces(
            Array.from({ length: 50 }, () => aTrace(start + i)),
            300,
          ),
        ),
      )
      expect(await two.traces.listTraces({ limit: 1_000 })).toHaveLength(300)
    })

    it('come in pages, newest first', async () => {
      await append(Array.from({ length: 5 }, (_, i) => aTrace(start + i)))
      const page = await two.traces.listTraces({ limit: 2 })
      expect(await instants({ limit: 2, before: page[1]?.id ?? '' })).toEqual([2, 1])
    })

    it('are found by every filter, and those together', async () => {
      await append([
        aTrace(start),
        aTrace(start + 1, { connection: 'csp@fabrikam' }),
        aTrace(start + 2, { outcome: 'upstream_refused', status: 403 }),
        aTrace(start + 3, { kind: 'token' }),
        aTrace(start + 4, {
          callerId: 'clr_00000000-0000-7000-8000-000000000001',
          callerName: 'erp',
        }),
        aTrace(start + 5, {
          connection: 'csp@contoso',
          outcome: 'refused',
          status: 503,
          code: 'token_unavailable',
        }),
        aTrace(start + 6, { connection: 'csp', wasReplayed: true }),
      ])
      for (const [query, expected] of filters) {
        expect({ ...query, found: await instants(query) }).toEqual({ ...query, found: expected })
      }
    })

    it('have their bodies kept until an instant, each connection its own', async () => {
      const captures = async (now: number): Promise<readonly unknown[]> =>
        await two.traces.listCaptures(now)
      expect(await captures(0)).toEqual([])
      await one.traces.setCapture('graph', 100)
      await one.traces.setCapture('csp', 200)
      await one.traces.setCapture('graph', 150)
      expect(await captures(149)).toEqual([
        { connection: 'csp', until: 200 },
        { connection: 'graph', until: 150 },
      ])
      expect(await captures(150)).toEqual([{ connection: 'csp', until: 200 }])
      await one.traces.setCapture('csp', 0)
      expect(await captures(150)).toEqual([])
    })

    it('move a generation when what is captured changes, and none when they are appended', async () => {
      const generations = await two.readGenerations()
      await append([aTrace(start)])
      expect(await two.readGenerations()).toEqual(generations)
      await one.traces.setCapture('graph', 100)
      const { captures } = await two.readGenerations()
      expect(captures).toBeGreaterThan(generations.captures)
      await one.traces.setCapture('graph', 0)
      expect((await two.readGenerations()).captures).toBeGreaterThan(captures)
    })
  })
}
