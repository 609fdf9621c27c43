import { z } from 'zod'
import type { TraceRecord } from '../../gateway/index.ts'
import { mayPerform } from '../../access/index.ts'
import { EvergrantError } from '../../kernel/index.ts'
import { longestCaptureMs } from '../captures.ts'
import { requireConnection } from '../connection-view.ts'
import { cutPage, flag, fromCursor, fromWire, instant, pageOf, paging, toWire } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const kinds = ['call', 'upgrade', 'token', 'facade'] as const
const outcomes = ['served', 'refused', 'upstream_refused', 'failed', 'aborted'] as const

const traceFields = {
  id: z.string(),
  at: instant,
  kind: z.enum(kinds),
  outcome: z.enum(outcomes),
  request_id: z.string(),
  connection: z.string(),
  upstream: z.string(),
  caller_id: z.string(),
  caller_name: z.string(),
  method: z.string(),
  path: z.string(),
  status: z.int(),
  duration_ms: z.number(),
  was_renewed: z.boolean(),
  was_replayed: z.boolean(),
  rule: z.string().nullable(),
  code: z.string().nullable(),
  request_bytes: z.number(),
  response_bytes: z.number(),
}
const summarySchema = z.object(traceFields).meta({ id: 'TraceSummary' })
const traceSchema = z
  .object({
    ...traceFields,
    steps: z.array(
      z.object({
        at_ms: z.number(),
        step: z.string(),
        detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      }),
    ),
    bodies: z
      .object({
        request: z.string().optional(),
        refused: z.string().optional(),
        response: z.string().optional(),
      })
      .nullable()
      .describe('Beginnings of the bodies, while they were kept; only for operators'),
  })
  .meta({ id: 'Trace' })
const captureSchema = z.object({ connection: z.string(), until: instant }).meta({ id: 'Capture' })

const connectionParam = z.object({ connection: z.string().min(1).max(64) })

/** Operations on traces: what happened on any call, and whether bodies are kept. */
export const traceOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'traces.list',
    method: 'GET',
    path: '/api/v1/traces',
    operation: 'traces.read',
    summary: 'Calls, token hand-outs and façade answers, the newest first',
    description: 'Every condition that is given must hold.',
    status: 200,
    errors: [],
    query: z.object({
      ...paging,
      kind: z.enum(kinds).optional(),
      outcome: z.enum(outcomes).optional(),
      connection: z.string().max(200).optional().describe('Name, or a whole address'),
      caller: z.string().max(100).optional().describe('Id or name'),
      status: z.coerce.number().int().min(0).max(999).optional(),
      code: z.string().max(64).optional(),
      request_id: z.string().max(100).optional(),
      since: z.string().max(40).optional().describe('RFC 3339; from then on'),
      until: z.string().max(40).optional().describe('RFC 3339; before then'),
      replayed: flag.optional(),
    }),
    response: pageOf(summarySchema),
    handle: async ({ composition }, { limit, cursor, since, until, replayed, ...query }) => {
      const [before] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const { request_id: requestId, ...plain } = query
      const given = Object.entries({ ...plain, requestId, before, wasReplayed: replayed })
      const traces = await composition.store.traces.listTraces({
        ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
        ...(since === undefined ? {} : { since: fromWire('since', since) }),
        ...(until === undefined ? {} : { until: fromWire('until', until) }),
        limit: limit + 1,
      })
      return cutPage(traces, limit, { toJson: summaryToJson, placeOf: ({ id }) => [id] })
    },
  }),
  defineOperation({
    id: 'traces.show',
    method: 'GET',
    path: '/api/v1/traces/{id}',
    operation: 'traces.read',
    summary: 'One trace with its timeline',
    status: 200,
    errors: ['trace_unknown'],
    params: z.object({ id: z.string().min(1).max(64) }),
    response: traceSchema,
    handle: async ({ composition }, { id }, { caller }) => {
      const trace = await composition.store.traces.getTrace(id)
      if (trace === undefined) {
        throw new EvergrantError('trace_unknown', `there is no trace ${JSON.stringify(id)}`)
      }
      return {
        ...summaryToJson(trace),
        steps: trace.steps.map(({ atMs, step, detail }) => ({
          at_ms: atMs,
          step,
          detail: { ...detail },
        })),
        bodies:
          trace.bodies === undefined || !mayPerform(caller, 'traces.capture')
            ? null
            : { ...trace.bodies },
      }
    },
  }),
  defineOperation({
    id: 'captures.list',
    method: 'GET',
    path: '/api/v1/captures',
    operation: 'traces.read',
    summary: 'Connections whose bodies are kept at the moment',
    status: 200,
    errors: [],
    query: z.object(paging),
    response: pageOf(captureSchema),
    handle: async ({ composition }, { limit, cursor }) => {
      const [after = ''] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const captures = await composition.store.traces.listCaptures(composition.clock.now())
      const rows = captures
        .filter(({ connection }) => connection > after)
        .toSorted((a, b) => (a.connection < b.connection ? -1 : 1))
      return cutPage(rows, limit, {
        toJson: ({ connection, until }) => ({ connection, until: toWire(until) }),
        placeOf: ({ connection }) => [connection],
      })
    },
  }),
  defineOperation({
    id: 'captures.start',
    method: 'PUT',
    path: '/api/v1/captures/{connection}',
    operation: 'traces.capture',
    summary: 'Keep the beginnings of bodies in the traces of a connection for a while',
    description:
      'At most an hour. Texts alone are kept, 4,096 characters of each, with tokens and members ' +
      'masked whose name promises a secret. Every service of the store follows within a second.',
    status: 200,
    errors: ['connection_unknown'],
    params: connectionParam,
    body: z.object({
      for_seconds: z
        .int()
        .min(1)
        .max(longestCaptureMs / 1_000)
        .default(600),
    }),
    response: captureSchema,
    handle: async ({ composition, captures }, { connection, for_seconds: seconds }) => {
      requireConnection(composition, connection)
      const until = composition.clock.now() + seconds * 1_000
      await composition.store.traces.setCapture(connection, until)
      // What a process writes itself, its own store does not tell it of.
      await captures.refresh()
      return { connection, until: toWire(until) }
    },
  }),
  defineOperation({
    id: 'captures.end',
    method: 'DELETE',
    path: '/api/v1/captures/{connection}',
    operation: 'traces.capture',
    summary: 'Keep no more bodies of a connection',
    status: 204,
    errors: [],
    params: connectionParam,
    handle: async ({ composition, captures }, { connection }) => {
      await composition.store.traces.setCapture(connection, 0)
      await captures.refresh()
    },
  }),
]

function summaryToJson(trace: TraceRecord): z.input<typeof summarySchema> {
  return {
    id: trace.id,
    at: toWire(trace.at),
    kind: trace.kind,
    outcome: trace.outcome,
    request_id: trace.requestId,
    connection: trace.connection,
    upstream: trace.upstream,
    caller_id: trace.callerId,
    caller_name: trace.callerName,
    method: trace.method,
    path: trace.path,
    status: trace.status,
    duration_ms: trace.durationMs,
    was_renewed: trace.wasRenewed,
    was_replayed: trace.wasReplayed,
    rule: trace.rule ?? null,
    code: trace.code ?? null,
    request_bytes: trace.requestBytes,
    response_bytes: trace.responseBytes,
  }
}
