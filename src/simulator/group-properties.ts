import type { FilterSchema } from './filter-rules.ts'
import { groupIdOf, type Group } from './group.ts'
import { departments, offices, type PoolText } from './people-pools.ts'

/** A property of the group resource as the list endpoint serves it. */
export interface GroupProperty {
  readonly name: string
  readonly value: (group: Group, domain: string) => unknown
}

const textOf = (pool: readonly PoolText[], draw: number): string =>
  (pool[draw % pool.length] as PoolText).text
const two = (value: number): string => String(value).padStart(2, '0')
const isUnified = (group: Group): boolean => group.b % 3 === 0
const isDynamic = (group: Group): boolean => group.c % 10 === 0
const isMailEnabled = (group: Group): boolean => isUnified(group) || group.b % 3 === 1
const nicknameOf = (group: Group): string => `group${group.index}`

function createdAt({ c, d }: Group): string {
  const date = `${2012 + (c % 14)}-${two(1 + ((c >>> 8) % 12))}-${two(1 + ((c >>> 16) % 28))}`
  return `${date}T${two(d % 24)}:${two((d >>> 8) % 60)}:${two((d >>> 16) % 60)}Z`
}

const properties: readonly GroupProperty[] = [
  { name: 'id', value: groupIdOf },
  { name: 'deletedDateTime', value: () => null },
  { name: 'classification', value: () => null },
  { name: 'createdDateTime', value: createdAt },
  {
    name: 'description',
    value: (group) => (group.d % 4 === 0 ? null : `Everyone at "${textOf(offices, group.d)}"`),
  },
  {
    name: 'displayName',
    value: (group) => `${textOf(departments, group.c)} ${textOf(offices, group.d)} ${group.index}`,
  },
  {
    name: 'groupTypes',
    value: (group) => [
      ...(isUnified(group) ? ['Unified'] : []),
      ...(isDynamic(group) ? ['DynamicMembership'] : []),
    ],
  },
  { name: 'isAssignableToRole', value: () => null },
  {
    name: 'mail',
    value: (group, domain) => (isMailEnabled(group) ? `${nicknameOf(group)}@${domain}` : null),
  },
  { name: 'mailEnabled', value: isMailEnabled },
  { name: 'mailNickname', value: nicknameOf },
  {
    name: 'membershipRule',
    value: (group) => (isDynamic(group) ? 'user.accountEnabled -eq true' : null),
  },
  { name: 'membershipRuleProcessingState', value: (group) => (isDynamic(group) ? 'On' : null) },
  { name: 'onPremisesSyncEnabled', value: () => null },
  { name: 'preferredLanguage', value: () => null },
  {
    name: 'proxyAddresses',
    value: (group, domain) => (isMailEnabled(group) ? [`SMTP:${nicknameOf(group)}@${domain}`] : []),
  },
  { name: 'renewedDateTime', value: createdAt },
  { name: 'securityEnabled', value: (group) => !isUnified(group) },
  {
    name: 'visibility',
    value: (group) => (isUnified(group) ? (group.d % 2 === 0 ? 'Public' : 'Private') : null),
  },
]

/** The property as changes leave it. */
function changeable({ name, value }: GroupProperty): GroupProperty {
  return {
    name,
    value: (group, domain) =>
      group.change !== undefined && name in group.change.values
        ? group.change.values[name]
        : value(group, domain),
  }
}

const byName: ReadonlyMap<string, GroupProperty> = new Map(
  properties.map((property) => [property.name.toLowerCase(), changeable(property)]),
)

/** Every property of a group that can be selected. */
export const groupPropertyNames: readonly string[] = properties.map(({ name }) => name)

/** Finds a property by its name in any case, as Graph does. */
export function groupProperty(name: string): GroupProperty | undefined {
  return byName.get(name.trim().toLowerCase())
}

/** What groups of a tenant with that domain can be filtered by. */
export function groupFilters(domain: string): FilterSchema<Group> {
  return {
    resource: 'Group',
    rules: {
      id: { plain: 'eq in', advanced: 'ne not' },
      displayName: { plain: 'eq in startsWith ge le', advanced: 'ne not null' },
      mail: { plain: 'eq in startsWith ge le', advanced: 'ne not null endsWith' },
      mailNickname: { plain: 'eq in startsWith', advanced: 'ne not' },
      mailEnabled: { plain: 'eq', advanced: 'ne not' },
      securityEnabled: { plain: 'eq in', advanced: 'ne not' },
      createdDateTime: { plain: 'eq ge le', advanced: 'ne not in' },
    },
    property: (name) => {
      const found = groupProperty(name)
      if (found === undefined) return undefined
      return { name: found.name, value: (group) => found.value(group, domain) }
    },
  }
}
