import { z } from 'zod'
import { requireRole, type Caller, type CallerAccount } from '../../access/index.ts'
import {
  isGuid,
  type Account,
  type DirectoryObject,
  type Membership,
  type PersonRecord,
} from '../../directory/index.ts'
import { EvergrantError } from '../../kernel/index.ts'
import { accountParams, kindSchema, kindWish } from './account-schema.ts'
import { membershipQuery, readPlace, requireAccount, wirePage, wirePlace } from './accounts.ts'
import { cutPage, instant, pageOf, paging, toWire } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'
import { peoplePage } from './people.ts'

const properties = z
  .record(z.string(), z.unknown())
  .describe('As imported from Microsoft Graph; those of `select` alone, where it is given')
const key = { tenant_id: z.string(), id: z.string() }
const accountSchema = z
  .object({
    ...key,
    kind: kindSchema,
    enabled: z.boolean().describe('Neither its directory nor anybody here disabled it'),
    person: z.object({ id: z.string(), name: z.string() }).nullable(),
    updated_at: instant,
    properties,
  })
  .meta({ id: 'DirectoryAccount' })
const groupSchema = z.object({ ...key, updated_at: instant, properties }).meta({
  id: 'DirectoryGroup',
})
const personSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    accounts: z.array(z.object({ ...key, kind: kindSchema })),
  })
  .meta({ id: 'DirectoryPerson' })

const select = z
  .string()
  .max(2_000)
  .regex(/^[A-Za-z]\w{0,127}(?:,[A-Za-z]\w{0,127})*$/, 'expected names of properties, by comma')
  .transform((names) => names.split(','))
  .optional()
  .describe('Properties to send, by comma, as Microsoft Graph names them; by default all')
const listing = {
  ...paging,
  tenant: accountParams.shape.tenant.optional(),
  select,
  search: z.string().min(1).max(320).optional(),
}
const shortPages =
  'A page may be shorter than `limit` while more follow: `next` tells. Caller keys with the role may ask, too.'

/** The directory as it is read with bearer tokens. */
export const directoryOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'directory.me',
    method: 'GET',
    path: '/directory/v1/me',
    operation: 'directory.self',
    summary: 'The caller’s own account',
    status: 200,
    errors: ['caller_without_account', 'account_unknown'],
    query: z.object({ select }),
    response: accountSchema,
    handle: async ({ composition }, { select: names }, { caller }) =>
      accountToWire(await requireAccount(composition, requireOwn(caller)), names),
  }),
  defineOperation({
    id: 'directory.accounts',
    method: 'GET',
    path: '/directory/v1/accounts',
    operation: 'directory.read',
    summary: 'Accounts of the directory',
    description: shortPages,
    status: 200,
    errors: [],
    query: z.object({
      ...listing,
      kind: kindWish,
      search: listing.search.describe('Beginning of userPrincipalName, mail or displayName'),
    }),
    response: pageOf(accountSchema),
    handle: async ({ composition: { store } }, query) =>
      wirePage(await store.accounts.listAccounts(listQuery(query, query.kind)), (account) =>
        accountToWire(account, query.select),
      ),
  }),
  defineOperation({
    id: 'directory.account',
    method: 'GET',
    path: '/directory/v1/accounts/{tenant}/{id}',
    operation: 'directory.read',
    summary: 'One account',
    status: 200,
    errors: ['account_unknown'],
    params: accountParams,
    query: z.object({ kind: kindWish, select }),
    response: accountSchema,
    handle: async ({ composition }, { tenant: tenantId, id, kind, select: names }) =>
      accountToWire(await requireAccount(composition, { tenantId, kind, id }), names),
  }),
  defineOperation({
    id: 'directory.groupsOf',
    method: 'GET',
    path: '/directory/v1/accounts/{tenant}/{id}/groups',
    operation: 'directory.self',
    summary: 'The groups that an account is a direct member of',
    description: 'Of the caller’s own account; of others with the role viewer.',
    status: 200,
    errors: ['role_missing'],
    params: accountParams,
    query: z.object(paging),
    response: pageOf(z.object(key)),
    handle: async ({ composition: { store } }, { tenant, id, limit, cursor }, { caller }) => {
      if (!isOwn(caller, tenant, id)) {
        const refusal = requireRole(caller, 'directory.read')
        if (refusal !== undefined) throw refusal
      }
      const found = await store.directory.listGroupsOf(membershipQuery(tenant, id, limit, cursor))
      return cutPage(found, limit, {
        toJson: ({ groupId }: Membership) => ({ tenant_id: tenant, id: groupId }),
        placeOf: ({ groupId }) => [groupId],
      })
    },
  }),
  defineOperation({
    id: 'directory.people',
    method: 'GET',
    path: '/directory/v1/people',
    operation: 'directory.read',
    summary: 'People and their accounts, by name',
    status: 200,
    errors: [],
    query: z.object({ ...paging, search: listing.search.describe('Beginning of the name') }),
    response: pageOf(personSchema),
    handle: async ({ composition: { store } }, query) =>
      await peoplePage(store, query, personToWire),
  }),
  defineOperation({
    id: 'directory.groups',
    method: 'GET',
    path: '/directory/v1/groups',
    operation: 'directory.read',
    summary: 'Groups of the directory',
    description: shortPages,
    status: 200,
    errors: [],
    query: z.object({
      ...listing,
      search: listing.search.describe('Beginning of mail or displayName'),
    }),
    response: pageOf(groupSchema),
    handle: async ({ composition: { store } }, query) => {
      const { objects, next } = await store.directory.listObjects(listQuery(query, 'group'))
      return {
        items: objects.map((group) => groupToWire(group, query.select)),
        next: wirePlace(next),
      }
    },
  }),
  defineOperation({
    id: 'directory.members',
    method: 'GET',
    path: '/directory/v1/groups/{tenant}/{id}/members',
    operation: 'directory.read',
    summary: 'The direct members of a group',
    status: 200,
    errors: [],
    params: accountParams,
    query: z.object(paging),
    response: pageOf(
      z.object({
        ...key,
        type: z.string().describe('`user`, `group`, `servicePrincipal`, `device`, …'),
      }),
    ),
    handle: async ({ composition: { store } }, { tenant, id, limit, cursor }) => {
      const found = await store.directory.listMembers(membershipQuery(tenant, id, limit, cursor))
      return cutPage(found, limit, {
        toJson: ({ memberId, memberType }: Membership) => ({
          tenant_id: tenant,
          id: memberId,
          type: memberType,
        }),
        placeOf: ({ memberId }) => [memberId],
      })
    },
  }),
]

