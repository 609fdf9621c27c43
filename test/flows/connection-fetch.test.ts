import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/kernel/index.ts'
import { createConnectionFetch, noteOf } from '../../src/server/connection-fetch.ts'
import { createOutbound } from '../../src/server/outbound.ts'
import { createEngineFixture, type EngineFixture } from '../support/engine-fixture.ts'
import { refuse } from '../support/fake-token-endpoint.ts'

interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** The bearer token; empty when there was none. */
  readonly token: string
}

type Script = (seen: Seen, response: ServerResponse) => void

interface Api {
  readonly url: string
  readonly seen: Seen[]
  script: Script
}

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** An API on loopback that answers 200 with the token it was shown, until told otherwise. */
async function startApi(
  script: Script = (seen, response) => response.end(seen.token),
): Promise<Api> {
  const api: { seen: Seen[]; script: Script } = { seen: [], script }
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming
      const token = headers.authorization?.replace(/^Bearer /, '') ?? ''
      const seen = { method, path: url, headers, body: Buffer.concat(chunks), token }
      api.seen.push(seen)
      api.script(seen, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  const { port } = server.address() as AddressInfo
  return Object.assign(api, { url: `http://127.0.0.1:${port}` })
}

/** Refuses the tokens named, as an API with RFC 6750 does; answers 200 to others. */
function refusing(...dead: string[]): Script {
  return ({ token }, response) => {
    if (!dead.includes(token)) return void response.end(token)
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
    response.writeHead(401, headers).end(`{"error":{"code":"InvalidAuthenticationToken"}}`)
  }
}

function connect(origins?: readonly string[]): EngineFixture & { readonly fetch: typeof fetch } {
  const fixture = createEngineFixture()
  const outbound = createOutbound({ clock: systemClock, env: {} })
  closing.push(() => outbound.close())
  const handle = fixture.connect()
  const made = createConnectionFetch(handle, {
    fetch: outbound.fetch,
    clock: fixture.clock,
    ...(origins === undefined ? {} : { origins }),
  })
  return { ...fixture, fetch: made }
}

describe('a call that is refused before it is sent', () => {
  it('has an Authorization header of its own, in whatever way', async () => {
    const api = await startApi()
    const { fetch } = connect()
    const headers = { authorization: 'Bearer mine' }
    const refusal = { code: 'usage', detail: expect.stringContaining('"Authorization"') as string }
    await expect(fetch(api.url, { headers })).rejects.toMatchObject(refusal)
    await expect(fetch(new Request(api.url, { headers }))).rejects.toMatchObject(refusal)
    expect(api.seen).toHaveLength(0)
  })

  it('goes to plain HTTP beyond loopback, or to an origin that is not permitted', async () => {
    const api = await startApi()
    const { fetch } = connect([`${api.url}/v1`])
    expect((await fetch(api.url)).status).toBe(200)
    await expect(fetch('https://elsewhere.example')).rejects.toMatchObject({ code: 'usage' })
    for (const url of ['http://elsewhere.example', 'ftp://127.0.0.1', 'http://127.0.0.1.example']) {
      await expect(connect().fetch(url)).rejects.toMatchObject({ code: 'usage' })
    }
  })

  it('finds no token, and says why', async () => {
    const api = await startApi()
    const { fetch, endpoint } = connect()
    endpoint.answer = () => refuse(401, 'invalid_client', 7000215)
    await expect(fetch(api.url)).rejects.toMatchObject({ code: 'client_rejected' })
    expect(api.seen).toHaveLength(0)
  })

  it('was aborted', async () => {
    const api = await startApi()
    const reason = new Error('enough')
    const { fetch } = connect()
    await expect(fetch(api.url, { signal: AbortSignal.abort(reason) })).rejects.toThrow('enough')
    expect(api.seen).toHaveLength(0)
  })
})

describe('a token that the API refuses', () => {
  it('is not sent again: the call gets the answer to a new one, whatever its method', async () => {
    const api = await startApi(refusing('token-1'))
    const { fetch } = connect()
    const answer = await fetch(api.url, { method: 'POST', body: 'once' })
    expect(await answer.text()).toBe('token-2')
    expect(noteOf(answer)).toEqual({ kind: 'replayed', because: 'renewed' })
    expect(api.seen.map(({ token, body }) => [token, body.toString()])).toEqual([
      ['token-1', 'once'],
      ['token-2', 'once'],
    ])
  })

  it('is renewed once for a thousand calls that met it, and each gets its answer', async () => {
    const api = await startApi(refusing('token-1'))
    const { fetch, endpoint } = connect()
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, async (_, i) => {
        const answer = await fetch(`${api.url}/${i}`)
        return [answer.status, await answer.text()]
      }),
    )
    expect(answers).toEqual(answers.map(() => [200, 'token-2']))
    expect(endpoint.requests).toHaveLength(2)
  })

  it('is renewed with the claims of a challenge', async () => {
    const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}'
    const api = await startApi((seen, response) => {
      if (seen.token !== 'token-1') return void response.end(seen.token)
      const challenge = `PoP, Bearer error="insufficient_claims", claims="${btoa(claims)}"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
    })
    const { fetch, endpoint } = connect()
    const answer = await fetch(api.url)
    expect(noteOf(answer)).toEqual({ kind: 'replayed', because: 'renewed_with_claims' })
    expect(endpoint.requests[1]?.form.get('claims')).toContain('"nbf"')
  })

  it('and a fresh one after it: the second refusal is the answer, and none is sent again', async () => {
    const api = await startApi(refusing('token-1', 'token-2'))
    const { fetch, endpoint } = connect()
    const answer = await fetch(api.url)
    expect(answer.status).toBe(401)
    expect(await answer.text()).toContain('InvalidAuthenticationToken')
    expect(noteOf(answer)?.kind).toBe('replayed')
    await endpoint.arrival(3)
    expect(await (await fetch(api.url)).text()).toBe('token-3')
    expect(api.seen.map(({ token }) => token)).toEqual(['token-1', 'token-2', 'token-3'])
  })

  it('and cannot be renewed: the API’s own answer is returned, with the reason beside it', async () => {
    const api = await startApi(refusing('token-1'))
    const { fetch, endpoint } = connect()
    expect(await (await fetch(api.url, { method: 'HEAD' })).text()).toBe('')
    endpoint.answer = () => refuse(401, 'invalid_client', 7000222)
    const other = await startApi(refusing('token-2'))
    const answer = await fetch(other.url)
    expect(answer.status).toBe(401)
    expect(await answer.json()).toEqual({ error: { code: 'InvalidAuthenticationToken' } })
    expect(noteOf(answer)).toMatchObject({
      kind: 'renewal_failed',
      error: { code: 'client_rejected' },
    })
  })
})

describe('a body', () => {
  const bytes = Uint8Array.from({ length: 5_000 }, (_, i) => i % 256)
  const form = new FormData()
  form.set('file', new Blob([bytes]), 'a.bin')
  it.each([
    ['text', 'häppy', Buffer.from('häppy')],
    ['bytes', bytes, Buffer.from(bytes)],
    ['a view', new DataView(bytes.buffer, 7, 100), Buffer.from(bytes.subarray(7, 107))],
    ['an ArrayBuffer', bytes.buffer, Buffer.from(bytes)],
    ['a Blob', new Blob([bytes]), Buffer.from(bytes)],
    ['parameters', new URLSearchParams({ a: 'b c' }), Buffer.from('a=b+c')],
    ['a form', form, undefined],
  ])('of %s is sent again as it was', async (_what, body, expected) => {
    const api = await startApi(refusing('token-1'))
    const { fetch } = connect()
    const answer = await fetch(api.url, { method: 'PUT', body })
    expect(answer.status).toBe(200)
    expect(api.seen).toHaveLength(2)
    for (const seen of api.seen) {
      const whole = seen.body.includes(Buffer.from(bytes))
      expect(expected === undefined ? whole : seen.body.equals(expected)).toBe(true)
    }
  })

  it('is sent again as it was when the call was made, not as its owner left it', async () => {
    const body = Buffer.from('first')
    const api = await startApi((seen, response) => {
      body.fill('x')
      refusing('token-1')(seen, response)
    })
    await connect().fetch(api.url, { method: 'PUT', body })
    expect(api.seen.map((seen) => seen.body.toString())).toEqual(['first', 'first'])
  })

  it.each([
    [
      'a stream',
      (url: string) => [url, { body: new Blob(['x']).stream(), duplex: 'half' }] as const,
    ],
    [
      'a Request’s',
      (url: string) => [new Request(url, { method: 'POST', body: 'x' }), {}] as const,
    ],
  ])(
    'of %s is gone: the refusal is the answer, and the next call fares better',
    async (_, args) => {
      const api = await startApi(refusing('token-1'))
      const { fetch } = connect()
      const [input, init] = args(api.url)
      const answer = await fetch(input, { method: 'POST', ...init })
      expect(answer.status).toBe(401)
      expect(await answer.json()).toEqual({ error: { code: 'InvalidAuthenticationToken' } })
      expect(noteOf(answer)).toEqual({ kind: 'replay_skipped', reason: 'body_not_replayable' })
      expect(await (await fetch(api.url)).text()).toBe('token-2')
    },
  )
})

describe('an answer', () => {
  it('that is not about the token is passed through, with the finding beside it', async () => {
    const api = await startApi((_seen, response) => {
      response.writeHead(403).end('{"error":{"code":"Authorization_RequestDenied"}}')
    })
    const { fetch, endpoint } = connect()
    const answer = await fetch(api.url)
    expect(await answer.text()).toContain('Authorization_RequestDenied')
    expect(noteOf(answer)).toMatchObject({ kind: 'not_about_token', reason: 'permission' })
    expect(endpoint.requests).toHaveLength(1)
  })

  it('that succeeds is the platform’s own, unread', async () => {
    const api = await startApi()
    const answer = await connect().fetch(new URL(`${api.url}/path?q=1`))
    expect(answer).toBeInstanceOf(Response)
    expect(answer).toMatchObject({ url: `${api.url}/path?q=1`, bodyUsed: false })
    expect(noteOf(answer)).toBeUndefined()
  })

  it('with a large body is judged by its beginning and then read to its end', async () => {
    const large = 'x'.repeat(3_000_000)
    const api = await startApi((_seen, response) => {
      response.writeHead(403).end(large)
    })
    const answer = await connect().fetch(api.url)
    expect((await answer.text()).length).toBe(large.length)
  })

  it('whose body stalls is judged after 200 ms by what came', async () => {
    const stalled = Promise.withResolvers<ServerResponse>()
    const api = await startApi((seen, response) => {
      if (seen.token !== 'token-1') return void response.end(seen.token)
      response.writeHead(401)
      response.write('{"error":')
      stalled.resolve(response)
    })
    const { fetch, clock } = connect()
    const calling = fetch(api.url)
    await stalled.promise
    const timer = new Promise<void>((resolve) => {
      const look = (): void => void (clock.pending() > 0 ? resolve() : setImmediate(look))
      look()
    })
    await timer
    await clock.advance(200)
    expect(await (await calling).text()).toBe('token-2')
  })

  it('of another origin after a redirect never saw the token, and says nothing of it', async () => {
    const other = await startApi((_seen, response) => void response.writeHead(401).end('stranger'))
    const api = await startApi((_seen, response) => {
      response.writeHead(307, { location: other.url }).end()
    })
    const { fetch, endpoint } = connect()
    const answer = await fetch(api.url)
    expect([answer.status, await answer.text()]).toEqual([401, 'stranger'])
    expect(api.seen[0]?.token).toBe('token-1')
    expect(other.seen[0]?.headers.authorization).toBeUndefined()
    expect(noteOf(answer)).toBeUndefined()
    expect(endpoint.requests).toHaveLength(1)
  })

  it('to a redirected POST is not asked for again: it may have been executed', async () => {
    const api = await startApi((seen, response) => {
      if (seen.method === 'POST') return void response.writeHead(303, { location: '/done' }).end()
      refusing('token-1')(seen, response)
    })
    const { fetch } = connect()
    const answer = await fetch(api.url, { method: 'POST', body: 'order' })
    expect(answer.status).toBe(401)
    expect(noteOf(answer)).toEqual({ kind: 'replay_skipped', reason: 'redirected' })
    expect(api.seen.map(({ method }) => method)).toEqual(['POST', 'GET'])
  })
})
