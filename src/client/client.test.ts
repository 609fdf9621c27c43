import { describe, expect, it } from 'vitest'
import { createManualClock } from '../kernel/index.ts'
import { createClientWith } from './client.ts'
import { EvergrantAnswerInvalid, EvergrantProblem } from './problem.ts'

interface Seen {
  readonly url: string
  readonly init: RequestInit | undefined
}

function make(answer: (seen: Seen, count: number) => Response | Promise<Response>): {
  readonly client: ReturnType<typeof createClientWith>
  readonly clock: ReturnType<typeof createManualClock>
  readonly seen: Seen[]
} {
  const seen: Seen[] = []
  const clock = createManualClock()
  const client = createClientWith(
    {
      url: 'https://evergrant.example/',
      key: () => 'egk_x',
      fetch: async (input, init) => {
        const one = { url: input as string, init }
        seen.push(one)
        return await answer(one, seen.length)
      },
    },
    clock,
  )
  return { client, clock, seen }
}

const token = (clock: { now(): number }, lifeMs: number): Response =>
  Response.json({
    access_token: 'secret',
    expires_at: new Date(clock.now() + lifeMs).toISOString(),
  })

describe('a client', () => {
  it('throws what the service refused, by its code', async () => {
    const problem = {
      type: 'x',
      title: 'T',
      status: 403,
      detail: 'd',
      code: 'permit_missing',
      remedy: 'r',
    }
    const { client } = make(() => Response.json(problem, { status: 403 }))
    const error = await client.connections.show({ address: 'a' }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(EvergrantProblem)
    expect(error).toMatchObject({ code: 'permit_missing', remedy: 'r', status: 403 })
  })

  it.each([
    [new Response('<html>', { status: 502 })],
    [Response.json({ other: 1 }, { status: 404 })],
    [new Response(null, { status: 302, headers: { location: 'https://elsewhere.example' } })],
  ])('says when a stranger answers', async (answer) => {
    const { client } = make(() => answer)
    await expect(client.connections.list()).rejects.toBeInstanceOf(EvergrantAnswerInvalid)
  })

  it('puts every field where it belongs, and the key into the header alone', async () => {
    const { client, seen } = make(() => Response.json({}))
    await client.imports.log({ id: 'run/1', limit: 5 })
    await client.connections.refresh({ address: 'a@b c', resend: true })
    expect(seen.map(({ url }) => url)).toEqual([
      'https://evergrant.example/api/v1/imports/run%2F1/log?limit=5',
      'https://evergrant.example/api/v1/connections/a%40b%20c/refresh',
    ])
    expect(seen[1]?.init).toMatchObject({
      method: 'POST',
      body: '{"resend":true}',
      redirect: 'manual',
    })
    expect(new Headers(seen[0]?.init?.headers).get('authorization')).toBe('Bearer egk_x')
  })

  it('fetches a list page by page', async () => {
    const { client, seen } = make(({ url }) =>
      Response.json(
        url.includes('cursor') ? { items: [3], next: null } : { items: [1, 2], next: 'c' },
      ),
    )
    const items: unknown[] = []
    for await (const item of client.paged('callers.list', { limit: 2 })) items.push(item)
    expect(items).toEqual([1, 2, 3])
    expect(seen).toHaveLength(2)
  })

  it('asks for a token once for all who want it, and again near its end', async () => {
    const { client, clock, seen } = make(() => token(clock, 3_600_000))
    const credential = client.credential('contoso-graph')
    const scope = 'https://graph.microsoft.com/.default'
    await Promise.all(Array.from({ length: 50 }, () => credential.getToken(scope)))
    expect(seen).toHaveLength(1)
    expect(seen[0]?.init?.body).toBe('{"resource":"https://graph.microsoft.com"}')
    await clock.advance(3_539_000)
    await credential.getToken(scope)
    expect(seen).toHaveLength(1)
    await clock.advance(2_000)
    await credential.getToken(scope)
    expect(seen).toHaveLength(2)
  })

  it('goes on after the last event when the stream breaks off', async () => {
    const stream = (text: string): Response =>
      new Response(text, { headers: { 'content-type': 'text/event-stream' } })
    const { client, clock, seen } = make((_seen, count) =>
      stream(`id: ${count}\nevent: grant.lapsed\ndata: {"n":${count}}\n\n`),
    )
    const ending = new AbortController()
    const got: unknown[] = []
    const following = (async () => {
      for await (const event of client.events({ types: ['grant.lapsed'], signal: ending.signal })) {
        got.push(event)
        if (got.length === 2) ending.abort()
      }
    })()
    while (got.length < 2) await clock.advance(600)
    await following
    expect(got).toEqual([
      { type: 'grant.lapsed', n: 1 },
      { type: 'grant.lapsed', n: 2 },
    ])
    expect(new Headers(seen[1]?.init?.headers).get('last-event-id')).toBe('1')
    expect(seen[0]?.url).toContain('types=grant.lapsed')
  })

  it('starts nothing for whoever has left already, nor leaves a failure behind', async () => {
    const { client, seen } = make(() => Promise.reject(new TypeError('fetch failed')))
    const left = { abortSignal: AbortSignal.abort(new Error('left')) }
    await expect(client.credential('a').getToken('', left)).rejects.toThrow('left')
    expect(seen).toEqual([])
    const leaving = new AbortController()
    const waited = client.credential('a').getToken('', { abortSignal: leaving.signal })
    leaving.abort(new Error('left'))
    await expect(waited).rejects.toThrow('left')
    await expect(client.credential('a').getToken()).rejects.toThrow('fetch failed')
  })

  it('says when a stranger answers with what is no JSON, to events as well', async () => {
    const { client } = make(() => new Response('<html>'))
    await expect(client.connections.list()).rejects.toBeInstanceOf(EvergrantAnswerInvalid)
    const { client: other, seen } = make(() => new Response('<html>', { status: 404 }))
    await expect(other.events().next()).rejects.toBeInstanceOf(EvergrantAnswerInvalid)
    expect(seen).toHaveLength(1)
  })

  it.each(['', '.', '..'])('refuses %j as a name, which no path can hold', async (address) => {
    const { client, seen } = make(() => Response.json({}))
    await expect(client.connections.show({ address })).rejects.toThrow('expected a name')
    expect(seen).toEqual([])
  })
})
