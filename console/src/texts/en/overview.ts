/** The first page. */
export const overview = {
  title: 'Overview',
  needsYou: 'What needs a person now',
  nothingNeedsYou: 'Nothing needs a person now',
  nothingNeedsYouHint: 'Grants are kept alive, and whatever is ahead will stand here in time.',
  allAlarms: 'All alarms',
  since: 'since',
  grants: 'Connections by state',
  noConnections: 'No connection yet',
  noConnectionsHint:
    'A connection says how tokens for an API are obtained. Add one here, or in evergrant.yaml.',
} as const
