import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startSimulator, type Fault, type Simulator } from './index.ts'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator({
    tenants: [
      { id: '11111111-2222-4333-8444-555555555555', users: 5, rotation: { model: 'strict' } },
    ],
  })
})
beforeEach(() => simulator.control.reset())
afterAll(() => simulator.close())

async function ask(
  fields: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<Response> {
  const url = `${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`
  const body = new URLSearchParams({
    client_id: simulator.client.id,
    client_secret: simulator.client.secret,
    scope: 'https://graph.microsoft.com/.default',
    ...fields,
  })
  return fetch(url, { method: 'POST', body, ...(signal === undefined ? {} : { signal }) })
}

const refresh = (token: string, signal?: AbortSignal): Promise<Response> =>
  ask({ grant_type: 'refresh_token', refresh_token: token }, signal)
const match = { kind: 'token', grantType: 'refresh_token' } as const

test.each<[Fault, string]>([
  [{ effect: { kind: 'truncate' }, when: 'before' }, '"when"'],
  [{ effect: { kind: 'reset' }, when: 'now' as 'before' }, '"when"'],
  [{ effect: { kind: 'aadsts', code: 1.5 } }, '"effect.code"'],
])('the fault %j is refused, naming %s', (fault, field) => {
  expect(() => simulator.control.addFault(fault)).toThrow(field)
})

test('a reset before processing spends nothing, one after it spends the token', async () => {
  const token = simulator.control.issueRefreshToken()
  simulator.control.addFault({ match, effect: { kind: 'reset' } })
  await expect(refresh(token)).rejects.toThrow('fetch failed')
  simulator.control.addFault({ match, effect: { kind: 'reset' }, when: 'after' })
  await expect(refresh(token)).rejects.toThrow('fetch failed')
  expect((await refresh(token)).status).toBe(400)
  expect(simulator.stats()).toMatchObject({ reuseDetected: 1, tokensIssued: 1 })
  expect(simulator.control.tokenRequests()).toMatchObject([
    { outcome: 'pending', answer: 'reset', fault: 'reset' },
    { outcome: 'issued', answer: 'reset', fault: 'reset' },
    { outcome: 'refused', isReuseDetected: true, answer: 400 },
  ])
})

test('any answer can take the place of the right one after the token was spent', async () => {
  const token = simulator.control.issueRefreshToken()
  simulator.control.addFault({ match, effect: { kind: 'status', status: 503 }, when: 'after' })
  expect((await refresh(token)).status).toBe(503)
  expect(simulator.stats().tokensIssued).toBe(1)
  expect((await refresh(token)).status).toBe(400)
})

test.each<readonly [Fault['effect'], number, string]>([
  [{ kind: 'status', status: 500 }, 500, '"server_error"'],
  [{ kind: 'status', status: 504, retryAfter: 3 }, 504, '"temporarily_unavailable"'],
  [{ kind: 'html' }, 200, '<html>'],
  [{ kind: 'garbage' }, 200, '{"'],
  [{ kind: 'text429' }, 429, 'Too Many Requests'],
  [{ kind: 'ok_with_error_body' }, 200, '"error":"temporarily_unavailable"'],
  [{ kind: 'aadsts', code: 90055, retryAfter: 9 }, 429, 'AADSTS90055'],
  [{ kind: 'aadsts', code: 53003 }, 400, 'capolids'],
  [{ kind: 'aadsts', code: 50076 }, 400, 'polids'],
  [{ kind: 'aadsts', code: 700082 }, 400, '"suberror":"bad_token"'],
  [{ kind: 'aadsts', code: 12345, error: 'odd', status: 418 }, 418, '"error":"odd"'],
])('%j answers %i', async (effect, status, piece) => {
  simulator.control.addFault({ match: { kind: 'token' }, effect })
  const response = await ask({ grant_type: 'client_credentials' })
  expect(response.status).toBe(status)
  expect(await response.text()).toContain(piece)
  const retryAfter = 'retryAfter' in effect ? String(effect.retryAfter) : null
  expect(response.headers.get('retry-after')).toBe(effect.kind === 'text429' ? '60' : retryAfter)
})

test('a truncated answer comes after the token was spent', async () => {
  const token = simulator.control.issueRefreshToken()
  simulator.control.addFault({ match, effect: { kind: 'truncate' } })
  await expect((await refresh(token)).text()).rejects.toThrow('terminated')
  expect((await refresh(token)).status).toBe(400)
})

test('a fault for one grant type or client leaves the others alone', async () => {
  const effect = { kind: 'status', status: 500 } as const
  const fault = simulator.control.addFault({ match, effect })
  simulator.control.addFault({ match: { kind: 'token', clientId: 'other' }, effect })
  expect((await ask({ grant_type: 'client_credentials' })).status).toBe(200)
  expect(fault.state().matched).toBe(0)
  expect((await refresh(simulator.control.issueRefreshToken())).status).toBe(500)
})

test('requests wait at a gate, before or after they are processed, until released', async () => {
  for (const when of ['before', 'after'] as const) {
    simulator.control.reset()
    const gate = simulator.control.addFault({
      match: { ...match, times: 12 },
      effect: { kind: 'hold' },
      when,
    })
    const answers = Array.from({ length: 12 }, () => refresh(simulator.control.issueRefreshToken()))
    await gate.happened(12)
    expect(gate.state()).toMatchObject({ applied: 12, holding: 12 })
    expect(simulator.stats().tokensIssued).toBe(when === 'before' ? 0 : 12)
    gate.release()
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(12).fill(200))
    expect((await refresh(simulator.control.issueRefreshToken())).status).toBe(200)
  }
})

