import { guidOf, mix, unmix } from './mixing.ts'
import { givenNames, partnerDomains, surnames, type PoolName } from './people-pools.ts'
import type { PeopleOverlay, PersonChange } from './person-change.ts'

/** One row's draw of the dice; every property is a pure function of it. */
export interface Person {
  index: number
  /** Independent 32-bit draws. */
  a: number
  b: number
  c: number
  d: number
  /** The first word of the object id: one to one with the index. */
  key: number
  kind: 'member' | 'guest' | 'service'
  given: PoolName
  surname: PoolName
  domain: string
  naming: Naming
  /** What was changed since; undefined for almost everybody. */
  change: PersonChange | undefined
}

/** What the drawn people are called by, before the @. */
export type Naming = 'names' | 'numbers' | 'one_prefix'

/** What a tenant's people depend on. */
export interface Population {
  readonly seed: number
  /** The domain its members sign in under. */
  readonly domain: string
  /** Default `names`. */
  readonly naming?: Naming
  readonly overlay?: PeopleOverlay
}

/** Draws the person at `index`; the same population and index always give the same one. */
export function drawPerson(population: Population, index: number): Person {
  const person: Person = {
    index: 0,
    a: 0,
    b: 0,
    c: 0,
    d: 0,
    key: 0,
    kind: 'member',
    given: givenNames[0] as PoolName,
    surname: surnames[0] as PoolName,
    domain: '',
    naming: 'names',
    change: undefined,
  }
  redrawPerson(person, population, index)
  return person
}

/** Draws into an existing object: what the page loop uses, to allocate nothing per row. */
export function redrawPerson(person: Person, population: Population, index: number): void {
  const key = mix(index ^ mix(population.seed))
  const a = mix(key + 0x9e3779b9)
  person.index = index
  person.key = key
  person.a = a
  person.b = mix(a ^ 0x51ed270b)
  person.c = mix(key ^ 0x2545f491)
  person.d = mix(person.c + 0x632be5ab)
  const roll = a % 1000
  person.kind = roll < 120 ? 'guest' : roll < 130 ? 'service' : 'member'
  person.given = givenNames[person.b % givenNames.length] as PoolName
  person.surname = surnames[(person.b >>> 9) % surnames.length] as PoolName
  person.domain = population.domain
  person.naming = population.naming ?? 'names'
  person.change = population.overlay?.byIndex.get(index)
}

/** The object id (a GUID). */
export function idOf(person: Person): string {
  return guidOf(person.key, person.b, person.c, person.d)
}

/** The index that an object id would belong to; redraw and compare to know whether it does. */
export function indexOfId(population: Population, id: string): number | undefined {
  if (!/^[0-9a-f]{8}-/i.test(id)) return undefined
  return (unmix(Number.parseInt(id.slice(0, 8), 16)) ^ mix(population.seed)) >>> 0
}

/** The domain a guest is at home in. */
export function homeDomainOf(person: Person): string {
  return partnerDomains[person.c % partnerDomains.length] as string
}

/** Whether the person signs in with a staff number: a twentieth of the members do. */
export function hasStaffNumber(person: Person): boolean {
  return person.kind === 'member' && person.a % 20 === 7 && person.naming === 'names'
}

/** What stands before the number of everybody, where people are called by numbers. */
export const aliasOpenings = { numbers: '', one_prefix: 'emp0' } as const

/** The part before the @, unique by its number. */
export function aliasOf(person: Person): string {
  const { index, kind, naming } = person
  if (naming !== 'names') return `${aliasOpenings[naming]}${String(index).padStart(7, '0')}`
  if (kind === 'service') return `svc-job${index}`
  if (hasStaffNumber(person)) return `e${String(index).padStart(7, '0')}`
  return `${person.given.ascii}.${person.surname.ascii}${index}`
}

/** The userPrincipalName as it stands. */
export function userPrincipalNameOf(person: Person): string {
  const changed = person.change?.values['userPrincipalName']
  return typeof changed === 'string' ? changed : drawnUserPrincipalNameOf(person)
}

/** The userPrincipalName as drawn; guests carry their home address and `#EXT#`. */
export function drawnUserPrincipalNameOf(person: Person): string {
  return person.kind === 'guest'
    ? `${aliasOf(person)}_${homeDomainOf(person)}#EXT#@${person.domain}`
    : `${aliasOf(person)}@${person.domain}`
}

/** The index that a userPrincipalName would belong to; redraw and compare to know whether it does. */
export function indexOfUserPrincipalName(name: string): number | undefined {
  const digits = /(\d+)(?:_[^@]*#ext#)?@[^@]*$/i.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
