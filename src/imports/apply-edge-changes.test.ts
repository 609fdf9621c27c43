import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  makeScriptedGraph,
  scriptedGraphUrl,
  type ScriptedAnswer,
  type ScriptedGraph,
} from '../../test/support/sending.ts'
import { applyEdgeChanges } from './apply-edge-changes.ts'
import type { WalkDependencies } from './commit-step.ts'
import { createStoreDestination } from './store-destination.ts'
import type { CollectionRecord, EdgeSources, PageCommit, RunRecord, RunStore } from './ports.ts'

/** Who is in each group; a group that is not there is gone. */
type Groups = Map<string, readonly string[]>

/** A page of a round, and what happens in the directory before Graph gives it. */
interface Page {
  readonly named: readonly { readonly id: string; readonly isRemoved: boolean }[]
  readonly before?: () => void
}

const begin = { link: `${scriptedGraphUrl}/groups/delta?$deltatoken=0`, takenAt: 0 }
const start: CollectionRecord = {
  runId: 'run_1',
  collection: 'members',
  writtenRows: 0,
  segmentBytes: 0,
  delta: { purpose: 'since', state: 'open', begin, pages: 0, changed: 0, gone: 0 },
}
const noLimits = { named: 10_000, gone: 10_000 }
/** A page of members. */
const pageSize = 3

/** A Graph of groups, and a round of a delta that names some of them. */
function graphOf(
  groups: Groups,
  pages: readonly Page[],
  isHidden: (id: string) => boolean = () => false,
  beforeMembers: (path: string) => void = () => {},
): ScriptedGraph {
  const begun = new Set<number>()
  return makeScriptedGraph((path, question) => {
    if (question !== undefined) {
      const { ids } = question as { readonly ids: readonly string[] }
      const value = ids.filter((id) => groups.has(id)).map((id) => ({ id }))
      return { status: 200, body: { value } }
    }
    const [, group = '', query = ''] = /^\/groups\/([^/?]+)\/members\?(.*)$/.exec(path) ?? []
    if (group !== '') return isHidden(group) ? refusal(403) : membersPage(group, query)
    if (!path.startsWith('/groups/delta')) {
      return { status: 200, body: { value: [...groups.keys()].map((id) => ({ id })) } }
    }
    const number = Number(path.split('=').at(-1))
    const page = pages[number]
    // Asked for again, a page tells the same.
    if (!begun.has(number)) page?.before?.()
    begun.add(number)
    const value = (page?.named ?? []).map(({ id, isRemoved }) =>
      isRemoved ? { id, '@removed': { reason: 'deleted' } } : { id, 'members@delta': [] },
    )
    const isLast = number >= pages.length - 1
    const token = isLast ? '$deltatoken=end' : `$skiptoken=${number + 1}`
    const name = isLast ? '@odata.deltaLink' : '@odata.nextLink'
    return { status: 200, body: { value, [name]: `${scriptedGraphUrl}/groups/delta?${token}` } }
  })

  function membersPage(group: string, query: string): ScriptedAnswer {
    beforeMembers(`${group} ${query}`)
    const members = groups.get(group)
    if (members === undefined) return refusal(404)
    const from = Number(/from=(\d+)/.exec(query)?.[1] ?? 0)
    const value = members
      .slice(from, from + pageSize)
      .map((id) => ({ '@odata.type': '#microsoft.graph.user', id }))
    const next = `${scriptedGraphUrl}/groups/${group}/members?from=${from + pageSize}`
    const link = from + pageSize < members.length ? { '@odata.nextLink': next } : {}
    return { status: 200, body: { value, ...link } }
  }
}

function refusal(status: 403 | 404): ScriptedAnswer {
  const code = status === 404 ? 'Request_ResourceNotFound' : 'Authorization_RequestDenied'
  return { status, body: { error: { code, message: 'no' } } }
}

