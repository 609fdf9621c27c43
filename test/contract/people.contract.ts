import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PersonAccount } from '../../src/directory/index.ts'
import type { Store } from '../../src/store/index.ts'
import { tenantId, type MakeStore, type SharedStore } from './builders.ts'

/** An account of nobody yet. */
export function anAccount(over: Partial<PersonAccount> = {}): PersonAccount {
  return { tenantId, kind: 'user', id: crypto.randomUUID(), connections: [], ...over }
}

/** What every `PeopleStore` does. */
export function describePeopleStore(kind: string, makeStore: MakeStore): void {
  describe(`people in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open()
      two = await shared.open()
    })
    afterEach(async () => await shared.dispose())

    const generation = async (): Promise<number> => (await two.readGenerations()).accounts
    const names = async (
      query: Omit<Parameters<Store['people']['listPeople']>[0], 'limit'> = {},
    ): Promise<readonly string[]> =>
      (await two.people.listPeople({ limit: 100, ...query })).map(({ name }) => name)

    it('are not known before an account was linked', async () => {
      expect(await two.people.getPerson('Ann')).toBeUndefined()
      expect(await two.people.listPeople({ limit: 9 })).toEqual([])
      expect(await one.people.unlinkAccount(anAccount())).toBe(false)
      expect(await one.people.linkAccounts([], 5)).toEqual({})
      expect(await generation()).toBe(0)
    })

    it('get no account that is another person’s, and then none of the others either', async () => {
      const anns = anAccount()
      await one.people.linkAccounts([{ person: 'Ann', account: anns }], 5)
      const before = await generation()
      const links = [
        { person: 'Bob', account: anAccount() },
        { person: 'Bob', account: { ...anns, id: anns.id.toUpperCase() } },
        { person: 'Cid', account: anAccount() },
      ]
      const { tenantId: tenant, kind: accountKind, id } = anns
      expect(await two.people.linkAccounts(links, 6)).toEqual({
        taken: { account: { tenantId: tenant, kind: accountKind, id }, by: 'Ann' },
      })
      expect(await names()).toEqual(['Ann'])
      expect(await generation()).toBe(before)
    })

    it('get no account that the same list gives to somebody else', async () => {
      const account = anAccount()
      const links = [
        { person: 'Ann', account },
        { person: 'Bob', account },
      ]
      expect(await one.people.linkAccounts(links, 5)).toMatchObject({ taken: { by: 'Ann' } })
      expect(await names()).toEqual([])
    })

    it('get an account that two give to different people at once only once', async () => {
      const account = anAccount()
      const outcomes = await Promise.all(
        ['Ann', 'Bob', 'Cid', 'Dan'].map(async (person, i) =>
          (i % 2 === 0 ? one : two).people.linkAccounts([{ person, account }], 5),
        ),
      )
      expect(outcomes.filter(({ taken }) => taken === undefined)).toHaveLength(1)
      const people = await two.people.listPeople({ limit: 9 })
      expect(people.flatMap(({ accounts }) => accounts)).toHaveLength(1)
      expect(people).toHaveLength(1)
    })

    it('are made with their first account, and known by name and id', async () => {
      const first = anAccount({ id: '10000000-0000-4000-8000-000000000000', role: 'admin' })
      const second = anAccount({
        id: '20000000-0000-4000-8000-000000000000',
        kind: 'servicePrincipal',
        connections: ['csp', 'graph'],
      })
      await one.people.linkAccounts([{ person: 'Ann', account: second }], 5)
      await two.people.linkAccounts([{ person: 'Ann', account: first }], 6)
      const ann = await two.people.getPerson('Ann')
      expect(ann).toEqual({
        id: expect.stringMatching(/^psn_/) as string,
        name: 'Ann',
        createdAt: 5,
        accounts: [first, second],
      })
      expect(await one.people.getPerson(ann?.id ?? '')).toEqual(ann)
    })

    it('are found by an id before a name', async () => {
      await one.people.linkAccounts([{ person: 'Ann', account: anAccount() }], 5)
      const ann = await one.people.getPerson('Ann')
      await one.people.linkAccounts([{ person: ann?.id ?? '', account: anAccount() }], 6)
      expect((await two.people.getPerson(ann?.id ?? ''))?.name).toBe('Ann')
    })

    it('have the role and the connections of the last link of an account', async () => {
      const account = anAccount({ role: 'admin', connections: ['csp'] })
      await one.people.linkAccounts([{ person: 'Ann', account }], 5)
      const { role: _, ...less } = { ...account, connections: [] }
      expect(await two.people.linkAccounts([{ person: 'Ann', account: less }], 6)).toEqual({})
      expect((await one.people.getPerson('Ann'))?.accounts).toEqual([less])
    })

    it('stay without an account, which is free for others', async () => {
      const account = anAccount()
      await one.people.linkAccounts([{ person: 'Ann', account }], 5)
      const linked = await generation()
      expect(linked).toBeGreaterThan(0)
      expect(await two.people.unlinkAccount({ ...account, id: account.id.toUpperCase() })).toBe(
        true,
      )
      expect(await generation()).toBeGreaterThan(linked)
      expect((await one.people.getPerson('Ann'))?.accounts).toEqual([])
      expect(await one.people.linkAccounts([{ person: 'Bob', account }], 6)).toEqual({})
    })

    it('come in pages by name, each with all accounts', async () => {
      const people = ['d', 'b', 'a', 'c'].flatMap((person) => [
        { person, account: anAccount() },
        { person, account: anAccount() },
      ])
      await one.people.linkAccounts(people, 5)
      const first = await two.people.listPeople({ limit: 3 })
      expect(first.map(({ name, accounts }) => [name, accounts.length])).toEqual([
        ['a', 2],
        ['b', 2],
        ['c', 2],
      ])
      expect(await names({ after: 'c' })).toEqual(['d'])
      expect(await names({ search: 'b' })).toEqual(['b'])
      expect(await names({ search: '%' })).toEqual([])
    })
  })
}
