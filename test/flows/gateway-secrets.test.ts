import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { issue } from '../support/fake-token-endpoint.ts'
import { startApi, startGateway, settingsFor, callerKey } from '../support/gateway-fixture.ts'

/** Where an API, or a caller, puts something that no trace may show. */
interface Plan {
  readonly hidden: string
  readonly status: number
  readonly shape: 'json' | 'nested' | 'form' | 'xml' | 'text' | 'header' | 'binary'
  readonly isZipped: boolean
  readonly method: 'GET' | 'POST'
  readonly where: 'header' | 'query' | 'cookie' | 'json' | 'form'
}

const plans: fc.Arbitrary<Plan> = fc.record({
  hidden: fc.string({ unit: fc.constantFrom(...'QZJXV'.split('')), minLength: 24, maxLength: 80 }),
  status: fc.constantFrom(200, 204, 400, 401, 403, 500, 503),
  shape: fc.constantFrom('json', 'nested', 'form', 'xml', 'text', 'header', 'binary'),
  isZipped: fc.boolean(),
  method: fc.constantFrom('GET', 'POST'),
  where: fc.constantFrom('header', 'query', 'cookie', 'json', 'form'),
})

/** What an API says that was sent a token and knows a secret. */
function answerOf({ shape, hidden }: Plan, token: string): readonly [type: string, body: string] {
  const text = `access token expired: ${token}`
  switch (shape) {
    case 'json':
      return ['application/json', JSON.stringify({ note: text, refresh_token: hidden })]
    case 'nested':
      return ['application/json', JSON.stringify({ note: JSON.stringify({ token, pwd: hidden }) })]
    case 'form':
      return [
        'application/x-www-form-urlencoded',
        `error=${encodeURIComponent(text)}&secret=${hidden}`,
      ]
    case 'xml':
      return ['text/xml; charset=utf-8', `<e><m>${text}</m><sessionId>${hidden}</sessionId></e>`]
    case 'text':
      return ['text/plain', `Authorization: Bearer ${token}\npassword=${hidden}`]
    case 'header':
      return ['application/json', '{"error":"access token expired"}']
    case 'binary':
      return ['application/octet-stream', `${token} ${hidden}`]
  }
}

it('no trace, event or count shows a planted secret, with bodies kept or not', async () => {
  let plan: Plan | undefined
  await using api = await startApi((request, response) => {
    request.resume()
    const { shape, status, hidden, isZipped } = plan as Plan
    const token = request.headers.authorization?.slice(7) ?? ''
    const [type, text] = answerOf(plan as Plan, token)
    const body = isZipped ? gzipSync(text) : Buffer.from(text)
    response.writeHead(status, {
      'content-type': type,
      ...(isZipped ? { 'content-encoding': 'gzip' } : {}),
      'set-cookie': `session=${hidden}`,
      'x-api-secret': hidden,
      ...(shape === 'header'
        ? { 'www-authenticate': `Bearer error="invalid_token", error_description="${token}"` }
        : {}),
    })
    response.end(status === 204 ? undefined : body)
  })
  let isKeeping = false
  await using fixture = await startGateway(
    {
      '': settingsFor(api.url, {
        rejected: [{ name: 'told', status: [500, 400], text: 'access token expired' }],
        normalise: false,
      }),
    },
    { captures: { isOn: (name) => isKeeping && name === 'api' } },
  )
  const issued: string[] = []
  fixture.engine.endpoint.answer = (request) => {
    const token = randomBytes(48).toString(issued.length % 2 === 0 ? 'base64' : 'base64url')
    issued.push(token)
    return issue(request, 3_600, { access_token: token })
  }
  let judged = 0
  let captured = 0
  await fc.assert(
    fc.asyncProperty(plans, fc.boolean(), async (one, keeps) => {
      plan = one
      isKeeping = keeps
      const { hidden, method, where } = one
      const isForm = where === 'form'
      await fixture.call(`/proxy/api/orders${where === 'query' ? `?sig=${hidden}&page=2` : ''}`, {
        method,
        headers: {
          'evergrant-key': callerKey,
          ...(where === 'header' ? { 'x-secret': hidden } : {}),
          ...(where === 'cookie' ? { cookie: `a=${hidden}` } : {}),
          'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
        },
        ...(method === 'POST'
          ? {
              body: isForm
                ? `client_secret=${hidden}&a=1`
                : JSON.stringify({ password: hidden, a: 1 }),
            }
          : {}),
      })
      await expect.poll(() => fixture.gateway.calls, { interval: 1 }).toBe(0)
      const traces = fixture.traces.takeBatch(10)
      expect(traces).toHaveLength(1)
      const text = JSON.stringify([traces, fixture.events])
      expect(text).not.toContain(hidden)
      expect(text).not.toContain(callerKey)
      for (const token of issued) expect(text).not.toContain(token)
      const [trace] = traces
      if (trace?.steps.some(({ step }) => step === 'judged')) judged++
      if (trace?.bodies !== undefined) captured++
      expect(trace?.bodies === undefined).toBe(!keeps || (method === 'GET' && one.status === 204))
    }),
    { numRuns: 120 },
  )
  // The property would hold of a gateway that looks at nothing.
  expect(judged).toBeGreaterThan(10)
  expect(captured).toBeGreaterThan(10)
})

