import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  createWebhook,
  deliverAlarms,
  evaluateAlarms,
  type AlarmContext,
  type AlarmEvent,
  type Assessment,
  type Receiver,
} from '../../src/alarms/index.ts'
import { createManualClock, Secret, type ManualClock } from '../../src/kernel/index.ts'
import { openSqliteStore, type Store } from '../../src/store/index.ts'
import { aVault, createEagerClock } from '../contract/builders.ts'
import { startWebhookServer, type WebhookServer } from '../support/webhook-server.ts'

const giveUpAfterMs = 3_600_000
const { signal } = new AbortController()

let folder: string
let store: Store
let server: WebhookServer
let clock: ManualClock
let events: AlarmEvent[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evergrant-alarms-'))
  const path = join(folder, 'store.db')
  store = await openSqliteStore({ path, vault: aVault(), clock: createEagerClock(), role: 'main' })
  server = await startWebhookServer()
  clock = createManualClock()
  events = []
})
afterEach(async () => {
  await store.close()
  await server.close()
  rmSync(folder, { recursive: true })
})

const webhook = (): Receiver =>
  createWebhook({
    key: 'ops',
    label: 'plain webhook',
    format: 'plain',
    url: async () => server.url,
    secret: async () => new Secret('planted-key'),
    post: async (url, { headers, body }, aborted) => {
      const answer = await fetch(url, {
        method: 'POST',
        headers,
        body,
        signal: aborted,
        redirect: 'manual',
      })
      const retryAfter = answer.headers.get('retry-after')
      return { status: answer.status, ...(retryAfter === null ? {} : { retryAfter }) }
    },
    clock,
  })
const context = (): AlarmContext => ({
  store: store.alarms,
  clock,
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  emit: (event) => events.push(event),
  receivers: () => [webhook()],
  service: () => 'https://eg.example.com',
})
const lapsed = (step = 0): Assessment['conditions'][number] => ({
  key: 'grant_lapsed:csp',
  kind: 'grant_lapsed',
  subject: 'csp',
  severity: 'critical',
  title: `lapsed ${step}`,
  detail: 'It was revoked.',
  remedy: 'Consent again.',
  since: 1,
  step,
})
const evaluate = async (conditions: Assessment['conditions'], isOver = true): Promise<number> =>
  await evaluateAlarms(context(), async () => ({ conditions, isOver: () => isOver }))
const deliver = async (): Promise<void> => {
  const failing = new Set<string>()
  while ((await deliverAlarms(context(), { giveUpAfterMs, signal, failing })).more);
}
const sent = (): readonly string[] =>
  server.calls.map(({ body }) => {
    const { type, alarm } = JSON.parse(body) as { type: string; alarm: { title: string } }
    return `${type}: ${alarm.title}`
  })
const typesOf = (): readonly string[] => events.map(({ type }) => type)

describe('an alarm', () => {
  it('is told once while it lasts, and once when it is over', async () => {
    expect(await evaluate([lapsed()])).toBe(1)
    expect(await evaluate([lapsed()])).toBe(1)
    await deliver()
    await clock.advance(1)
    expect(await evaluate([], false)).toBe(1)
    expect(await evaluate([])).toBe(0)
    expect(await evaluate([])).toBe(0)
    await deliver()
    expect(sent()).toEqual(['alarm.raised: lapsed 0', 'alarm.recovered: lapsed 0'])
    expect(typesOf()).toEqual([
      'alarm.raised',
      'alarm.delivered',
      'alarm.recovered',
      'alarm.delivered',
    ])
  })

  it('is told anew at each threshold, and not when one is taken back', async () => {
    await evaluate([lapsed(30)])
    for (const step of [14, 14, 30, 30, 14, 0]) {
      await clock.advance(1)
      await evaluate([lapsed(step)])
    }
    await deliver()
    expect(sent()).toEqual([30, 14, 14, 0].map((step) => `alarm.raised: lapsed ${step}`))
  })
})

