/** What a person must know. */
export const alarms = {
  title: 'Alarms',
  hint: 'What a person must know, who was told of it, and what to do.',
  search: 'Title, detail or subject',
  state: 'State',
  open: 'Open',
  past: 'Past ones, too',
  severity: 'Severity',
  allSeverities: 'All severities',
  kind: 'Kind',
  allKinds: 'All kinds',
  kinds: {
    grant_lapsed: 'Grant lapsed',
    grant_refresh_unknown: 'Outcome of a refresh unknown',
    grant_idle: 'Idle expiry ahead',
    heartbeat_missed: 'Heartbeat missed',
    credential_expiring: 'Credential expires',
    import_failed: 'Import failed',
    import_missed: 'Import missed',
    issuer_keys: 'Keys of an issuer',
  } as Readonly<Record<string, string>>,
  since: 'Since',
  recovered: 'Over',
  none: 'Nothing needs a person',
  noneHint: 'Expiries are counted down long before they happen. What is ahead will stand here.',
  noneFound: 'No alarm matches',
  noneFoundHint: 'Change the search, or show past ones, too.',
  delivered: (count: number): string =>
    count === 1 ? '1 message delivered' : `${count} messages delivered`,
  waiting: (count: number): string =>
    count === 1 ? '1 message waiting' : `${count} messages waiting`,
  dead: (count: number): string =>
    count === 1 ? '1 message given up' : `${count} messages given up`,
  toldNobody: 'No message was sent',
  toConnection: (name: string): string => `Connection ${name}`,
  toImport: (name: string): string => `Runs of ${name}`,
  toIssuer: (name: string): string => `Issuer ${name}`,
} as const
