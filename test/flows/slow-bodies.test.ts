import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { systemClock, type Clock } from '../../src/kernel/index.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

/* The deadline of bodies comes when a test says so. */
let deadlines: (() => void)[] = []
const clock: Clock = {
  ...systemClock,
  schedule: (milliseconds, task) => {
    if (milliseconds !== 30_000) return systemClock.schedule(milliseconds, task)
    deadlines.push(task)
    return () => {
      deadlines = deadlines.filter((one) => one !== task)
    }
  },
}
let fixture: ServiceFixture
beforeAll(async () => {
  fixture = await startService({ serving: { clock } })
})
afterAll(() => fixture.close())

async function begin(path: string, body: string): Promise<Socket> {
  const socket = connect(Number(new URL(fixture.url).port), '127.0.0.1')
  socket.on('error', () => {})
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`
  socket.write(`${head}Content-Length: 10\r\n\r\n${body}`)
  await once(socket, 'connect')
  return socket
}

it.each(['/api/v1/sessions', '/auth/verify'])(
  'holds no connection for whoever never finishes a body for %s',
  async (path) => {
    const before = deadlines.length
    const socket = await begin(path, '{')
    const ended = once(socket, 'close')
    socket.resume()
    await expect.poll(() => deadlines.length).toBeGreaterThan(before)
    for (const deadline of deadlines.splice(before)) deadline()
    await ended
  },
)

it('forgets the deadline of a body that came, and keeps the connection', async () => {
  const before = deadlines.length
  const socket = await begin('/auth/verify', '0123456789')
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += String(chunk)))
  await expect.poll(() => text).toContain('401')
  await expect.poll(() => deadlines.length).toBe(before)
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  await expect.poll(() => text).toContain('200 OK')
  socket.destroy()
})