/** A store that does what the contract says of edges, and remembers the record it was given. */
class EdgeStore {
  record = start
  readonly #edges = new Map<string, { readonly group: string; seenBy: number }>()
  readonly #dies: (commit: number) => 'before' | 'after' | undefined
  #commits = 0

  constructor(
    known: ReadonlyMap<string, readonly string[]>,
    dies: (commit: number) => 'before' | 'after' | undefined = () => undefined,
  ) {
    this.#dies = dies
    for (const [group, members] of known) {
      for (const member of members) this.#edges.set(`${group}/${member}`, { group, seenBy: 1 })
    }
  }

  readonly port = {
    countUnmet: (of: EdgeSources) => Promise.resolve(this.#unmet(of).length),
    saveProgress: ({ collection }: { readonly collection: CollectionRecord }) => {
      this.record = collection
      return Promise.resolve()
    },
    commitPage: async (commit: PageCommit) => {
      const death = this.#dies(++this.#commits)
      if (death === 'before') throw new Error('killed')
      const { collection = this.record, edges, gone, unmet } = commit
      this.record = collection
      for (const edge of unmet === undefined ? [] : this.#of(unmet.ids)) edge.seenBy = 0
      for (const { groupId, memberId } of edges?.edges ?? []) {
        const seenBy = edges?.sequence ?? 0
        this.#edges.set(`${groupId}/${memberId}`, { group: groupId, seenBy })
      }
      const dead = gone === undefined ? [] : this.#unmet(gone)
      for (const key of dead) this.#edges.delete(key)
      if (death === 'after') throw new Error('killed')
      return await Promise.resolve({ deleted: dead.length })
    },
  } as unknown as RunStore

  edges(): readonly string[] {
    return [...this.#edges.keys()].toSorted()
  }

  #of(ids: readonly string[]): readonly { seenBy: number }[] {
    return [...this.#edges.values()].filter(({ group }) => ids.includes(group))
  }

  #unmet({ ids, sequence }: Pick<EdgeSources, 'ids' | 'sequence'>): readonly string[] {
    return [...this.#edges].flatMap(([key, { group, seenBy }]) =>
      ids.includes(group) && seenBy !== sequence ? [key] : [],
    )
  }
}

function edgesOf(groups: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return [...groups]
    .flatMap(([group, members]) => members.map((member) => `${group}/${member}`))
    .toSorted()
}

async function apply(
  { deps }: ScriptedGraph,
  store: EdgeStore,
  limits = noLimits,
): Promise<CollectionRecord> {
  const options = {
    tenantId: 't',
    graphUrl: scriptedGraphUrl,
    pageSize,
    columns: { members: ['groupId', 'memberId', 'memberType'] },
    destination: 'store',
  }
  const run = { id: 'run_1', sequence: 2, options } as unknown as RunRecord
  const means: WalkDependencies = {
    ...deps,
    store: store.port,
    run,
    instanceId: 'one',
    destination: createStoreDestination(store.port, run),
  }
  return await applyEdgeChanges(means, store.record, limits)
}

const changed = (id: string): Page['named'][number] => ({ id, isRemoved: false })
const removed = (id: string): Page['named'][number] => ({ id, isRemoved: true })

describe('changes of memberships', () => {
  test('take nothing away from a group that is said to be gone and is there', async () => {
    const groups: Groups = new Map([['a', ['1', '2']]])
    const store = new EdgeStore(groups)
    const record = await apply(graphOf(groups, [{ named: [removed('a')] }]), store)
    expect(record.delta).toMatchObject({ state: 'applied', changed: 1, gone: 0 })
    expect(store.edges()).toEqual(['a/1', 'a/2'])
  })

  test('leave a group whose members are not shown as it was known, and count it', async () => {
    const groups: Groups = new Map([
      ['a', ['1']],
      ['b', ['9']],
    ])
    const store = new EdgeStore(
      new Map([
        ['a', ['1', '2']],
        ['b', ['1', '2']],
      ]),
    )
    const graph = graphOf(groups, [{ named: [changed('a'), changed('b')] }], (id) => id === 'b')
    const record = await apply(graph, store)
    expect(record.delta).toMatchObject({ state: 'applied', changed: 1, unshown: 1 })
    expect(store.edges()).toEqual(['a/1', 'b/1', 'b/2'])
  })

  test('leave nothing of a group that goes when some of its pages were read', async () => {
    const members = ['1', '2', '3', '4', '5', '6', '7']
    const groups: Groups = new Map([
      ['a', members],
      ['b', ['1']],
    ])
    const pages = [{ named: [changed('a'), changed('b')] }]
    const store = new EdgeStore(new Map([['a', ['1', '2']]]))
    const graph = graphOf(
      groups,
      pages,
      () => false,
      (path) => {
        if (path === 'a from=6') groups.delete('a')
      },
    )
    const record = await apply(graph, store)
    expect(record.delta).toMatchObject({ state: 'applied', changed: 1, gone: 1 })
    expect(store.edges()).toEqual(['b/1'])
    expect(record.deleted).toBe(6)
  })

  test('count a group that is gone once, however far apart it is named', async () => {
    const ids = Array.from({ length: 230 }, (_, i) => `g${i}`)
    const groups: Groups = new Map(ids.map((id) => [id, ['1']]))
    const store = new EdgeStore(new Map([['gone', ['1', '2']]]))
    const pages = [
      { named: [removed('gone'), ...ids.slice(0, 220).map(changed)] },
      { named: [removed('gone'), ...ids.slice(220).map(changed)] },
    ]
    const record = await apply(graphOf(groups, pages), store)
    expect(record.delta).toMatchObject({ state: 'applied', changed: 230, gone: 1 })
    expect(store.edges()).toEqual(edgesOf(groups))
  })

  test('read all of a group that came back after it had gone in the middle', async () => {
    const members = ['1', '2', '3', '4', '5', '6', '7']
    for (const dies of [3, 4, 5, 6, 7]) {
      const groups: Groups = new Map([['a', members]])
      const pages = [{ named: [changed('a')] }]
      const store = new EdgeStore(groups, (commit) => (commit === dies ? 'before' : undefined))
      const graph = graphOf(
        groups,
        pages,
        () => false,
        (path) => {
          if (path === 'a from=6') groups.delete('a')
        },
      )
      await apply(graph, store).catch(() => undefined)
      // A run that died nowhere had read that it was gone.
      if (store.record.delta?.state !== 'applied') {
        groups.set('a', members)
        await apply(graphOf(groups, pages), store)
      }
      expect(store.edges()).toEqual(edgesOf(groups))
    }
  })

  test('are lost when more groups have changed than may, or more rows would go', async () => {
    const groups: Groups = new Map(['a', 'b', 'c'].map((id) => [id, ['1']]))
    const pages = [{ named: [...groups.keys()].map(changed) }]
    const named = await apply(graphOf(groups, pages), new EdgeStore(groups), { named: 2, gone: 9 })
    expect(named.delta).toMatchObject({ state: 'lost', note: 'more than 2 groups have changed' })
    const before = new Map([['a', ['1', '2', '3']]])
    const store = new EdgeStore(before)
    const { delta } = await apply(graphOf(groups, pages), store, { named: 9, gone: 1 })
    expect(delta).toMatchObject({ state: 'lost', note: 'more than 1 rows of members are gone' })
    expect(store.edges()).toEqual(expect.arrayContaining(['a/1', 'a/2', 'a/3']))
  })

  test('are read no further once more rows would go than may', async () => {
    const long = Array.from({ length: 900 }, (_, i) => `m${i}`)
    const groups: Groups = new Map([
      ['a', ['1']],
      ['b', long],
    ])
    const graph = graphOf(groups, [{ named: [changed('a'), changed('b')] }])
    const store = new EdgeStore(new Map([['a', ['1', '2', '3']]]))
    const { delta } = await apply(graph, store, { named: 9, gone: 1 })
    expect(delta).toMatchObject({ state: 'lost', note: 'more than 1 rows of members are gone' })
    const asked = graph.asked.filter((path) => path.includes('/groups/b/members'))
    expect(asked.length).toBeLessThan(long.length / pageSize / 2)
  })

  test('ask for each group once, however often neighbouring pages name it', async () => {
    const groups: Groups = new Map([['a', ['1', '2', '3', '4']]])
    const graph = graphOf(
      groups,
      Array.from({ length: 20 }, () => ({ named: [changed('a')] })),
    )
    await apply(graph, new EdgeStore(new Map()))
    expect(graph.asked.filter((path) => path.includes('/members'))).toEqual([
      'GET /groups/a/members?$select=id&$top=3',
      'GET /groups/a/members?from=3',
    ])
  })

  test('go on with a group that was read in part, and read one anew that was not settled', async () => {
    const pages = [{ named: [changed('a')] }]
    const members = ['1', '2', '3', '4', '5', '6', '7']
    const large: Groups = new Map([['a', members]])
    const store = new EdgeStore(large, (commit) => (commit === 3 ? 'before' : undefined))
    await expect(apply(graphOf(large, pages), store)).rejects.toThrow('killed')
    large.set('a', ['1', '2', '3', '7'])
    const again = graphOf(large, pages)
    expect((await apply(again, store)).delta).toMatchObject({ state: 'applied', changed: 1 })
    expect(again.asked).toEqual(['GET /groups/a/members?from=3'])
    expect(store.edges()).toEqual(['a/1', 'a/2', 'a/3', 'a/7'])

    const small: Groups = new Map([['a', ['1', '2']]])
    const other = new EdgeStore(small, (commit) => (commit === 3 ? 'before' : undefined))
    await expect(apply(graphOf(small, pages), other)).rejects.toThrow('killed')
    small.set('a', ['2'])
    await apply(graphOf(small, pages), other)
    expect(other.edges()).toEqual(['a/2'])
  })

  test('end in what the directory holds, whatever changes meanwhile and whenever it dies', async () => {
    const ids = Array.from({ length: 230 }, (_, i) => `g${i}`)
    const members = fc.uniqueArray(fc.constantFrom('1', '2', '3', '4', '5', '6', '7'))
    const happening = fc.record({
      group: fc.constantFrom(...ids),
      members: fc.option(members, { nil: undefined }),
      isRemoved: fc.boolean(),
    })
    let deaths = 0
    let portions = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(happening, { maxLength: 60 }), { minLength: 2, maxLength: 7 }),
        fc.infiniteStream(fc.constantFrom('before', 'after', undefined, undefined, undefined)),
        fc.boolean(),
        async (rounds, dies, isLong) => {
          const groups: Groups = new Map(ids.map((id) => [id, ['1', '2']]))
          const store = new EdgeStore(new Map(groups), () => {
            const { value } = dies.next()
            if (value !== undefined) deaths++
            return value
          })
          // What happens before a page is named by it, with lies about what is gone.
          const pages = rounds.map((happened, i): Page => ({
            named: [
              ...(isLong && i === 0 ? ids.map(changed) : []),
              ...happened.map(({ group: id, isRemoved }) => ({ id, isRemoved })),
            ],
            before: () => {
              for (const { group, members: now } of happened) {
                if (now === undefined) groups.delete(group)
                else groups.set(group, now)
              }
            },
          }))
          const graph = graphOf(groups, pages)
          let record: CollectionRecord | undefined
          for (let i = 0; record === undefined && i < 3_000; i++) {
            record = await apply(graph, store).catch(() => undefined)
          }
          expect(record?.delta?.state).toBe('applied')
          expect(record?.delta?.pending).toBeUndefined()
          if (isLong) portions++
          expect(store.edges()).toEqual(edgesOf(groups))
        },
      ),
      { numRuns: 25 },
    )
    expect(deaths).toBeGreaterThan(50)
    expect(portions).toBeGreaterThan(3)
  })
})
