import type { FilterRule } from './filter-rules.ts'
import { otherIdOf, type GroupPlan } from './group.ts'
import { guidOf, mix } from './mixing.ts'
import { createPropertyTable } from './property-table.ts'

/** One device's draw of the dice; everything about it follows from the plan and its index. */
export interface Device {
  readonly id: string
  readonly index: number
  readonly a: number
  readonly b: number
}

/** Draws the device at `index`: the one that groups name under the same number. */
export function drawDevice(plan: GroupPlan, index: number): Device {
  const a = mix(index ^ mix(plan.seed ^ 0x6c617074))
  return { id: otherIdOf(plan, { type: 'device', index }), index, a, b: mix(a + 0x1b873593) }
}

const systems = ['Windows', 'MacMDM', 'iOS', 'Android', 'Linux'] as const
const trusts = ['AzureAd', 'Workplace', 'ServerAd'] as const
const two = (value: number): string => String(value).padStart(2, '0')
const isManaged = ({ b }: Device): boolean | null => (b % 9 === 0 ? null : b % 4 !== 0)

function instant(draw: number, firstYear: number): string {
  const date = `${firstYear + (draw % 5)}-${two(1 + ((draw >>> 8) % 12))}-${two(1 + ((draw >>> 16) % 28))}`
  return `${date}T${two(draw % 24)}:${two((draw >>> 8) % 60)}:${two((draw >>> 16) % 60)}Z`
}

/** What the list of devices serves. */
export const deviceProperties = createPropertyTable<Device>({
  id: ({ id }) => id,
  deletedDateTime: () => null,
  accountEnabled: ({ a }) => a % 13 !== 5,
  approximateLastSignInDateTime: ({ b }) => (b % 50 === 7 ? null : instant(b, 2022)),
  createdDateTime: ({ a }) => instant(a, 2018),
  deviceId: ({ a, b }) => guidOf(mix(b + 1), a, b, mix(a + 1)),
  deviceOwnership: (device) => (isManaged(device) === true ? 'Company' : null),
  displayName: ({ index, b }) => `${b % 40 === 3 ? 'Büro "2. OG"' : 'LAPTOP'}-${index}`,
  isCompliant: (device) => (isManaged(device) === true ? device.a % 6 !== 1 : null),
  isManaged,
  manufacturer: ({ b }) => (b % 3 === 0 ? null : 'Contoso Hardware, Inc.'),
  model: () => null,
  operatingSystem: ({ a }) => systems[a % systems.length],
  operatingSystemVersion: ({ a, b }) => `10.0.${19_041 + (a % 4_000)}.${b % 3_000}`,
  physicalIds: ({ index }) => [`[ORDERID]:${index}`],
  profileType: () => 'RegisteredDevice',
  registrationDateTime: ({ a }) => instant(a, 2018),
  trustType: ({ b }) => trusts[b % trusts.length],
})

const ranged: FilterRule = { plain: 'eq ge le in startsWith', advanced: 'ne not null' }

/** What devices can be filtered by. */
export const deviceFilters: Readonly<Record<string, FilterRule>> = {
  id: { plain: 'eq in', advanced: 'ne not' },
  accountEnabled: { plain: 'eq in', advanced: 'ne not' },
  approximateLastSignInDateTime: { plain: 'eq ge le', advanced: 'ne not null' },
  deviceId: { plain: 'eq in startsWith', advanced: 'ne not' },
  displayName: { plain: 'eq in startsWith', advanced: 'ne not null' },
  isCompliant: { plain: 'eq', advanced: 'ne not' },
  isManaged: { plain: 'eq', advanced: 'ne not' },
  operatingSystem: ranged,
  operatingSystemVersion: ranged,
}