describe('a message', () => {
  it('comes again after a pause that grows, in order and with the same id', async () => {
    server.answer({ status: 503 })
    server.answer({ status: 500 })
    await evaluate([lapsed()])
    await deliver()
    await clock.advance(1)
    await evaluate([])
    await deliver()
    expect(sent()).toHaveLength(1)
    const [failed] = events.filter((event) => event.type === 'alarm.delivery_failed')
    expect(failed).toMatchObject({ attempt: 1, detail: 'it answered 503' })
    const pauseMs = (failed?.retryAt ?? 0) - (failed?.at ?? 0)
    expect(pauseMs).toBeGreaterThanOrEqual(5_000)
    expect(pauseMs).toBeLessThanOrEqual(10_000)
    await clock.advance(10_000)
    await deliver()
    await clock.advance(20_000)
    await deliver()
    await deliver()
    expect(sent()).toEqual([
      ...Array<string>(3).fill('alarm.raised: lapsed 0'),
      'alarm.recovered: lapsed 0',
    ])
    const ids = server.calls.map(({ headers }) => headers['evergrant-delivery'])
    expect(new Set(ids.slice(0, 3)).size).toBe(1)
  })

  it('waits for as long as the receiver asked', async () => {
    server.answer({ status: 429, headers: { 'retry-after': '900' } })
    await evaluate([lapsed()])
    await deliver()
    await clock.advance(899_000)
    await deliver()
    expect(sent()).toHaveLength(1)
    await clock.advance(1_000)
    await deliver()
    expect(sent()).toHaveLength(2)
  })

  it('to a receiver that fails does not keep others waiting, however many there are', async () => {
    let tries = 0
    const bad: Receiver = {
      key: 'bad',
      label: 'bad',
      send: async () => {
        tries++
        return { kind: 'failed', detail: 'it took too long' }
      },
    }
    const both = { ...context(), receivers: () => [bad, webhook()] }
    const conditions = Array.from({ length: 100 }, (_, index) => ({
      ...lapsed(),
      key: `grant_lapsed:c${index}`,
    }))
    await evaluateAlarms(both, async () => ({ conditions, isOver: () => true }))
    const failing = new Set<string>()
    while ((await deliverAlarms(both, { giveUpAfterMs, signal, failing })).more);
    expect(server.calls).toHaveLength(100)
    expect(tries).toBeLessThanOrEqual(20)
    // Left alone for this round only.
    const before = tries
    await deliverAlarms(both, { giveUpAfterMs, signal, failing: new Set() })
    expect(tries).toBeGreaterThan(before)
  })

  it('does not follow a redirect', async () => {
    server.answer({ status: 307, headers: { location: `${server.url}/elsewhere` } })
    await evaluate([lapsed()])
    await deliver()
    expect(sent()).toHaveLength(1)
    expect(events.at(-1)).toMatchObject({ detail: expect.stringContaining('redirects') as string })
  })

  it('is given up in the end, which is told', async () => {
    await evaluate([lapsed()])
    for (let tries = 0; tries < 20; tries++) {
      server.answer({ status: 500 })
      await deliver()
      await clock.advance(1_200_000)
    }
    expect(typesOf()).toContain('alarm.delivery_dead')
    const [listed] = await store.alarms.listAlarms({ limit: 1 })
    expect(listed?.deliveries).toEqual({ waiting: 0, delivered: 0, dead: 1 })
    expect(server.calls.length).toBeLessThan(20)
  })

  it('that was being sent when the process ended comes once its lease is over', async () => {
    await evaluate([lapsed()])
    server.answer({ status: 200, isSilent: true })
    const ending = new AbortController()
    const delivering = deliverAlarms(context(), {
      giveUpAfterMs,
      signal: ending.signal,
      failing: new Set(),
    })
    await server.whenCalled(1)
    ending.abort(new Error('the service is being stopped'))
    await delivering
    await deliver()
    expect(sent()).toHaveLength(1)
    await clock.advance(60_000)
    await deliver()
    expect(sent()).toHaveLength(2)
    expect(typesOf()).toEqual(['alarm.raised', 'alarm.delivered'])
  })

  it('to a receiver that is configured no more is dropped in the end', async () => {
    await evaluate([lapsed()])
    await clock.advance(giveUpAfterMs + 61_000)
    const nobody = { ...context(), receivers: () => [] }
    await deliverAlarms(nobody, { giveUpAfterMs, signal, failing: new Set() })
    expect(events.at(-1)).toMatchObject({ type: 'alarm.deliveries_dropped', count: 1 })
    await deliver()
    expect(sent()).toEqual([])
  })
})
