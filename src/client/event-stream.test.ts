import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readEventStream, type StreamedEvent } from './event-stream.ts'

async function read(pieces: readonly Uint8Array[]): Promise<StreamedEvent[]> {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const piece of pieces) controller.enqueue(piece)
      controller.close()
    },
  })
  const events: StreamedEvent[] = []
  for await (const event of readEventStream(body)) events.push(event)
  return events
}

describe('a stream of events', () => {
  it('is read alike however its bytes are cut and its lines end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            id: fc.nat(),
            data: fc.array(fc.stringMatching(/^[^\r\n\0]*$/), { minLength: 1, maxLength: 3 }),
          }),
        ),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
        async (events, end, cuts) => {
          const text = events
            .map(({ id, data }) =>
              [
                ': beat',
                `id: ${id}`,
                'event: grant.refreshed',
                ...data.map((line) => `data: ${line}`),
                '',
                '',
              ].join(end),
            )
            .join('')
          // What ends with a bare CR may go on with LF: another byte tells.
          const bytes = new TextEncoder().encode(`${text}: over${end}`)
          const pieces: Uint8Array[] = []
          for (let at = 0; at < bytes.length;) {
            const size = cuts.next().value
            pieces.push(bytes.slice(at, at + size))
            at += size
          }
          expect(await read(pieces)).toEqual(
            events.map(({ id, data }) => ({
              id: String(id),
              type: 'grant.refreshed',
              data: data.join('\n'),
            })),
          )
        },
      ),
      { numRuns: 60 },
    )
  })

  it('ends without the event that its end cut off', async () => {
    const bytes = new TextEncoder().encode('data: whole\n\ndata: half')
    expect(await read([bytes])).toEqual([{ id: undefined, type: 'message', data: 'whole' }])
  })
})
