import { describe, expect, test } from 'vitest'
import {
  makeScriptedGraph,
  scriptedGraphUrl,
  type ScriptedAnswer,
} from '../../test/support/sending.ts'
import {
  changeColumns,
  createDeltaRound,
  takeDeltaLink,
  type RoundPage,
  type RoundRefusal,
  type RoundReset,
} from './delta-round.ts'
import type { RunOptions } from './ports.ts'

const link = `${scriptedGraphUrl}/users/delta?$deltatoken=begin`
const options: RunOptions = {
  connection: 'c',
  tenantId: 't',
  graphUrl: scriptedGraphUrl,
  collections: ['users'],
  destination: 'store',
  columns: { users: ['id', 'displayName'] },
  pageSize: 999,
  refreshBeforeMs: 0,
  publish: 'complete',
}

/** A page of a delta; `next` and `delta` are tokens. */
function page(
  rows: readonly unknown[],
  links: { readonly next?: string; readonly delta?: string },
): ScriptedAnswer {
  const at = (name: string, token: string): string =>
    `${scriptedGraphUrl}/users/delta?${name}=${token}`
  return {
    status: 200,
    body: {
      value: rows,
      ...(links.next === undefined ? {} : { '@odata.nextLink': at('$skiptoken', links.next) }),
      ...(links.delta === undefined ? {} : { '@odata.deltaLink': at('$deltatoken', links.delta) }),
    },
  }
}

function refusal(status: number, code: string, message = ''): ScriptedAnswer {
  return { status, body: { error: { code, message } } }
}

const removed = (id: string): unknown => ({ id, '@removed': { reason: 'deleted' } })

async function readRound(
  answer: (token: string) => ScriptedAnswer,
  from: { readonly nextUrl?: string } = {},
): Promise<{
  readonly pages: readonly (RoundPage | RoundRefusal | RoundReset)[]
  readonly asked: readonly string[]
}> {
  const { deps, asked } = makeScriptedGraph((path) => answer(path.split('=').at(-1) ?? ''))
  const round = createDeltaRound(deps, 'users', scriptedGraphUrl, { link, number: 1, ...from })
  const pages: (RoundPage | RoundRefusal | RoundReset)[] = []
  for (let next = await round.next(); next !== undefined; next = await round.next()) {
    pages.push(next)
    if ('kind' in next) break
  }
  return { pages, asked }
}

describe('a round of a delta', () => {
  test('is not read past a link to another host', async () => {
    const body = { value: [], '@odata.nextLink': 'https://evil.example/v1.0/users/delta?x=1' }
    await expect(readRound(() => ({ status: 200, body }))).rejects.toMatchObject({
      code: 'next_link_foreign',
    })
    const ending = { value: [], '@odata.deltaLink': 'https://evil.example/v1.0/users/delta?x=1' }
    await expect(readRound(() => ({ status: 200, body: ending }))).rejects.toMatchObject({
      code: 'next_link_foreign',
    })
  })

  test('is asked for again when a page has neither rows that can be read nor a link', async () => {
    for (const broken of [{ value: [] }, { value: [{}], '@odata.deltaLink': link }, []]) {
      await expect(readRound(() => ({ status: 200, body: broken }))).rejects.toMatchObject({
        code: 'graph_answer_invalid',
      })
    }
  })

  test('ends with a reset where Graph takes it back, at its first page or a later one', async () => {
    const first = await readRound(() => refusal(400, 'syncStateNotFound'))
    expect(first.pages).toMatchObject([{ kind: 'reset', reason: 'token_expired' }])
    const later = await readRound((token) =>
      token === 'begin' ? page([], { next: '2' }) : refusal(410, 'resyncRequired'),
    )
    expect(later.pages).toMatchObject([{ number: 1 }, { kind: 'reset', reason: 'service_reset' }])
  })

  test('ends with a reset where its pages go in circles, or on without rows and without end', async () => {
    const circle = await readRound((token) =>
      page([{ id: 'a' }], { next: token === '2' ? '3' : '2' }),
    )
    expect(circle.pages.at(-1)).toMatchObject({ kind: 'reset', reason: 'never_ends' })
    let count = 0
    const endless = await readRound(() => page([], { next: String(count++) }))
    expect(endless.pages.at(-1)).toMatchObject({ kind: 'reset', reason: 'never_ends' })
    expect(endless.pages.length).toBeLessThan(250)
  })

  test('is read again from its beginning when only its place has perished, but not for ever', async () => {
    let perished = 0
    const { pages, asked } = await readRound((token) => {
      if (token === 'begin') return page([{ id: 'a' }], { next: '2' })
      return perished++ === 0
        ? refusal(400, 'Directory_ExpiredPageToken')
        : page([{ id: 'b' }], { delta: 'end' })
    })
    expect(pages.map((each) => ('changed' in each ? each.changed : each))).toEqual([
      ['a'],
      ['a'],
      ['b'],
    ])
    expect(asked).toHaveLength(4)
    const never = await readRound((token) =>
      token === 'begin' ? page([], { next: '2' }) : refusal(400, 'Directory_ExpiredPageToken'),
    )
    expect(never.pages.at(-1)).toMatchObject({ kind: 'reset', reason: 'token_expired' })
  })

  test('goes over empty pages, tells each id once a page, and ends with the next link', async () => {
    const { pages, asked } = await readRound((token) => {
      if (token === 'begin') return page([], { next: '2' })
      if (token === '2')
        return page([{ id: 'a' }, removed('b'), { id: 'a' }, removed('a')], { next: '3' })
      return page([removed('c')], { delta: 'end' })
    })
    expect(pages).toMatchObject([
      { number: 1, changed: [], removed: [] },
      { number: 2, changed: ['a'], removed: ['b'], nextUrl: expect.stringContaining('=3') },
      {
        number: 3,
        changed: [],
        removed: ['c'],
        deltaLink: expect.stringContaining('$deltatoken=end'),
      },
    ])
    expect(asked).toEqual([
      'GET /users/delta?$deltatoken=begin',
      'GET /users/delta?$skiptoken=2',
      'GET /users/delta?$skiptoken=3',
    ])
  })

  test('goes on at the page where a run stood', async () => {
    const nextUrl = `${scriptedGraphUrl}/users/delta?$skiptoken=3`
    const { pages, asked } = await readRound(() => page([], { delta: 'end' }), { nextUrl })
    expect(pages).toHaveLength(1)
    expect(asked).toEqual(['GET /users/delta?$skiptoken=3'])
  })
})

