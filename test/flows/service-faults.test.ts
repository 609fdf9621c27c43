import { readFile, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startApi, type TestApi } from '../support/gateway-fixture.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'
import { createSkippingClock, type SkippingClock } from '../support/skipping-clock.ts'

/** An API that holds its answers back while it is told to, and knows what it was sent. */
interface HoldingApi extends TestApi {
  readonly seen: readonly string[]
  isHolding: boolean
  /** Resolves once so many calls are held. */
  holds(count: number): Promise<void>
  release(): void
}

async function startHoldingApi(name: string): Promise<HoldingApi> {
  const seen: string[] = []
  const held: ServerResponse[] = []
  let look = (): void => {}
  const api = await startApi((request, response) => {
    seen.push(request.headers.authorization ?? '')
    if (!state.isHolding) return void response.end(name)
    held.push(response)
    look()
  })
  const state: HoldingApi = Object.assign(api, {
    seen,
    isHolding: false,
    holds: (count: number) =>
      new Promise<void>((resolve) => {
        look = () => {
          if (held.length >= count) resolve()
        }
        look()
      }),
    release: () => {
      state.isHolding = false
      for (const response of held.splice(0)) response.end(name)
    },
  })
  return state
}

let clock: SkippingClock
let old: HoldingApi
let next: HoldingApi
let fixture: ServiceFixture
let key: string

beforeEach(async () => {
  clock = createSkippingClock()
  old = await startHoldingApi('old')
  next = await startHoldingApi('next')
  fixture = await startService({
    workspace: { clock },
    serving: { clock },
    prepare: async ({ configPath }) => {
      const text = await readFile(configPath, 'utf8')
      const more = `    upstream: { url: "${old.url}", resource: https://graph.microsoft.com }\nserver: { limits: { concurrency: 400 } }\n`
      await writeFile(configPath, text + more)
    },
  })
  key = await fixture.addCaller('crm')
})
afterEach(async () => {
  old.release()
  next.release()
  await fixture.close()
  await old[Symbol.asyncDispose]()
  await next[Symbol.asyncDispose]()
})

interface Told {
  readonly status: number
  readonly text: string
  readonly retryAfter: number
}

async function call(): Promise<Told> {
  const answer = await fetch(`${fixture.url}/proxy/contoso-graph/users`, {
    headers: { authorization: `Bearer ${key}` },
  })
  const text = await answer.text()
  return { status: answer.status, text, retryAfter: Number(answer.headers.get('retry-after')) }
}

const calls = (count: number): Promise<Told>[] => Array.from({ length: count }, call)

/** How many answers were alike. */
function tally(answers: readonly Told[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { status, text } of answers) {
    const what = status === 200 ? text : (JSON.parse(text) as { code: string }).code
    counts[what] = (counts[what] ?? 0) + 1
  }
  return counts
}

/** Replaces a part of the configuration and has it taken over. */
async function reload(...changes: readonly (readonly [string, string])[]): Promise<void> {
  const { configPath } = fixture.workspace
  let text = await readFile(configPath, 'utf8')
  for (const [before, after] of changes) text = text.replace(before, after)
  await writeFile(configPath, text)
  await fixture.serving.reload()
}

describe('a configuration that is read again under load', () => {
  it('fails no call: old ones finish where they began, new ones go to the new url, limits hold', async () => {
    old.isHolding = true
    const before = calls(200)
    await old.holds(200)
    await reload([old.url, next.url], ['concurrency: 400', 'concurrency: 250'])
    next.isHolding = true
    const after = calls(50)
    await next.holds(50)
    // The old ones count as well: the limit is the caller's, not the definition's.
    expect(tally(await Promise.all(calls(10)))).toEqual({ caller_throttled: 10 })
    old.release()
    expect(tally(await Promise.all(before))).toEqual({ old: 200 })
    const more = calls(210)
    await next.holds(250)
    next.release()
    expect(tally(await Promise.all(after))).toEqual({ next: 50 })
    expect(tally(await Promise.all(more))).toEqual({ next: 200, caller_throttled: 10 })
    expect(old.seen).toHaveLength(200)
  })

  it('changes nothing when it is refused', async () => {
    const { configPath } = fixture.workspace
    const good = await readFile(configPath, 'utf8')
    old.isHolding = true
    const running = calls(100)
    await old.holds(100)
    const both = [
      [old.url, next.url],
      ['concurrency: 400', 'concurrency: 1'],
    ] as const
    await expect(reload(...both, ['server: {', 'nonsense: 1\nserver: {'])).rejects.toMatchObject({
      code: 'config_invalid',
    })
    await writeFile(configPath, good)
    await expect(
      reload(...both, ['server: {', 'server: { listen: "127.0.0.1:1",']),
    ).rejects.toMatchObject({ code: 'reload_needs_restart' })
    await writeFile(configPath, good)
    const more = calls(50)
    await old.holds(150)
    old.release()
    expect(tally(await Promise.all([...running, ...more]))).toEqual({ old: 150 })
    expect(next.seen).toEqual([])
  })
})

describe('a token that has expired while the provider is down', () => {
  it('is never sent: 503 and when to come back; then all is well by itself', async () => {
    expect(await call()).toMatchObject({ status: 200, text: 'old' })
    const { control, events } = fixture.workspace.simulator
    let asked = 0
    events.on(({ type }) => {
      if (type === 'simulator.fault_applied') asked++
    })
    const match = { kind: 'token', times: Infinity } as const
    const fault = control.addFault({ match, effect: { kind: 'reset' } })
    clock.skip(2 * 3_600_000)
    const refused = await Promise.all(calls(100))
    expect(tally(refused)).toEqual({ token_unavailable: 100 })
    for (const { status, retryAfter } of refused) {
      expect(status).toBe(503)
      expect(retryAfter).toBeGreaterThan(0)
    }
    expect(old.seen).toHaveLength(1)
    // A hundred callers are no reason to ask a provider that is down more than now and then.
    expect(asked).toBeLessThan(5)
    fault.remove()
    clock.skip(Math.max(...refused.map(({ retryAfter }) => retryAfter)) * 1_000)
    expect(tally(await Promise.all(calls(100)))).toEqual({ old: 100 })
    const [dead, ...living] = old.seen
    expect(new Set(living).size).toBe(1)
    expect(living).not.toContain(dead)
  })
})
