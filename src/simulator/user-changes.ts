import { EvergrantError } from '../kernel/index.ts'
import { claimName, forgetFrom, putChange, type PersonChange } from './person-change.ts'
import { drawPerson, idOf, userPrincipalNameOf, type Person } from './person.ts'
import { findPerson } from './population.ts'
import { createUserIndex } from './user-index.ts'
import { userProperty, userPropertyNames } from './user-properties.ts'
import type { UserView } from './user-view.ts'

/** Makes a view with an index of its own. */
export function createUserView(
  population: UserView['population'],
  userCount: number,
  deletedUsers: Set<number> = new Set(),
): UserView {
  const view: UserView = {
    population,
    userCount,
    deletedUsers,
    index: createUserIndex(() => view),
  }
  return view
}

/** One thing that happened to the users of a tenant; by index. */
export type UserChange =
  /** Somebody new, or something else about somebody: all that differs from the draw, after it. */
  | {
      readonly kind: 'put'
      readonly index: number
      readonly change: PersonChange
      /** What changed; undefined for somebody new. */
      readonly names?: readonly string[]
    }
  | { readonly kind: 'deleted' | 'restored'; readonly index: number }
  /** The tenant ends here now. */
  | { readonly kind: 'counted'; readonly users: number }

/** Properties of a user by their names: what Graph would be sent. */
export interface UserWish {
  readonly userPrincipalName?: string
  readonly [property: string]: unknown
}

/** Lets a change happen in a view. */
export function applyUserChange(view: UserView, change: UserChange): void {
  const { deletedUsers, index, population } = view
  if (change.kind === 'put') index.touch(change.index)
  else if (change.kind === 'counted') index.clear()
  else index.forget()
  if (change.kind === 'put') {
    view.userCount = Math.max(view.userCount, change.index + 1)
    deletedUsers.delete(change.index)
    putChange(population.overlay, change.index, change.change)
  } else if (change.kind === 'counted') {
    view.userCount = change.users
    forgetFrom(population.overlay, change.users)
  } else if (change.kind === 'restored') {
    deletedUsers.delete(change.index)
    claimName(population.overlay, change.index)
  } else deletedUsers.add(change.index)
}

/**
 * The change that creates a user, at the end of the tenant. Throws `config_invalid` for a property
 * that users have not, and for a name that is none or taken.
 */
export function creationOf(view: UserView, wish: UserWish, now: number): UserChange {
  const { userPrincipalName } = wish
  if (userPrincipalName === undefined) throw invalid('"userPrincipalName" is missing')
  requireFreeName(view, userPrincipalName, undefined)
  const index = view.userCount
  const given = valuesOf(wish)
  const values = {
    ...Object.fromEntries(userPropertyNames.map((name) => [name, emptyValueOf(name)])),
    id: idOf(drawPerson(view.population, index)),
    accountEnabled: true,
    userType: 'Member',
    createdDateTime: `${new Date(now).toISOString().slice(0, 19)}Z`,
    displayName: userPrincipalName.split('@')[0],
    ...given,
  }
  return { kind: 'put', index, change: { values, cleared: new Set() } }
}

/** The change that gives a living user other values; refuses what `creationOf` refuses. */
export function alterationOf(view: UserView, user: string, wish: UserWish): UserChange {
  const person = requirePerson(view, user)
  if (view.deletedUsers.has(person.index)) throw invalid(`the user "${user}" is deleted`)
  const given = valuesOf(wish)
  if (wish.userPrincipalName !== undefined) {
    requireFreeName(view, wish.userPrincipalName, person.index)
  }
  const cleared = new Set(person.change?.cleared)
  for (const [name, value] of Object.entries(given)) {
    if (value !== null) cleared.delete(name)
    else if (userProperty(name)?.value(person) !== null) cleared.add(name)
  }
  const change = { values: { ...person.change?.values, ...given }, cleared }
  return { kind: 'put', index: person.index, change, names: Object.keys(given) }
}

/** The change that deletes a user, or brings a deleted one back under the same id. */
export function removalOf(
  view: UserView,
  kind: 'deleted' | 'restored',
  user: string,
): Extract<UserChange, { readonly index: number }> {
  const { index, ...person } = requirePerson(view, user)
  if (kind === 'restored') {
    requireFreeName(view, userPrincipalNameOf({ index, ...person }), index)
  }
  return { kind, index }
}

function requirePerson(view: UserView, user: string): Person {
  const person = findPerson(view.population, view.userCount, user)
  if (person !== undefined) return person
  throw invalid(`there is no user "${user}"`)
}

/** Names are unique among the living, in any case. */
function requireFreeName(view: UserView, name: string, own: number | undefined): void {
  const isName = typeof name === 'string' && /^[^@]+@[^@]+$/.test(name)
  if (!isName) {
    const shown = JSON.stringify(name)
    throw invalid(`"userPrincipalName" must be a name and a domain with @ between, but is ${shown}`)
  }
  const holder = findPerson(view.population, view.userCount, name)?.index
  if (holder === undefined || holder === own || view.deletedUsers.has(holder)) return
  throw invalid(`the "userPrincipalName" ${JSON.stringify(name)} is taken`)
}

/** The properties wished for, under their own names. */
function valuesOf(wish: UserWish): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [asked, value] of Object.entries(wish)) {
    const name = userProperty(asked)?.name
    if (name === undefined) throw invalid(`users have no property "${asked}"`)
    if (name === 'id') throw invalid('"id" follows from the seed and cannot be chosen')
    if (value !== undefined) values[name] = value
  }
  return values
}

function emptyValueOf(name: string): unknown {
  return listProperties.has(name) ? [] : null
}

const listProperties: ReadonlySet<string> = new Set([
  'businessPhones',
  'otherMails',
  'proxyAddresses',
  'assignedLicenses',
  'imAddresses',
  'identities',
])

function invalid(detail: string): EvergrantError {
  return new EvergrantError('config_invalid', `simulator: ${detail}`)
}
