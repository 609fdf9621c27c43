/** What a request is taken to cost before it is sent. */
export interface RequestCost {
  /** Resource units, as Microsoft publishes them for identity and access. */
  readonly units: number
  /** Requests of one kind take about as long as one another. */
  readonly kind: string
}

/** Units of lists whose price is not 1. */
const listUnits: Readonly<Record<string, number>> = {
  users: 2,
  members: 3,
  applications: 2,
  oauth2PermissionGrants: 2,
  appRoleAssignments: 2,
}

/**
 * Foretells the resource units of a request: the list's own, one less for `$select` and for pages
 * below 20 rows, one more for `$expand`, at least one. Deltas tell no price and are taken for 1.
 *
 * @see https://learn.microsoft.com/graph/throttling-limits#identity-and-access-service-limits
 */
export function costOf(url: string): RequestCost {
  const { pathname, searchParams } = new URL(url)
  const segments = pathname.split('/').filter((segment) => segment !== '')
  if (segments.at(-1) === 'microsoft.graph.delta') return { units: 1, kind: 'delta' }
  // A cast (`/members/microsoft.graph.user`) costs what the list before it costs.
  const list = segments.findLast((segment) => !segment.startsWith('microsoft.graph.')) ?? ''
  if (list === '$count') return { units: 1, kind: 'count' }
  if (list === 'delta') return { units: 1, kind: 'delta' }
  const top = searchParams.get('$top')
  const saved = (searchParams.has('$select') ? 1 : 0) + (top !== null && Number(top) < 20 ? 1 : 0)
  const added = searchParams.has('$expand') ? 1 : 0
  return { units: Math.max(1, (listUnits[list] ?? 1) + added - saved), kind: list }
}