it('an answer that quotes the token before its own shows neither', async () => {
  const seen: string[] = []
  await using api = await startApi((request, response) => {
    request.resume()
    seen.push(request.headers.authorization?.slice(7) ?? '')
    const quoted = `Bearer error="invalid_token", error_description="${seen.join(' ')}"`
    response.writeHead(seen.length === 1 ? 401 : 403, {
      'content-type': 'text/plain',
      'www-authenticate': quoted,
    })
    response.end(seen.join(' '))
  })
  await using fixture = await startGateway(
    { '': settingsFor(api.url) },
    { captures: { isOn: () => true } },
  )
  fixture.engine.endpoint.answer = (request) =>
    issue(request, 3_600, { access_token: randomBytes(48).toString('base64url') })
  await fixture.call('/proxy/api/orders', { headers: { 'evergrant-key': callerKey } })
  await expect.poll(() => fixture.gateway.calls, { interval: 1 }).toBe(0)
  const [trace] = fixture.traces.takeBatch(10)
  expect(trace?.bodies?.response).toBe('[redacted] [redacted]')
  expect(seen).toHaveLength(2)
  for (const token of seen) expect(JSON.stringify(trace)).not.toContain(token)
})

it('a captured call shows both answers and the request, masked', async () => {
  let calls = 0
  await using api = await startApi((request, response) => {
    const token = request.headers.authorization ?? ''
    request.resume().on('end', () => {
      calls++
      response.writeHead(calls === 1 ? 401 : 200, { 'content-type': 'application/json' })
      response.end(calls === 1 ? JSON.stringify({ error: `${token} expired` }) : '{"id":7}')
    })
  })
  await using fixture = await startGateway(
    { '': settingsFor(api.url) },
    { captures: { isOn: () => true } },
  )
  const got = await fixture.call('/proxy/api/orders', {
    method: 'PUT',
    headers: { 'evergrant-key': callerKey, 'content-type': 'application/json' },
    body: '{"a":1,"api_key":"abc"}',
  })
  expect(got.status).toBe(200)
  await expect.poll(() => fixture.gateway.calls, { interval: 1 }).toBe(0)
  const [trace] = fixture.traces.takeBatch(10)
  expect(trace?.bodies).toEqual({
    request: '{"a":1,"api_key":"[redacted]"}',
    refused: '{"error":"Bearer [redacted] expired"}',
    response: '{"id":7}',
  })
  const [received, ...others] = trace?.steps ?? []
  expect(received).toMatchObject({
    step: 'received',
    detail: { headers: expect.stringContaining('evergrant-key: (withheld)') as string },
  })
  const answered = others.filter(({ step }) => step === 'answered')
  expect(answered).toHaveLength(2)
  for (const { detail } of answered) {
    expect(detail['headers']).toContain('content-type: application/json')
  }
})
