import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let fixture: ServiceFixture
let key = ''
beforeAll(async () => {
  fixture = await startService()
  key = await fixture.addCaller('viewer', { role: 'viewer' })
})
afterAll(() => fixture.close())

const stream = async (): Promise<Response> =>
  await fetch(`${fixture.url}/api/v1/events`, { headers: { authorization: `Bearer ${key}` } })

it('lets a reader go that does not read, and no other', async () => {
  const { events, clock } = fixture.serving.composition
  const slow = await stream()
  const other = await stream()
  const reader = other.body?.getReader()
  // More than what sockets on both sides and the limit of ours hold together.
  const origin = 'x'.repeat(100_000)
  let read = 0
  for (let count = 0; count < 300; count++) {
    events.emit({ type: 'gateway.circuit_opened', at: clock.now(), origin })
    while (read < (count + 1) * 100_000) read += (await reader?.read())?.value?.length ?? 0
  }
  await expect(slow.text()).rejects.toThrow('terminated')
  events.emit({ type: 'gateway.circuit_closed', at: clock.now(), origin: 'x' })
  expect((await reader?.read())?.done).toBe(false)
  await reader?.cancel()
})

it('ends streams when the service drains, which waits for none of them', async () => {
  const answer = await stream()
  const began = performance.now()
  // A stream that stayed open would hold this for ten minutes.
  await fixture.serving.close(600_000)
  expect(performance.now() - began).toBeLessThan(10_000)
  expect(await answer.text()).toContain(': connected')
})

it.each(['', 'GET /api', 'GET /readyz HTTP/1.1\r\nhost: localhost\r\n'])(
  'waits for nobody who has connected and asked nothing: %j',
  async (beginning) => {
    const drained = await startService()
    const socket = connect(Number(new URL(drained.url).port), '127.0.0.1')
    const ended = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {})
    socket.write(beginning)
    // Answered on a connection of its own, once the other one is there.
    await fetch(`${drained.url}/healthz`).then((answer) => answer.text())
    const began = performance.now()
    await drained.serving.close(600_000)
    await ended
    expect(performance.now() - began).toBeLessThan(10_000)
    await drained.close()
  },
)
