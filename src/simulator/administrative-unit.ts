import type { FilterRule } from './filter-rules.ts'
import { guidOf, mix } from './mixing.ts'
import { offices, type PoolText } from './people-pools.ts'
import { createPropertyTable } from './property-table.ts'

/** One administrative unit; everything about it follows from the tenant's seed and its index. */
export interface AdministrativeUnit {
  readonly index: number
  readonly a: number
  readonly b: number
}

/** Draws the administrative unit at `index`. */
export function drawAdministrativeUnit(seed: number, index: number): AdministrativeUnit {
  const a = mix(index ^ mix(seed ^ 0x61756e69))
  return { index, a, b: mix(a + 0x7f4a7c15) }
}

const officeOf = ({ b }: AdministrativeUnit): string =>
  (offices[b % offices.length] as PoolText).text
const isDynamic = ({ b }: AdministrativeUnit): boolean => b % 3 === 0

/** What the list of administrative units serves. */
export const administrativeUnitProperties = createPropertyTable<AdministrativeUnit>({
  id: ({ a, b }) => guidOf(a, b, mix(a + 2), mix(b + 2)),
  deletedDateTime: () => null,
  description: (unit) => (unit.a % 4 === 1 ? null : `Accounts of "${officeOf(unit)}"`),
  displayName: (unit) => `${officeOf(unit)} ${unit.index}`,
  isMemberManagementRestricted: ({ a }) => a % 5 === 2,
  membershipRule: (unit) => (isDynamic(unit) ? 'user.country -eq "DE"' : null),
  membershipRuleProcessingState: (unit) => (isDynamic(unit) ? 'On' : null),
  membershipType: (unit) => (isDynamic(unit) ? 'Dynamic' : null),
  visibility: ({ a }) => (a % 7 === 0 ? 'HiddenMembership' : null),
})

/** What administrative units can be filtered by. */
export const administrativeUnitFilters: Readonly<Record<string, FilterRule>> = {
  id: { plain: 'eq in', advanced: 'ne not' },
  displayName: { plain: 'eq in startsWith ge le', advanced: 'ne not null' },
  description: { plain: 'eq in startsWith ge le', advanced: 'ne not' },
  isMemberManagementRestricted: { plain: 'eq in', advanced: 'ne not' },
}
