import { afterAll, beforeAll, expect, it } from 'vitest'
import { systemClock, type Clock } from '../../src/kernel/index.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

/* Whoever reads events is asked again at every sign of life, which here comes when a test says so. */
const beats: (() => void)[] = []
const clock: Clock = {
  ...systemClock,
  schedule: (milliseconds, task) => {
    if (milliseconds !== 15_000) return systemClock.schedule(milliseconds, task)
    beats.push(task)
    return () => {}
  },
}
let fixture: ServiceFixture
beforeAll(async () => {
  fixture = await startService({ serving: { clock } })
})
afterAll(() => fixture.close())

interface Reader {
  /** Everything there is up to this text. */
  until(text: string): Promise<string>
  end(): Promise<boolean>
  leave(): Promise<void>
}

async function read(key: string): Promise<Reader> {
  const headers = { authorization: `Bearer ${key}` }
  const answer = await fetch(`${fixture.url}/api/v1/events`, { headers })
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  let got = ''
  return {
    until: async (text) => {
      while (!got.includes(text)) got += (await reader?.read())?.value ?? 'the end'
      return got
    },
    end: async () => {
      for (;;) if ((await reader?.read())?.done !== false) return true
    },
    leave: async () => await reader?.cancel(),
  }
}

it('tells of refused tokens and of sessions whoever may ask for them, and nobody else', async () => {
  const viewer = await read(await fixture.addCaller('grafana', { role: 'viewer' }))
  const operator = await read(await fixture.addCaller('ops', { role: 'operator' }))
  const { events } = fixture.serving.composition
  const at = clock.now()
  const keys = { issuer: 'lab', iss: 'x' }
  events.emit({ type: 'identity.keys_recovered', at, ...keys })
  events.emit({ type: 'session.revoked', at, sessionId: 'ses_1' })
  events.emit({ type: 'gateway.circuit_opened', at, origin: 'last' })
  const told = await operator.until('"last"')
  expect(told).toContain('event: identity.keys_recovered')
  expect(told).toContain('event: session.revoked')
  const seen = await viewer.until('"last"')
  expect(seen).not.toContain('identity.')
  expect(seen).not.toContain('session.')
  await viewer.leave()
  await operator.leave()
})

it('lets a reader go whose key was revoked, and keeps the others', async () => {
  const gone = await read(await fixture.addCaller('gone', { role: 'viewer' }))
  const stays = await read(await fixture.addCaller('stays', { role: 'viewer' }))
  await fixture.serving.callerDesk.revoke('gone')
  for (const beat of beats.splice(0)) beat()
  expect(await gone.end()).toBe(true)
  await stays.until(': alive')
  await expect.poll(() => beats.length).toBeGreaterThan(0)
  await stays.leave()
})
