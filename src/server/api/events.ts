import { z } from 'zod'
import { mayPerform, type Caller, type Operation } from '../../access/index.ts'
import { EvergrantError } from '../../kernel/index.ts'
import type { FedEvent } from './event-feed.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

/** How often a stream without events says that it lives (ms). */
const heartbeatMs = 15_000
/** What a reader that does not read may leave waiting before it is let go (bytes). */
const mostWaiting = 262_144
/** Streams open at once in one process, and of one caller among them. */
const mostStreams = 256
const mostOfCaller = 64
/** A stream lasts so long at least, though the caller’s token is at its end (ms). */
const leastMs = 1_000
let open = 0
const openOf = new Map<string, number>()
/** Events that tell what another operation tells: whoever may not ask there is not told here. */
const guarded: readonly (readonly [beginning: string, operation: Operation])[] = [
  ['identity.', 'issuers.read'],
  ['session.', 'sessions.read'],
  ['console.', 'console.read'],
  ['consent.customer_changed', 'customers.read'],
]

/** After these somebody’s credential may hold no more. */
const endings: ReadonlySet<string> = new Set(['console.signed_out', 'session.revoked'])

/** What happens in this process, as it happens. */
export const eventOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'events.stream',
    method: 'GET',
    path: '/api/v1/events',
    operation: 'events.read',
    summary: 'Typed events of this process as server-sent events',
    description:
      'Each has `id`, `event` (its type) and `data` (JSON). `Last-Event-ID` replays what came since, as far as it is kept (1,000); where something may be missing, `stream.gap` comes first. A reader that does not keep up is let go, and so is one whose credential no longer holds. Events of issuers, sessions and customers (`identity.*`, `session.*`, `console.*`, `consent.customer_changed`) are for operators.',
    status: 200,
    errors: [],
    isStream: true,
    query: z.object({
      types: z
        .string()
        .max(2_000)
        .optional()
        .describe('Types separated by commas; `grant.*` for all that begin so'),
      last_event_id: z.string().max(200).optional().describe('As the header `Last-Event-ID`'),
    }),
    handle: (
      { composition, feed },
      { types, last_event_id: asked },
      { caller, reply, callerNow },
    ) => {
      if (open >= mostStreams) {
        throw new EvergrantError('caller_throttled', `${mostStreams} streams are open already`, {
          retryAfterMs: 5_000,
        })
      }
      const own = openOf.get(caller.id) ?? 0
      if (own >= mostOfCaller) {
        const detail = `caller "${caller.name}" has ${mostOfCaller} streams open already`
        throw new EvergrantError('caller_throttled', detail, { retryAfterMs: 5_000 })
      }
      open++
      openOf.set(caller.id, own + 1)
      const isAsked = filterOf(types)
      let isTold = permittedTo(caller)
      const { raw, request } = reply
      const header = request.headers['last-event-id']
      const lastId = typeof header === 'string' ? header : asked
      const headers = { ...reply.getHeaders() } as Record<string, string>
      reply.hijack()
      raw.writeHead(200, {
        ...headers,
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      const write = (text: string): void => {
        raw.write(text)
        if (raw.writableLength > mostWaiting) raw.destroy()
      }
      const send = ({ id, type, data }: FedEvent): void => {
        if (isAsked(type) && isTold(type)) write(`id: ${id}\nevent: ${type}\ndata: ${data}\n\n`)
      }
      write('retry: 2000\n: connected\n\n')
      if (lastId !== undefined) {
        const { events, isWhole } = feed.since(lastId)
        if (!isWhole) write('event: stream.gap\ndata: {"type":"stream.gap"}\n\n')
        for (const event of events) send(event)
      }
      let cancel = (): void => {}
      const askAgain = async (): Promise<void> => {
        // Revoked or disabled meanwhile, or with another role.
        const now = await callerNow()
        if (now === undefined) raw.end()
        else isTold = permittedTo(now)
        cancel()
        if (!raw.writableEnded && !raw.destroyed) beat()
      }
      const beat = (): void => {
        cancel = composition.clock.schedule(heartbeatMs, () => {
          write(': alive\n\n')
          askAgain().catch(() => raw.destroy())
        })
      }
      beat()
      // Whoever came with a token has no stream that outlasts it.
      const leftMs =
        caller.expiresAt === undefined ? undefined : caller.expiresAt - composition.clock.now()
      const uncut =
        leftMs === undefined
          ? undefined
          : composition.clock.schedule(Math.max(leftMs, leastMs), () => raw.end())
      const unfollow = feed.follow((event) => {
        send(event)
        // Whoever signed out, or was signed out, is told nothing more.
        if (endings.has(event.type)) askAgain().catch(() => raw.destroy())
      })
      const undoubts = feed.onDoubt(() => void askAgain().catch(() => raw.destroy()))
      const uncloses = feed.onClose(() => raw.end())
      raw.once('close', () => {
        open--
        const left = (openOf.get(caller.id) ?? 1) - 1
        if (left > 0) openOf.set(caller.id, left)
        else openOf.delete(caller.id)
        cancel()
        uncut?.()
        unfollow()
        undoubts()
        uncloses()
      })
    },
  }),
]

function permittedTo(caller: Caller): (type: string) => boolean {
  const closed = guarded.filter(([, operation]) => !mayPerform(caller, operation))
  return (type) => !closed.some(([beginning]) => type.startsWith(beginning))
}

function filterOf(types: string | undefined): (type: string) => boolean {
  if (types === undefined || types === '') return () => true
  const wanted = types.split(',').map((one) => one.trim())
  return (type) =>
    wanted.some((one) => (one.endsWith('*') ? type.startsWith(one.slice(0, -1)) : type === one))
}
