import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  searchLookups,
  type Account,
  type AccountListQuery,
  type AccountPlace,
} from '../../src/directory/index.ts'
import type { Store } from '../../src/store/index.ts'
import { importUsers, otherTenant, type SampleAccount } from './accounts.contract.ts'
import { aPage, aRun, pageOf, tenantId, type MakeStore, type SharedStore } from './builders.ts'

/** How every `AccountStore` and `DirectoryStore` lists what was imported. */
export function describeAccountListing(kind: string, makeStore: MakeStore): void {
  describe(`listings of accounts in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open('bulk')
      two = await shared.open('main')
    })
    afterEach(async () => await shared.dispose())

    describe('are listed', () => {
      /** All pages of a query, and the most that one of them had. */
      const pages = async (
        query: Omit<AccountListQuery, 'limit' | 'kind'>,
        limit: number,
        name: (account: Account) => unknown = ({ properties }) => properties['displayName'],
      ): Promise<readonly unknown[]> => {
        const names: unknown[] = []
        for (let after: AccountPlace | undefined; ;) {
          const page = await two.accounts.listAccounts({
            kind: 'user',
            ...query,
            limit,
            ...(after === undefined ? {} : { after }),
          })
          expect(page.accounts.length).toBeLessThanOrEqual(limit)
          names.push(...page.accounts.map(name))
          if (page.next === undefined) return names
          after = page.next
        }
      }
      const inOrder = (names: readonly unknown[]): readonly string[] => names.map(String).toSorted()
      const named = (...names: readonly string[]): SampleAccount[] =>
        names.map((displayName) => ({ displayName }))

      it('not at all where nothing was imported or found', async () => {
        for (const query of [{}, { tenantId }, { search: 'a' }, { disabledOnly: true }]) {
          expect(await pages(query, 2)).toEqual([])
        }
      })

      it('by tenant, and within it as they were first imported', async () => {
        await importUsers(one, named('c', 'a', 'b'))
        await importUsers(one, named('z', 'y'), { tenant: otherTenant })
        for (const limit of [1, 2, 3, 4, 5, 6]) {
          expect(await pages({}, limit)).toEqual(['c', 'a', 'b', 'z', 'y'])
          expect(await pages({ tenantId: otherTenant.toUpperCase() }, limit)).toEqual(['z', 'y'])
        }
      })

      it('though most of them were deleted', async () => {
        const ids = await importUsers(
          one,
          named(...Array.from({ length: 60 }, (_, i) => `user ${i}`)),
        )
        const run = await aRun(one, `import of ${tenantId}`)
        const kept = [0, 7, 8, 40, 59]
        const rows = kept.map((i) => ({ id: ids[i] ?? '', displayName: `user ${i}` }))
        await one.runs.commitPage(aPage(run, rows, { now: 3_000 }))
        const step = { runId: run.id, instanceId: 'one', sequence: run.sequence, now: 3_000 }
        await one.runs.sweepUnseen({ ...step, tenantId, kind: 'user', limit: 100_000 })
        for (const limit of [1, 2, 3, 5, 100]) {
          const expected = kept.map((i) => `user ${i}`)
          expect(await pages({}, limit)).toEqual(expected)
          expect(await pages({ search: 'User' }, limit)).toEqual(expected)
        }
      })

      it('by what their names and addresses begin with, each once', async () => {
        const accounts = [
          {
            displayName: 'Ann Archer',
            mail: 'ann@contoso.com',
            userPrincipalName: 'a1@contoso.com',
          },
          { displayName: 'Bob', mail: 'Anton@contoso.com', userPrincipalName: 'b2@contoso.com' },
          { displayName: 'Zoë', mail: null, userPrincipalName: 'AN_admin@contoso.com' },
          { displayName: 'Dan', mail: 'dan@contoso.com', userPrincipalName: 'dan@contoso.com' },
          { displayName: 'ann', mail: 'ann', userPrincipalName: 'ann' },
          { displayName: 'ann', mail: 'ann', userPrincipalName: 'ann' },
          { displayName: 7, mail: ['an'], userPrincipalName: 'x' },
        ]
        await importUsers(one, accounts)
        await importUsers(one, [{ displayName: 'Anouk' }], { tenant: otherTenant })
        const expected = ['Ann Archer', 'Bob', 'Zoë', 'ann', 'ann', 'Anouk']
        const check = async (): Promise<void> => {
          for (const limit of [1, 2, 3, 7, 100]) {
            expect(inOrder(await pages({ search: 'AN' }, limit))).toEqual(inOrder(expected))
            expect(await pages({ search: 'dan@' }, limit)).toEqual(['Dan'])
            expect(await pages({ search: '7' }, limit)).toEqual([])
            expect(await pages({ search: 'an%' }, limit)).toEqual([])
            expect(await pages({ search: 'an_' }, limit)).toEqual(['Zoë'])
            expect(await pages({ search: `an' OR 'a'='a` }, limit)).toEqual([])
            expect(await pages({ search: 'an', tenantId: otherTenant }, limit)).toEqual(['Anouk'])
            expect(await pages({ search: 'an\0' }, limit)).toEqual([])
          }
        }
        await check()
        await one.accounts.prepareLookups(searchLookups)
        await check()
      })

      it('by a search that many are found by, each once', async () => {
        const accounts = Array.from({ length: 400 }, (_, i) => ({
          displayName: `a ${i}`,
          mail: `a${(i * 7) % 400}@contoso.com`,
          userPrincipalName: `A${i}@contoso.com`,
        }))
        await importUsers(one, accounts)
        const expected = inOrder(accounts.map(({ displayName }) => displayName))
        expect(inOrder(await pages({ search: 'a' }, 30))).toEqual(expected)
        await one.accounts.prepareLookups(searchLookups)
        for (const limit of [7, 30, 500]) {
          expect(inOrder(await pages({ search: 'a' }, limit))).toEqual(expected)
        }
      })

      it('by a search whose next finds stand behind many that were shown', async () => {
        const numbers = (from: number, to: number): readonly string[] =>
          Array.from({ length: to - from }, (_, i) => String(from + i))
        await importUsers(one, [
          ...numbers(100, 300).map((n) => ({ displayName: `xa${n}`, mail: `xb${n}` })),
          ...numbers(300, 360).map((n) => ({ mail: `XB${n}`, userPrincipalName: `xd${n}` })),
          ...numbers(300, 360).map((n) => ({ userPrincipalName: `xc${n}` })),
        ])
        await one.accounts.prepareLookups(searchLookups)
        for (const limit of [7, 40]) {
          expect(await pages({ search: 'x' }, limit, ({ id }) => id)).toHaveLength(320)
        }
      })

      it('only those disabled here, also those that no import knows', async () => {
        const [a = '', , c = ''] = await importUsers(one, named('a', 'b', 'c'))
        const unknown = '00000000-0000-4000-8000-000000000000'
        for (const id of [a, c, unknown]) {
          await one.accounts.disableAccount({ tenantId, kind: 'user', id }, { at: 1, by: 'ann' })
        }
        const there = { tenantId: otherTenant, kind: 'user', id: unknown } as const
        await one.accounts.disableAccount(there, { at: 1, by: 'ann' })
        for (const limit of [1, 2, 3, 9]) {
          const listed = await pages({ disabledOnly: true }, limit, ({ id }) => id)
          expect(listed).toEqual([...[a, c, unknown].toSorted(), unknown])
          expect(await pages({ disabledOnly: true, search: 'C' }, limit)).toEqual(['c'])
          expect(
            await pages({ disabledOnly: true, tenantId: otherTenant }, limit, (account) => account),
          ).toEqual([
            {
              ...there,
              properties: {},
              updatedAt: 0,
              disabled: { at: 1, by: 'ann' },
              isMissing: true,
            },
          ])
        }
      })
    })

    it('stand apart from groups, which are listed and searched alike', async () => {
      await importUsers(one, [{ displayName: 'Sales Ann' }])
      const run = await aRun(one, 'groups')
      const rows = ['Sales', 'IT', 'SALES 2'].map((displayName) => ({
        id: crypto.randomUUID(),
        displayName,
      }))
      const page = { tenantId, kind: 'group', sequence: run.sequence, page: pageOf(rows) } as const
      await one.runs.commitPage({ ...aPage(run, [], { now: 4_000 }), rows: page })
      const list = async (search?: string, limit = 9): Promise<readonly unknown[]> => {
        const { objects } = await two.directory.listObjects({
          kind: 'group',
          limit,
          ...(search === undefined ? {} : { search }),
        })
        return objects.map(({ properties }) => properties['displayName'])
      }
      const check = async (): Promise<void> => {
        expect(await list()).toEqual(['Sales', 'IT', 'SALES 2'])
        expect(await list(undefined, 2)).toEqual(['Sales', 'IT'])
        expect(await list('sales')).toEqual(['Sales', 'SALES 2'])
      }
      await check()
      await one.accounts.prepareLookups(searchLookups)
      await check()
      const [first] = (await two.directory.listObjects({ kind: 'group', limit: 1 })).objects
      expect(first).toEqual({
        tenantId,
        kind: 'group',
        id: rows[0]?.id,
        properties: rows[0],
        updatedAt: 4_000,
      })
      expect(await two.accounts.listAccounts({ kind: 'user', limit: 9 })).toMatchObject({
        accounts: [{ properties: { displayName: 'Sales Ann' } }],
      })
    })
  })
}
