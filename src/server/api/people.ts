import { z } from 'zod'
import { addressOf, type PersonEntry, type PersonRecord } from '../../directory/index.ts'
import { EvergrantError } from '../../kernel/index.ts'
import { personToJson } from '../account-view.ts'
import type { Composition } from '../compose.ts'
import { accountParams, kindWish, personSchema } from './account-schema.ts'
import { roleSchema } from './caller-schema.ts'
import { cutPage, flag, fromCursor, pageOf, paging } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const personParam = z.string().min(1).max(200).describe('Id or name')
const linkFields = {
  tenant: accountParams.shape.tenant,
  account: z.string().min(1).max(320).describe('Object id or userPrincipalName'),
  kind: kindWish,
  role: roleSchema.nullable().optional(),
  connections: z.array(z.string().max(64)).max(1_000).default([]),
}

/** Operations on people: who owns which accounts. */
export const peopleOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'people.list',
    method: 'GET',
    path: '/api/v1/people',
    operation: 'people.read',
    summary: 'People with their accounts, by name',
    status: 200,
    errors: [],
    query: z.object({
      ...paging,
      search: z.string().min(1).max(200).optional().describe('Beginning of the name'),
    }),
    response: pageOf(personSchema),
    handle: async ({ composition: { store } }, query) =>
      await peoplePage(store, query, personToJson),
  }),
  defineOperation({
    id: 'people.show',
    method: 'GET',
    path: '/api/v1/people/{person}',
    operation: 'people.read',
    summary: 'One person',
    status: 200,
    errors: ['person_unknown'],
    params: z.object({ person: personParam }),
    response: personSchema,
    handle: async ({ composition }, { person }) =>
      personToJson(await requirePerson(composition, person)),
  }),
  defineOperation({
    id: 'people.link',
    method: 'POST',
    path: '/api/v1/people/{person}/accounts',
    operation: 'people.write',
    summary: 'Link an account to a person, who is made where there is none of that name',
    description: 'Replaces the role and the connections that the account had from that person.',
    status: 200,
    errors: ['people_invalid', 'account_taken'],
    params: z.object({ person: personParam }),
    body: z.object(linkFields),
    response: personSchema,
    handle: async ({ composition, peopleDesk }, { person, role, ...link }) => {
      const known = await composition.store.people.getPerson(person)
      const name = known?.name ?? person
      await peopleDesk.link([entryOf('the link', { ...link, person: name, role })])
      return personToJson(await requirePerson(composition, name))
    },
  }),
  defineOperation({
    id: 'people.unlink',
    method: 'DELETE',
    path: '/api/v1/people/{person}/accounts/{tenant}/{id}',
    operation: 'people.write',
    summary: 'Take an account from a person; the person stays',
    status: 204,
    errors: ['person_unknown', 'account_unknown'],
    params: z.object({ person: personParam, ...accountParams.shape }),
    query: z.object({ kind: kindWish }),
    handle: async ({ composition, peopleDesk }, { person, tenant, id, kind }) => {
      const { accounts, name } = await requirePerson(composition, person)
      const owned = accounts.find(
        (one) =>
          one.kind === kind &&
          addressOf(one).toLowerCase() === addressOf({ tenantId: tenant, kind, id }).toLowerCase(),
      )
      if (owned !== undefined && (await peopleDesk.unlink(owned))) return
      throw new EvergrantError(
        'account_unknown',
        `${JSON.stringify(name)} has no ${kind} ${JSON.stringify(`${tenant}/${id}`)}`,
      )
    },
  }),
  defineOperation({
    id: 'people.import',
    method: 'POST',
    path: '/api/v1/people/import',
    operation: 'people.write',
    summary: 'Link many accounts to people: all of them, or none',
    description:
      'Up to 500 at a time; `evergrant people import` takes longer lists. Every entry that is wrong is named with its place in the list, from 1 on.',
    status: 200,
    errors: ['people_invalid', 'account_taken'],
    query: z.object({ dry_run: flag.optional().describe('Only check the list') }),
    body: z.object({
      links: z.array(z.strictObject({ person: z.string().max(200), ...linkFields })).max(500),
    }),
    response: z.object({ links: z.int(), people: z.int() }),
    handle: async ({ peopleDesk }, { links, dry_run: isDryRun }) =>
      await peopleDesk.link(
        links.map((link, at) => entryOf(`entry ${at + 1}`, link)),
        { isDryRun: isDryRun === true },
      ),
  }),
]

function entryOf(
  place: string,
  link: Omit<PersonEntry, 'place' | 'role'> & { readonly role?: string | null | undefined },
): PersonEntry {
  const { role, ...rest } = link
  return { place, ...rest, ...(role === null || role === undefined ? {} : { role }) }
}

/** @throws EvergrantError `person_unknown` */
export async function requirePerson(
  { store }: Pick<Composition, 'store'>,
  nameOrId: string,
): Promise<PersonRecord> {
  const person = await store.people.getPerson(nameOrId)
  if (person !== undefined) return person
  throw new EvergrantError(
    'person_unknown',
    `there is no person ${JSON.stringify(nameOrId.slice(0, 100))}`,
  )
}

/** A page of people by name, as each way to them shows one. */
export async function peoplePage<W>(
  { people }: Pick<Composition['store'], 'people'>,
  {
    limit,
    cursor,
    search,
  }: {
    readonly limit: number
    readonly cursor?: string | undefined
    readonly search?: string | undefined
  },
  toJson: (person: PersonRecord) => W,
): Promise<{ items: W[]; next: string | null }> {
  const [after] = cursor === undefined ? [] : fromCursor(cursor, 1)
  const found = await people.listPeople({
    limit: limit + 1,
    ...(after === undefined ? {} : { after }),
    ...(search === undefined ? {} : { search }),
  })
  return cutPage(found, limit, { toJson, placeOf: ({ name }) => [name] })
}