/** @throws EvergrantError `caller_without_account` */
function requireOwn({ account, name }: Caller): CallerAccount {
  if (account !== undefined) return account
  throw new EvergrantError('caller_without_account', `caller "${name}" stands for no account`)
}

function isOwn({ account }: Caller, tenant: string, id: string): boolean {
  if (account === undefined) return false
  const isSame = (one: string, other: string): boolean =>
    one === other || (isGuid(one) && one.toLowerCase() === other.toLowerCase())
  return isSame(account.tenantId, tenant) && isSame(account.id, id)
}

interface Listing {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly tenant?: string | undefined
  readonly search?: string | undefined
}

function listQuery<K extends string>({ limit, cursor, tenant, search }: Listing, kind: K) {
  return {
    kind,
    limit,
    ...(tenant === undefined ? {} : { tenantId: tenant }),
    ...(search === undefined ? {} : { search }),
    ...(cursor === undefined ? {} : { after: readPlace(cursor) }),
  }
}

type Selection = readonly string[] | undefined

function accountToWire(
  { tenantId, id, kind, properties: all, disabled, link, updatedAt }: Account,
  names: Selection,
): z.input<typeof accountSchema> {
  return {
    tenant_id: tenantId,
    id,
    kind,
    enabled: disabled === undefined && all['accountEnabled'] !== false,
    person: link === undefined ? null : { id: link.personId, name: link.personName },
    updated_at: toWire(updatedAt),
    properties: picked(all, names),
  }
}

function groupToWire(
  { tenantId, id, properties: all, updatedAt }: DirectoryObject,
  names: Selection,
): z.input<typeof groupSchema> {
  return {
    tenant_id: tenantId,
    id,
    updated_at: toWire(updatedAt),
    properties: picked(all, names),
  }
}

function personToWire({ id, name, accounts }: PersonRecord): z.input<typeof personSchema> {
  return {
    id,
    name,
    accounts: accounts.map((account) => ({
      tenant_id: account.tenantId,
      id: account.id,
      kind: account.kind,
    })),
  }
}

function picked(
  all: Readonly<Record<string, unknown>>,
  names: Selection,
): Readonly<Record<string, unknown>> {
  if (names === undefined) return all
  return Object.fromEntries(
    names.flatMap((name) => (Object.hasOwn(all, name) ? [[name, all[name]]] : [])),
  )
}
