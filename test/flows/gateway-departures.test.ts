import { once } from 'node:events'
import { request as httpRequest, type ClientRequest } from 'node:http'
import type { IncomingMessage, RequestListener } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  callerKey,
  settingsFor,
  startApi,
  startGateway,
  type GatewayFixture,
} from '../support/gateway-fixture.ts'

const key = `evergrant-key: ${callerKey}\r\n`
const rule = { name: 'expired', status: [403], text: 'expired' }

function begin(gateway: GatewayFixture, method = 'GET', headers = {}): ClientRequest {
  const sent = httpRequest(`${gateway.url}/proxy/api/x`, {
    agent: false,
    method,
    headers: { 'evergrant-key': callerKey, ...headers },
  })
  sent.on('error', () => {})
  if (method === 'GET') sent.end()
  return sent
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** One place to hold a call up at. */
function gate() {
  const reached = Promise.withResolvers<undefined>()
  const go = Promise.withResolvers<undefined>()
  return { reached, go, hold: (): Promise<undefined> => (reached.resolve(undefined), go.promise) }
}

/** The answers of an API, one request after the other; the last of them for all that follow. */
function answering(...answers: readonly RequestListener[]): RequestListener {
  let count = 0
  return (request, response) => {
    const answer = answers[Math.min(count++, answers.length - 1)] as RequestListener
    request.resume()
    answer(request, response)
  }
}

const fine: RequestListener = (_request, response) => response.end('fine')
const refuses: RequestListener = (_request, response) => response.writeHead(401).end('{}')

/** Leaves a call where `reach` resolves, and sees that nothing of it is left. */
async function leaveAt(
  gateway: GatewayFixture,
  reach: (sent: ClientRequest) => Promise<unknown>,
): Promise<readonly string[]> {
  const sent = begin(gateway)
  await reach(sent)
  sent.destroy()
  await gateway.quiet()
  const traces = gateway.traces.takeBatch(10)
  expect(traces).toMatchObject([{ outcome: 'aborted' }])
  return traces[0]?.steps.map(({ step }) => step) ?? []
}

describe('a caller that leaves', () => {
  /** The only connection to the API serves the next call, or another one does. */
  async function isWell(gateway: GatewayFixture): Promise<void> {
    const got = await gateway.call('/proxy/api/x')
    expect([got.status, got.text]).toEqual([200, 'fine'])
    await gateway.quiet()
    gateway.traces.takeBatch(10)
  }

  it('while its token is fetched is forgotten, and the token serves the next', async () => {
    const { hold, reached, go } = gate()
    await using api = await startApi(fine)
    await using gateway = await startGateway({ '': settingsFor(api.url, { concurrency: 1 }) })
    const { endpoint } = gateway.engine
    const { answer } = endpoint
    endpoint.answer = async (request) => (await hold(), answer(request))
    expect(await leaveAt(gateway, () => reached.promise)).not.toContain('token')
    go.resolve(undefined)
    await isWell(gateway)
    expect(endpoint.requests).toHaveLength(1)
  })

  it('while it waits for a connection leaves the line', async () => {
    const { hold, reached, go } = gate()
    const seen: string[] = []
    await using api = await startApi((request, response) => {
      seen.push(request.method ?? '')
      if (seen.length > 1) return void response.end('fine')
      void hold().then(() => response.end('fine'))
    })
    await using gateway = await startGateway({ '': settingsFor(api.url) }, { connections: 1 })
    const first = gateway.call('/proxy/api/x')
    await reached.promise
    const [socket] = api.sockets
    for (let n = 0; n < 3; n++) {
      const sent = begin(gateway)
      while (gateway.gateway.calls < 2) await turn()
      sent.destroy()
      while (gateway.gateway.calls > 1) await turn()
    }
    go.resolve(undefined)
    expect((await first).text).toBe('fine')
    await gateway.quiet()
    const outcomes = gateway.traces.takeBatch(10).map(({ outcome }) => outcome)
    expect(outcomes.toSorted()).toEqual(['aborted', 'aborted', 'aborted', 'served'])
    await isWell(gateway)
    expect(seen).toHaveLength(2)
    expect([...api.sockets]).toEqual([socket])
  })

  it('while it is replayed, or its token renewed, ends what is under way', async () => {
    for (const stage of ['renewal', 'replay']) {
      const { hold, reached, go } = gate()
      const silent: RequestListener = () => void hold()
      const answers = stage === 'renewal' ? [refuses, fine] : [refuses, silent, fine]
      await using api = await startApi(answering(...answers))
      const settings = settingsFor(api.url, { concurrency: 1 })
      await using gateway = await startGateway({ '': settings }, { connections: 1 })
      const { endpoint } = gateway.engine
      const { answer } = endpoint
      endpoint.answer = async (request) => {
        if (stage === 'renewal' && endpoint.requests.length === 2) await hold()
        return answer(request)
      }
      const steps = await leaveAt(gateway, () => reached.promise)
      expect(steps.includes('replayed')).toBe(stage === 'replay')
      go.resolve(undefined)
      await isWell(gateway)
      expect(endpoint.requests).toHaveLength(2)
    }
  })

  it('while its answer is looked at, waited for or passed on ends the connection to the API', async () => {
    for (const stage of ['head', 'peek', 'body', 'refusal'] as const) {
      const { hold, reached } = gate()
      const gone = Promise.withResolvers<undefined>()
      let timers = 0
      const halts: RequestListener = (_request, response) => {
        response.on('close', () => gone.resolve(undefined))
        timers = gateway.engine.clock.pending()
        if (stage === 'peek') response.writeHead(403).write('some')
        else if (stage === 'body') response.write('some')
        else if (stage === 'refusal') response.writeHead(401).write('some')
        void hold()
      }
      const answers = stage === 'refusal' ? [refuses, halts, fine] : [halts, fine]
      await using api = await startApi(answering(...answers))
      const settings = settingsFor(api.url, { concurrency: 1, rejected: [rule] })
      await using gateway = await startGateway({ '': settings }, { connections: 1 })
      const steps = await leaveAt(gateway, async (sent) => {
        const { clock } = gateway.engine
        const response = once(sent, 'response')
        response.catch(() => {})
        await reached.promise
        if (stage === 'head') return
        if (stage !== 'body') while (clock.pending() === timers) await turn()
        if (stage === 'peek') return
        await clock.advance(200)
        const [answer] = (await response) as [IncomingMessage]
        answer.on('error', () => {})
        await once(answer, 'data')
      })
      expect(steps.includes('answered')).toBe(stage !== 'head')
      expect(steps.filter((step) => step === 'judged').length).toBe(stage === 'refusal' ? 2 : 0)
      await gone.promise
      await isWell(gateway)
    }
  })

  it('takes all calls with it that wait for their turn on its connection', async () => {
    const { hold, reached } = gate()
    await using api = await startApi((request) => {
      request.resume()
      void hold()
    })
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    const socket = connect(gateway.port, '127.0.0.1')
    socket.on('error', () => {})
    const get = `GET /proxy/api/x HTTP/1.1\r\nhost: a\r\n${key}\r\n`
    const post = `POST /proxy/api/x HTTP/1.1\r\nhost: a\r\n${key}content-length: 2\r\n\r\nhi`
    socket.write(`${get}${post}${get}${post}`)
    await reached.promise
    while (gateway.gateway.calls < 4) await turn()
    socket.destroy()
    await gateway.quiet()
    const outcomes = gateway.traces.takeBatch(10).map(({ outcome }) => outcome)
    expect(outcomes).toEqual(['aborted', 'aborted', 'aborted', 'aborted'])
  })
})

describe('a caller that stops', () => {
  it('reading is left, and memory stays bounded meanwhile', async () => {
    let written = 0
    const piece = Buffer.alloc(65_536)
    await using api = await startApi((_request, response) => {
      const write = (): void => {
        do written += piece.length
        while (response.write(piece))
      }
      response.on('drain', write)
      write()
    })
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    const socket = connect(gateway.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.pause()
    socket.write(`GET /proxy/api/x HTTP/1.1\r\nhost: a\r\n${key}\r\n`)
    // Until nothing moves any more.
    for (let still = 0, before = 0; still < 8; before = written) {
      await wait(15)
      still = written > 0 && written === before ? still + 1 : 0
    }
    expect(written).toBeLessThan(32 * 1024 * 1024)
    await gateway.engine.clock.advance(61_000)
    await gateway.quiet()
    socket.destroy()
    const [trace] = gateway.traces.takeBatch(10)
    expect(trace).toMatchObject({ outcome: 'aborted', status: 200 })
    expect(trace).not.toHaveProperty('code')
  })

  it('sending its body is answered by 408 when it was silent for too long, and its connection ends', async () => {
    const { hold, reached } = gate()
    await using api = await startApi((request, response) => {
      if (request.method === 'GET') response.end()
      request.once('data', () => void hold())
    })
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    const { clock } = gateway.engine
    // So that there is a token: it takes no time of this clock.
    await gateway.call('/proxy/api/x')
    gateway.traces.takeBatch(1)
    for (const length of [10, 100_000]) {
      const socket = connect(gateway.port, '127.0.0.1')
      let got = ''
      socket.on('error', () => {})
      socket.on('data', (data: Buffer) => (got += data.toString()))
      const head = `POST /proxy/api/x HTTP/1.1\r\nhost: a\r\n${key}content-length: ${length}\r\n\r\n`
      socket.write(`${head}a`)
      if (length > 10) await reached.promise
      while (gateway.gateway.calls === 0) await turn()
      // Slowly, but it goes on.
      for (let n = 0; n < 3; n++) {
        await clock.advance(50_000)
        socket.write('b')
        // What was written before is read by then.
        await gateway.call('/proxy/api/x')
      }
      expect(got).toBe('')
      const closed = new Promise((resolve) => socket.once('close', resolve))
      await clock.advance(61_000)
      await closed
      expect(got).toMatch(/^HTTP\/1\.1 408 [\s\S]*request_timeout/)
      await gateway.quiet()
      const posts = gateway.traces.takeBatch(10).filter(({ method }) => method === 'POST')
      expect(posts).toMatchObject([{ outcome: 'failed', code: 'request_timeout' }])
    }
  })
})