test('a run needs to be told what it reads, what cuts it into parts, and what its filter looks at', () => {
  const columns = { users: ['id', 'userprincipalname', 'mail'] }
  const filter = 'mail ne null and accountEnabled eq true'
  expect(changeColumns({ ...options, columns, filter }, 'users')).toEqual([
    'id',
    'userprincipalname',
    'mail',
    'accountEnabled',
  ])
})

describe('a link from now on', () => {
  const take = async (
    answer: () => ScriptedAnswer,
    collection: 'users' | 'members' = 'users',
  ): Promise<unknown> => {
    const { deps, asked } = makeScriptedGraph(answer)
    return { ...(await takeDeltaLink(deps, options, collection)), asked }
  }

  test('is not to be had where Graph refuses, and the run goes on', async () => {
    expect(await take(() => refusal(400, 'Request_UnsupportedQuery', 'no'))).toMatchObject({
      kind: 'refused',
    })
    expect(await take(() => refusal(403, 'Authorization_RequestDenied'))).toMatchObject({
      kind: 'refused',
    })
  })

  test('is not to be had where Graph lists the directory instead', async () => {
    expect(await take(() => page([{ id: 'a' }], { next: '2' }))).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining('list everything'),
    })
  })

  test('is asked for without a column that Graph does not give, once it says so', async () => {
    const message = "Could not find a property named 'displayName' on type 'microsoft.graph.user'."
    const answers = [refusal(400, 'BadRequest', message), page([], { delta: 'now' })]
    expect(await take(() => answers.shift() ?? refusal(500, 'asked too often'))).toMatchObject({
      kind: 'taken',
      without: ['displayName'],
      asked: [
        'GET /users/delta?$select=id,displayName,userPrincipalName&$deltatoken=latest',
        'GET /users/delta?$select=id,userPrincipalName&$deltatoken=latest',
      ],
    })
    expect(await take(() => refusal(400, 'BadRequest', message))).toMatchObject({ kind: 'refused' })
  })

  test('is asked for with the columns of the run, and the one that parts are cut by', async () => {
    expect(await take(() => page([], { delta: 'now' }))).toEqual({
      kind: 'taken',
      link: `${scriptedGraphUrl}/users/delta?$deltatoken=now`,
      tells: ['id', 'displayName', 'userPrincipalName'],
      without: [],
      asked: ['GET /users/delta?$select=id,displayName,userPrincipalName&$deltatoken=latest'],
    })
    expect(await take(() => page([], { delta: 'now' }), 'members')).toMatchObject({
      asked: ['GET /groups/delta?$select=members&$deltatoken=latest'],
    })
  })
})
