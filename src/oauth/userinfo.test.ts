import { describe, expect, it } from 'vitest'
import { createManualClock, Secret } from '../kernel/index.ts'
import { askUserInfo } from './userinfo.ts'

const url = new URL('https://idp.example/userinfo')

async function ask(answer: () => Response, at = url): Promise<unknown> {
  const sent: RequestInit[] = []
  const asked = await askUserInfo(at, new Secret('tok~en'), {
    clock: createManualClock(),
    fetch: async (_input, init) => {
      sent.push(init ?? {})
      return answer()
    },
  })
  expect(sent.every(({ redirect }) => redirect === 'manual')).toBe(true)
  if (asked.ok) return asked.value
  const { isAnswer: _answered, ...told } = asked.error
  return told
}

describe('UserInfo', () => {
  it.each<readonly [what: string, answer: () => Response, outcome: object]>([
    [
      'does not accept the token',
      () =>
        new Response('', {
          status: 401,
          headers: { 'www-authenticate': 'Bearer error="invalid_token", error_description="x"' },
        }),
      { kind: 'refused', status: 401, detail: 'idp.example answered 401 (invalid_token)' },
    ],
    [
      'needs another scope',
      () => new Response('', { status: 403 }),
      { kind: 'refused', status: 403, detail: 'idp.example answered 403' },
    ],
    [
      'wants to be left alone',
      () => new Response('', { status: 429, headers: { 'retry-after': '7' } }),
      { detail: 'idp.example answered 429 instead of UserInfo', retryAfterMs: 7_000 },
    ],
    [
      'leads elsewhere',
      () => new Response('', { status: 302, headers: { location: 'https://evil.example/' } }),
      { detail: 'idp.example answered 302 instead of UserInfo' },
    ],
    [
      'is no JSON',
      () => new Response('<html>'),
      { detail: 'idp.example answered 200 with no JSON object' },
    ],
    [
      'is a list',
      () => Response.json([{ sub: 'a' }]),
      { detail: 'idp.example answered 200 with no JSON object' },
    ],
    [
      'is too long',
      () => new Response(`{"sub":"${'a'.repeat(1_048_577)}"}`),
      { detail: 'idp.example answered with more than 1 MiB' },
    ],
    [
      'is signed',
      () => new Response('a.b.c', { headers: { 'content-type': 'application/jwt' } }),
      { kind: 'signed', jwt: 'a.b.c' },
    ],
    ['tells claims', () => Response.json({ sub: 'a' }), { kind: 'claims', claims: { sub: 'a' } }],
  ])('that %s is told as such', async (_what, answer, outcome) => {
    expect(await ask(answer)).toEqual(outcome)
  })

  it('is never asked without TLS, except on this host', async () => {
    const answer = (): Response => Response.json({ sub: 'a' })
    expect(await ask(answer, new URL('http://idp.example/userinfo'))).toEqual({
      detail: 'idp.example: UserInfo is asked over https alone',
    })
    expect(await ask(answer, new URL('http://127.0.0.1:1/userinfo'))).toMatchObject({
      kind: 'claims',
    })
  })
})