test('a request held before processing is processed even when its client has left', async () => {
  const token = simulator.control.issueRefreshToken()
  const gate = simulator.control.addFault({ match, effect: { kind: 'hold' } })
  const leaving = new AbortController()
  const abandoned = refresh(token, leaving.signal).catch(() => 'left')
  await gate.happened()
  leaving.abort()
  expect(await abandoned).toBe('left')
  const answered = new Promise<void>((resolve) => {
    const stop = simulator.events.on((event) => {
      if (event.type !== 'simulator.request_answered') return
      stop()
      resolve()
    })
  })
  const response = await fetch(`${simulator.urls.http}/_control/release`, { method: 'POST' })
  expect(response.status).toBe(200)
  await answered
  expect(simulator.stats().tokensIssued).toBe(1)
  expect((await refresh(token)).status).toBe(400)
})

test('what is held before processing is judged by the time when it is let go', async () => {
  simulator.control.setRotation({ model: 'strict', graceSeconds: 30 })
  const token = simulator.control.issueRefreshToken()
  expect((await refresh(token)).status).toBe(200)
  const gate = simulator.control.addFault({ match, effect: { kind: 'hold' } })
  const late = refresh(token)
  await gate.happened()
  simulator.control.advanceClock(31_000)
  gate.release()
  expect((await late).status).toBe(400)
  expect(simulator.stats().reuseDetected).toBe(1)
})

test('clearing the faults lets held requests go, and so does closing', async () => {
  simulator.control.addFault({ match, effect: { kind: 'hold' } })
  const gate = simulator.control.addFault({ match, effect: { kind: 'hold' } })
  const held = refresh(simulator.control.issueRefreshToken())
  const second = refresh(simulator.control.issueRefreshToken())
  await gate.happened()
  simulator.control.clearFaults()
  expect([(await held).status, (await second).status]).toEqual([200, 200])
  const own = await startSimulator()
  const last = own.control.addFault({ effect: { kind: 'hold' } })
  const dropped = fetch(`${own.urls.http}/v1.0/users`).catch(() => 'dropped')
  await last.happened()
  await own.close()
  expect(await dropped).toBe('dropped')
})

test('a delay before processing delays the processing, one after it does not', async () => {
  const early = simulator.control.addFault({
    match,
    effect: { kind: 'hang', ms: 60 },
    when: 'before',
  })
  const answer = refresh(simulator.control.issueRefreshToken())
  await early.happened()
  expect(simulator.stats().tokensIssued).toBe(0)
  expect((await answer).status).toBe(200)
  const late = simulator.control.addFault({ match, effect: { kind: 'hang', ms: 60 } })
  const second = refresh(simulator.control.issueRefreshToken())
  await late.happened()
  expect(simulator.stats().tokensIssued).toBe(2)
  expect((await second).status).toBe(200)
})
