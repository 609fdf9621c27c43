import { describe, expect, test } from 'vitest'
import {
  makeScriptedGraph,
  scriptedGraphUrl,
  type ScriptedAnswer,
} from '../../test/support/sending.ts'
import { createGoneCheck } from './confirm-gone.ts'
import { createIdLookUp } from './look-up-ids.ts'
import type { RunOptions } from './ports.ts'

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

interface Directory {
  /** Objects that the collection lists. */
  readonly listed: readonly string[]
  /** Objects that the directory knows, though no list holds them. */
  readonly known?: readonly string[]
  readonly refuses?: readonly ('getByIds' | 'in')[]
}

const refused: ScriptedAnswer = {
  status: 400,
  body: { error: { code: 'Request_UnsupportedQuery', message: 'not here' } },
}

function graph({ listed, known = [], refuses = [] }: Directory) {
  return makeScriptedGraph((path, question) => {
    if (path.startsWith('/directoryObjects/getByIds')) {
      if (refuses.includes('getByIds')) return { status: 403, body: denied }
      const { ids } = question as { readonly ids: readonly string[] }
      const there = ids.filter((id) => listed.includes(id) || known.includes(id))
      return {
        status: 200,
        body: { value: there.map((id) => ({ '@odata.type': '#microsoft.graph.user', id })) },
      }
    }
    const row = (id: string): unknown => ({ id, displayName: `now ${id}` })
    const filter = /id in \((.*)\)/.exec(path)?.[1]
    if (filter !== undefined) {
      if (refuses.includes('in')) return refused
      const ids = filter.split(',').map((text) => text.slice(1, -1).replaceAll("''", "'"))
      return { status: 200, body: { value: ids.filter((id) => listed.includes(id)).map(row) } }
    }
    const id = /^\/users\/([^?]*)/.exec(path)?.[1] ?? ''
    if (listed.includes(id))
      return { status: 200, body: { '@odata.context': 'x', ...(row(id) as object) } }
    return { status: 404, body: { error: { code: 'Request_ResourceNotFound', message: 'x' } } }
  })
}

const denied = { error: { code: 'Authorization_RequestDenied', message: 'x' } }

function names(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`)
}

describe('rows read by their ids', () => {
  test('come fifteen a request, quoted, in the shape of a list, and what is not there is named', async () => {
    const ids = [...names('user', 20), "o'brien"]
    const { asked, deps } = graph({ listed: ids.slice(1) })
    const found = await createIdLookUp(deps, options, { collection: 'users' })(ids)
    expect(found.missing).toEqual(['user0'])
    expect(found.page.rows.ids).toEqual(ids.slice(1))
    expect(found.page.rows.json(0)).toBe('{"id":"user1","displayName":"now user1"}')
    expect(asked).toHaveLength(2)
    expect(asked[1]).toBe(
      "GET /users?$select=id,displayName&$filter=id in ('user15','user16','user17','user18','user19','o''brien')",
    )
  })

  test('come one by one where Graph refuses to filter by ids', async () => {
    const { asked, deps } = graph({ listed: ['a', 'c'], refuses: ['in'] })
    const lookUp = createIdLookUp(deps, options, { collection: 'users' })
    const found = await lookUp(['a', 'b', 'c'])
    expect(found.missing).toEqual(['b'])
    expect(found.page.toNdjson().toString()).toBe(
      '{"id":"a","displayName":"now a"}\n{"id":"c","displayName":"now c"}\n',
    )
    expect(found.page.rows.json(1)).toBe('{"id":"c","displayName":"now c"}')
    await lookUp(['a'])
    expect(asked.filter((each) => each.includes('$filter'))).toHaveLength(1)
  })
})

describe('what seems to be gone', () => {
  test('is asked for a thousand ids at a time; what is there is read, whatever the case of its id', async () => {
    const ids = names('user', 1_500)
    const { asked, deps } = graph({ listed: ['user3', 'user1200'] })
    const lookUp = createIdLookUp(deps, options, { collection: 'users' })
    const outcome = await createGoneCheck(deps, options, 'users', lookUp)(ids)
    expect(outcome.gone).toHaveLength(1_498)
    expect(outcome.gone).not.toContain('user3')
    expect(outcome.found.rows.ids).toEqual(['user3', 'user1200'])
    expect(outcome.unlisted).toEqual([])
    const questions = asked.filter((each) => each.startsWith('POST'))
    expect(questions).toHaveLength(2)
    expect(questions[0]).toContain('POST /directoryObjects/getByIds?$select=id {"ids":["user0",')
    expect(questions[0]).toContain('"types":["user"]')
  })

  test('is not gone when Graph knows it but does not list it', async () => {
    const { deps } = graph({ listed: [], known: ['hidden'] })
    const lookUp = createIdLookUp(deps, options, { collection: 'users' })
    const outcome = await createGoneCheck(deps, options, 'users', lookUp)(['hidden', 'gone'])
    expect(outcome).toMatchObject({ gone: ['gone'], unlisted: ['hidden'] })
    expect(outcome.found.rows.ids).toEqual([])
  })

  test('is asked for through its collection where an answer is only a part of one', async () => {
    const { deps } = makeScriptedGraph((path) => {
      if (!path.startsWith('/directoryObjects/getByIds')) {
        const rows = ['a', 'b'].map((id) => ({ id, displayName: 'x' }))
        return { status: 200, body: { value: rows } }
      }
      const next = `${scriptedGraphUrl}/directoryObjects/getByIds?$skiptoken=2`
      return { status: 200, body: { value: [{ id: 'a' }], '@odata.nextLink': next } }
    })
    const lookUp = createIdLookUp(deps, options, { collection: 'users' })
    const outcome = await createGoneCheck(deps, options, 'users', lookUp)(['a', 'b', 'c'])
    expect(outcome.gone).toEqual(['c'])
    expect(outcome.found.rows.ids).toEqual(['a', 'b'])
  })

  test('is asked for through its collection where bulk questions are refused, told once', async () => {
    const { deps, lines } = graph({ listed: ['a'], refuses: ['getByIds'] })
    const lookUp = createIdLookUp(deps, options, { collection: 'users' })
    const check = createGoneCheck(deps, options, 'users', lookUp)
    const outcome = await check(['a', 'b'])
    expect(outcome.gone).toEqual(['b'])
    expect(outcome.found.rows.ids).toEqual(['a'])
    expect((await check(['c'])).gone).toEqual(['c'])
    expect(lines.filter(({ type }) => type === 'bulk_check_refused')).toHaveLength(1)
  })

  test('is not gone when only a filter does not find it, also where bulk questions are refused', async () => {
    const { deps } = graph({ listed: ['a', 'b'], refuses: ['getByIds'] })
    const lookUpAny = createIdLookUp(deps, options, { collection: 'users' })
    const lookUp: typeof lookUpAny = async (ids) => ({
      ...(await lookUpAny(ids.filter((id) => id === 'a'))),
      missing: ids.filter((id) => id !== 'a'),
    })
    const check = createGoneCheck(deps, options, 'users', lookUp, lookUpAny)
    const outcome = await check(['a', 'b', 'c'])
    expect(outcome).toMatchObject({ gone: ['c'], unlisted: ['b'] })
    expect(outcome.found.rows.ids).toEqual(['a'])
  })
})
