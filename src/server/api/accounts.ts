import { z } from 'zod'
import {
  addressOf,
  type Account,
  type AccountKey,
  type AccountKind,
  type AccountPage,
  type AccountPlace,
  type MembershipQuery,
} from '../../directory/index.ts'
import { EvergrantError } from '../../kernel/index.ts'
import { accountToJson } from '../account-view.ts'
import { signatureOf } from '../bearer-facts.ts'
import type { Composition } from '../compose.ts'
import { accountParams, accountSchema, kindWish } from './account-schema.ts'
import { cutPage, flag, fromCursor, pageOf, paging, toCursor } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

/** Operations on accounts of the imported directory. */
export const accountOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'accounts.list',
    method: 'GET',
    path: '/api/v1/accounts',
    operation: 'accounts.read',
    summary: 'Accounts of the imported directory, or those disabled here',
    description:
      'By tenant, and within it as they were first imported. A page may be shorter than `limit` while more follow: `next` tells.',
    status: 200,
    errors: [],
    query: z.object({
      ...paging,
      kind: kindWish,
      tenant: accountParams.shape.tenant.optional(),
      search: z
        .string()
        .min(1)
        .max(320)
        .optional()
        .describe('Beginning of userPrincipalName, mail or displayName'),
      disabled: flag.optional().describe('Only those disabled here'),
    }),
    response: pageOf(accountSchema),
    handle: async ({ composition: { store } }, { limit, cursor, kind, tenant, search, disabled }) =>
      wirePage(
        await store.accounts.listAccounts({
          kind,
          limit,
          ...(tenant === undefined ? {} : { tenantId: tenant }),
          ...(search === undefined ? {} : { search }),
          ...(disabled === true ? { disabledOnly: true } : {}),
          ...(cursor === undefined ? {} : { after: readPlace(cursor) }),
        }),
        accountToJson,
      ),
  }),
  defineOperation({
    id: 'accounts.show',
    method: 'GET',
    path: '/api/v1/accounts/{tenant}/{id}',
    operation: 'accounts.read',
    summary: 'One account',
    status: 200,
    errors: ['account_unknown'],
    params: accountParams,
    query: z.object({ kind: kindWish }),
    response: accountSchema,
    handle: async ({ composition }, { tenant, id, kind }) =>
      accountToJson(await requireAccount(composition, keyOf(tenant, kind, id))),
  }),
  defineOperation({
    id: 'accounts.groups',
    method: 'GET',
    path: '/api/v1/accounts/{tenant}/{id}/groups',
    operation: 'accounts.read',
    summary: 'The groups that an account is a direct member of, with their names',
    status: 200,
    errors: [],
    params: accountParams,
    query: z.object(paging),
    response: pageOf(
      z.object({
        tenant_id: z.string(),
        id: z.string(),
        name: z.string().nullable().describe('Null where the group itself was not imported'),
      }),
    ),
    handle: async ({ composition: { store } }, { tenant, id, limit, cursor }) => {
      const found = await store.directory.listGroupsOf(membershipQuery(tenant, id, limit, cursor))
      const { items, next } = cutPage(found, limit, {
        toJson: ({ groupId }) => groupId,
        placeOf: ({ groupId }) => [groupId],
      })
      const named = items.map(async (groupId) => {
        const key = { tenantId: tenant, kind: 'group', id: groupId } as const
        const name = (await store.directory.findObject(key))?.properties['displayName']
        return { tenant_id: tenant, id: groupId, name: typeof name === 'string' ? name : null }
      })
      return { items: await Promise.all(named), next }
    },
  }),
  defineOperation({
    id: 'accounts.disable',
    method: 'POST',
    path: '/api/v1/accounts/{tenant}/{id}/disable',
    operation: 'accounts.write',
    summary: 'Disable an account here and end its sessions, imported or not',
    description:
      'Holds whatever the directory says, and through every import. Its tokens are refused: here at once, in other processes within a second.',
    status: 200,
    errors: ['usage'],
    params: accountParams,
    body: z.object({ kind: kindWish, reason: z.string().max(500).optional() }),
    response: z.object({
      changed: z.boolean().describe('False: it was disabled before'),
      sessions_ended: z.int(),
    }),
    handle: async ({ accountDesk }, { tenant, id, kind, reason }, { caller }) => {
      const { hasChanged, revokedSessions } = await accountDesk.disable(keyOf(tenant, kind, id), {
        by: signatureOf(caller),
        ...(reason === undefined ? {} : { reason }),
      })
      return { changed: hasChanged, sessions_ended: revokedSessions }
    },
  }),
  defineOperation({
    id: 'accounts.enable',
    method: 'POST',
    path: '/api/v1/accounts/{tenant}/{id}/enable',
    operation: 'accounts.write',
    summary: 'Enable an account again that was disabled here',
    status: 200,
    errors: [],
    params: accountParams,
    body: z.object({ kind: kindWish }),
    response: z.object({ changed: z.boolean().describe('False: it was not disabled here') }),
    handle: async ({ accountDesk }, { tenant, id, kind }, { caller }) => ({
      changed: await accountDesk.enable(keyOf(tenant, kind, id), signatureOf(caller)),
    }),
  }),
]

const keyOf = (tenantId: string, kind: AccountKind, id: string): AccountKey => ({
  tenantId,
  kind,
  id,
})

/** An account that was imported. @throws EvergrantError `account_unknown` */
export async function requireAccount(
  { store }: Pick<Composition, 'store'>,
  key: AccountKey,
): Promise<Account> {
  const account = await store.accounts.getAccount(key)
  if (account !== undefined) return account
  throw new EvergrantError(
    'account_unknown',
    `there is no ${key.kind} ${JSON.stringify(addressOf(key))}`,
  )
}

/** A page of accounts as it goes out. */
export function wirePage<T>(
  { accounts, next }: AccountPage,
  toJson: (account: Account) => T,
): { items: T[]; next: string | null } {
  return { items: accounts.map(toJson), next: wirePlace(next) }
}

/** Asks for a page of memberships, of a group or of a member. */
export function membershipQuery(
  tenantId: string,
  id: string,
  limit: number,
  cursor: string | undefined,
): MembershipQuery {
  const [after] = cursor === undefined ? [] : fromCursor(cursor, 1)
  return { tenantId, id, limit: limit + 1, ...(after === undefined ? {} : { after }) }
}

/** Where such a page goes on, as it goes out. */
export function wirePlace(place: AccountPlace | undefined): string | null {
  if (place === undefined) return null
  return toCursor([place.tenantId, String(place.row), place.value ?? ''])
}

/** Reads the cursor of such a page. @throws EvergrantError `request_invalid` */
export function readPlace(cursor: string): AccountPlace {
  const [tenantId = '', row = '', value = ''] = fromCursor(cursor, 3)
  // What was changed by hand finds nothing, and harms nobody.
  const number = Number.isSafeInteger(Number(row)) ? Number(row) : -1
  return { tenantId, row: number, value }
}
