import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Account, AccountQuestion } from '../../src/directory/index.ts'
import type { Store } from '../../src/store/index.ts'
import { aPage, aRun, pageOf, tenantId, type MakeStore, type SharedStore } from './builders.ts'

export const otherTenant = '99999999-2222-3333-4444-555555555555'

/** Properties of an imported account; `id` is made unless given. */
export type SampleAccount = Readonly<Record<string, unknown>> & { readonly id?: string }

/** Imports accounts as users of a tenant; returns their ids. */
export async function importUsers(
  store: Store,
  accounts: readonly SampleAccount[],
  { tenant = tenantId, now = 2_000 } = {},
): Promise<readonly string[]> {
  const rows = accounts.map((account) => ({ id: crypto.randomUUID(), displayName: '', ...account }))
  const run = await aRun(store, `import of ${tenant}`)
  const page = {
    tenantId: tenant,
    kind: 'user',
    sequence: run.sequence,
    page: pageOf(rows),
  } as const
  await store.runs.commitPage({ ...aPage(run, [], { now }), rows: page })
  await store.runs.updateRun(run.id, 'one', { state: 'completed', release: true }, [], now)
  return rows.map(({ id }) => id)
}

/** What every `AccountStore` does. */
export function describeAccountStore(kind: string, makeStore: MakeStore): void {
  describe(`accounts in ${kind}`, () => {
    let shared: SharedStore
    let one: Store
    let two: Store
    beforeEach(async () => {
      shared = await makeStore()
      one = await shared.open('bulk')
      two = await shared.open('main')
    })
    afterEach(async () => await shared.dispose())

    const asked = (
      column: string,
      value: string,
      compare: 'exact' | 'lower' = 'exact',
      over: Partial<AccountQuestion> = {},
    ): AccountQuestion => ({
      tenantId,
      kind: 'user',
      where: [{ column, value, compare }],
      limit: 2,
      ...over,
    })
    const find = async (...question: Parameters<typeof asked>): Promise<readonly string[]> =>
      (await two.accounts.findAccounts(asked(...question))).map(({ id }) => id)
    const generation = async (): Promise<number> => (await two.readGenerations()).accounts

    /** Before look-ups are prepared, and after. */
    const bothWays = async (
      columns: readonly string[],
      check: () => Promise<void>,
    ): Promise<void> => {
      await check()
      await one.accounts.prepareLookups(
        columns.flatMap((column) =>
          (['exact', 'lower'] as const).map(
            (compare) => ({ kind: 'user', column, compare }) as const,
          ),
        ),
      )
      await check()
    }

    describe('are found', () => {
      it('never by a column that is no name of a property', async () => {
        for (const column of ['mail"', `mail' OR 1=1 --`, '', '1a', 'a.b', 'a'.repeat(129)]) {
          await expect(find(column, 'x')).rejects.toMatchObject({ code: 'usage' })
          const made = one.accounts.prepareLookups([{ kind: 'user', column, compare: 'exact' }])
          await expect(made).rejects.toMatchObject({ code: 'usage' })
        }
      })

      it('never by what is no text there, nor by an empty one, nor where there is nothing', async () => {
        await importUsers(one, [
          { employeeId: 5 },
          { employeeId: true },
          { employeeId: null },
          { employeeId: { a: 1 } },
          { employeeId: ['x'] },
          { employeeId: '' },
          {},
        ])
        await bothWays(['employeeId'], async () => {
          const values = ['5', '5.0', 'true', '1', 'null', '{"a":1}', '{"a": 1}', '["x"]', 'x', '']
          for (const value of values) {
            expect(await find('employeeId', value)).toEqual([])
            expect(await find('employeeId', value, 'lower')).toEqual([])
          }
        })
      })

      it('never by characters that the directory cannot keep', async () => {
        await importUsers(one, [
          { mail: 'admin\0@contoso.com' },
          { mail: 'half \ud800' },
          { mail: '\ufffd' },
        ])
        await bothWays(['mail'], async () => {
          for (const value of ['admin', 'admin\0@contoso.com', '\0', 'half \ud800', '\ud800']) {
            expect(await find('mail', value)).toEqual([])
            expect(await find('id', value)).toEqual([])
            expect(
              await two.accounts.getAccount({ tenantId, kind: 'user', id: value }),
            ).toBeUndefined()
          }
        })
      })

      it('never in another tenant, of another kind, or once an import no longer met them', async () => {
        const [id = ''] = await importUsers(one, [{ mail: 'a@contoso.com' }])
        expect(await find('mail', 'a@contoso.com', 'exact', { tenantId: otherTenant })).toEqual([])
        expect(await find('mail', 'a@contoso.com', 'exact', { kind: 'servicePrincipal' })).toEqual(
          [],
        )
        expect(await find('id', id, 'exact', { tenantId: otherTenant })).toEqual([])
        const run = await aRun(one, `import of ${tenantId}`)
        await one.runs.sweepUnseen({
          runId: run.id,
          instanceId: 'one',
          tenantId,
          kind: 'user',
          sequence: run.sequence,
          limit: 100_000,
          now: 3_000,
        })
        expect(await find('mail', 'a@contoso.com')).toEqual([])
        expect(await find('id', id)).toEqual([])
        expect(await two.accounts.getAccount({ tenantId, kind: 'user', id })).toBeUndefined()
      })

      it('exactly, or in lower case of ASCII letters alone', async () => {
        const [ann, straße, dotted] = await importUsers(one, [
          { mail: 'Ann@Contoso.com' },
          { mail: 'STRAßE@contoso.com' },
          { mail: 'İ@contoso.com' },
        ])
        await bothWays(['mail'], async () => {
          expect(await find('mail', 'ann@contoso.com')).toEqual([])
          expect(await find('mail', 'Ann@Contoso.com')).toEqual([ann])
          expect(await find('mail', 'ann@contoso.com', 'lower')).toEqual([ann])
          expect(await find('mail', 'Ann@Contoso.com', 'lower')).toEqual([])
          expect(await find('mail', 'strasse@contoso.com', 'lower')).toEqual([])
          expect(await find('mail', 'straße@contoso.com', 'lower')).toEqual([straße])
          expect(await find('mail', 'i@contoso.com', 'lower')).toEqual([])
          expect(await find('mail', 'İ@contoso.com', 'lower')).toEqual([dotted])
          expect(await find('mail', 'Ann@Contoso.com ')).toEqual([])
        })
      })

      it('by values of any length, which no import stumbles over', async () => {
        const long = 'x'.repeat(300_000)
        await one.accounts.prepareLookups([{ kind: 'user', column: 'mail', compare: 'lower' }])
        const [a, b] = await importUsers(one, [{ mail: `${long}a` }, { mail: `${long}B` }])
        expect(await find('mail', `${long}a`, 'lower')).toEqual([a])
        expect(await find('mail', `${long}b`, 'lower')).toEqual([b])
        expect(await find('mail', long, 'lower')).toEqual([])
      })

      it('only where every condition holds', async () => {
        const [first] = await importUsers(one, [
          { mail: 'a@contoso.com', department: 'Sales' },
          { mail: 'a@contoso.com', department: 'IT' },
        ])
        await bothWays(['mail'], async () => {
          const where = [
            { column: 'mail', value: 'a@contoso.com', compare: 'lower' },
            { column: 'department', value: 'Sales', compare: 'exact' },
          ] as const
          const found = await two.accounts.findAccounts(asked('', '', 'exact', { where }))
          expect(found.map(({ id }) => id)).toEqual([first])
          const withId = [...where, { column: 'id', value: first ?? '', compare: 'exact' }] as const
          const again = await two.accounts.findAccounts(asked('', '', 'exact', { where: withId }))
          expect(again.map(({ id }) => id)).toEqual([first])
        })
        expect(await two.accounts.findAccounts(asked('', '', 'exact', { where: [] }))).toEqual([])
      })

      it('up to the limit, and in every tenant when none is named', async () => {
        const mail = 'guest@fabrikam.com'
        const [here] = await importUsers(one, [{ mail }])
        const [there] = await importUsers(one, [{ mail }, { mail }], { tenant: otherTenant })
        await bothWays(['mail'], async () => {
          expect(await find('mail', mail)).toEqual([here])
          const where = [{ column: 'mail', value: mail, compare: 'exact' }] as const
          const ask = async (limit: number): Promise<readonly string[]> =>
            (await two.accounts.findAccounts({ kind: 'user', where, limit })).map(
              (account) => account.tenantId,
            )
          expect((await ask(9)).toSorted()).toEqual([tenantId, otherTenant, otherTenant])
          expect(await ask(2)).toHaveLength(2)
        })
        const byId = {
          kind: 'user',
          where: [{ column: 'id', value: there ?? '', compare: 'exact' }],
        } as const
        expect(await two.accounts.findAccounts({ ...byId, limit: 2 })).toMatchObject([
          { tenantId: otherTenant, id: there },
        ])
      })

      it('by their id whatever the case of a GUID, also once keys have moved on', async () => {
        const [first = '', odd = ''] = await importUsers(one, [{}, { id: 'Not-A-Guid' }])
        for (let page = 0; page < 70; page++) await importUsers(one, [{}])
        expect(await find('id', first.toUpperCase())).toEqual([first])
        expect(await find('id', odd)).toEqual([odd])
        expect(await find('id', odd.toLowerCase())).toEqual([])
        const key = {
          tenantId: tenantId.toUpperCase(),
          kind: 'user',
          id: first.toUpperCase(),
        } as const
        expect(await two.accounts.getAccount(key)).toMatchObject({ tenantId, id: first })
      })

      it('with all that is known of them here', async () => {
        const [id = ''] = await importUsers(one, [{ mail: 'a@contoso.com', jobTitle: null }])
        const key = { tenantId, kind: 'user', id } as const
        await one.accounts.disableAccount(key, { at: 7, by: 'ann', reason: 'left' })
        const account = { ...key, role: 'operator', connections: ['csp'] } as const
        await one.people.linkAccounts([{ person: 'Ann', account }], 8)
        const expected: Account = {
          ...key,
          properties: { id, displayName: '', mail: 'a@contoso.com', jobTitle: null },
          updatedAt: 2_000,
          disabled: { at: 7, by: 'ann', reason: 'left' },
          link: {
            personId: (await two.people.getPerson('Ann'))?.id ?? '',
            personName: 'Ann',
            role: 'operator',
            connections: ['csp'],
          },
        }
        expect(await two.accounts.getAccount(key)).toEqual(expected)
        expect(await two.accounts.findAccounts(asked('mail', 'a@contoso.com'))).toEqual([expected])
        expect(await two.accounts.listAccounts({ kind: 'user', limit: 9 })).toEqual({
          accounts: [expected],
        })
      })
    })

    describe('are disabled here', () => {
      it('once, and enabled once, each noticed by other processes', async () => {
        const key = { tenantId, kind: 'user', id: crypto.randomUUID() } as const
        expect(await one.accounts.enableAccount(key)).toBe(false)
        expect(await generation()).toBe(0)
        expect(await one.accounts.disableAccount(key, { at: 1, by: 'ann' })).toBe(true)
        const disabled = await generation()
        expect(disabled).toBeGreaterThan(0)
        expect(await two.accounts.disableAccount(key, { at: 2, by: 'bob' })).toBe(false)
        expect(await generation()).toBe(disabled)
        const upper = { ...key, id: key.id.toUpperCase() }
        expect(await two.accounts.enableAccount(upper)).toBe(true)
        expect(await generation()).toBeGreaterThan(disabled)
        expect(await two.accounts.enableAccount(key)).toBe(false)
      })

      it('before they are imported, and whatever imports say later', async () => {
        const id = crypto.randomUUID()
        const key = { tenantId, kind: 'user', id } as const
        const mark = { at: 1, by: 'ann', reason: 'stolen' }
        await one.accounts.disableAccount(key, mark)
        expect(await two.accounts.getAccount(key)).toBeUndefined()
        await importUsers(one, [{ id, accountEnabled: true }])
        expect((await two.accounts.getAccount(key))?.disabled).toEqual(mark)
        await importUsers(one, [{ id, accountEnabled: true, displayName: 'new' }])
        expect((await two.accounts.getAccount(key))?.disabled).toEqual(mark)
      })

      it('in that tenant and of that kind alone', async () => {
        const id = crypto.randomUUID()
        await importUsers(one, [{ id }])
        await importUsers(one, [{ id }], { tenant: otherTenant })
        const mark = { at: 1, by: 'ann' }
        await one.accounts.disableAccount({ tenantId: otherTenant, kind: 'user', id }, mark)
        await one.accounts.disableAccount({ tenantId, kind: 'servicePrincipal', id }, mark)
        const here = await two.accounts.getAccount({ tenantId, kind: 'user', id })
        expect(here).toMatchObject({ id })
        expect(here).not.toHaveProperty('disabled')
      })
    })

    describe('have columns', () => {
      it('that are look-ups once prepared, however often that is asked for', async () => {
        const lower = { kind: 'user', column: 'mail', compare: 'lower' } as const
        expect(await two.accounts.hasLookup({ kind: 'user', column: 'id', compare: 'exact' })).toBe(
          true,
        )
        expect(await two.accounts.hasLookup(lower)).toBe(false)
        await Promise.all([
          one.accounts.prepareLookups([lower]),
          two.accounts.prepareLookups([lower]),
        ])
        await one.accounts.prepareLookups([lower, { ...lower, column: 'Mail' }])
        expect(await two.accounts.hasLookup(lower)).toBe(true)
        expect(await two.accounts.hasLookup({ ...lower, column: 'Mail' })).toBe(true)
        expect(await two.accounts.hasLookup({ ...lower, column: 'MAIL' })).toBe(false)
        expect(await two.accounts.hasLookup({ ...lower, compare: 'exact' })).toBe(false)
      })

      it('that tell how unique they are, empty values left out', async () => {
        await importUsers(one, [
          { mail: 'a@contoso.com' },
          { mail: 'A@contoso.com' },
          { mail: 'b@contoso.com' },
          { mail: '' },
          { mail: null },
          { mail: 5 },
          {},
        ])
        await importUsers(one, [{ mail: 'b@contoso.com' }, { mail: 'b@contoso.com' }], {
          tenant: otherTenant,
        })
        const spread = async (
          compare: 'exact' | 'lower',
          within: 'tenant' | 'everywhere',
        ): Promise<unknown> =>
          await two.accounts.spreadOf({ kind: 'user', column: 'mail', compare }, within)
        const sizes = { accounts: 9, filled: 5 }
        expect(await spread('exact', 'tenant')).toEqual({
          ...sizes,
          sharedValues: 1,
          sharingAccounts: 2,
        })
        expect(await spread('lower', 'tenant')).toEqual({
          ...sizes,
          sharedValues: 2,
          sharingAccounts: 4,
        })
        expect(await spread('exact', 'everywhere')).toEqual({
          ...sizes,
          sharedValues: 1,
          sharingAccounts: 3,
        })
        expect(await spread('lower', 'everywhere')).toEqual({
          ...sizes,
          sharedValues: 2,
          sharingAccounts: 5,
        })
        expect(
          await two.accounts.spreadOf(
            { kind: 'servicePrincipal', column: 'appId', compare: 'exact' },
            'tenant',
          ),
        ).toEqual({ accounts: 0, filled: 0, sharedValues: 0, sharingAccounts: 0 })
      })
    })
  })
}
