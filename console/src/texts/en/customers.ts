/** The customers of a partner, and whether their tenants let the application in. */
export const customers = {
  title: 'Customers’ consent',
  about: 'Customers of',
  hint: 'Each tenant is asked for a token, which may take a moment.',
  open: 'Customers’ consent',
  columns: { customer: 'Customer', consent: 'Consent', missing: 'Missing', outcome: 'Just now' },
  states: {
    granted: 'Granted',
    partial: 'In part',
    missing: 'Missing',
    unknown: 'Not known',
  } as Readonly<Record<string, string>>,
  outcomes: {
    granted: 'Granted now',
    already: 'Granted already',
    would_grant: 'Would be granted',
    withdrawn: 'Withdrawn',
    would_withdraw: 'Would be withdrawn',
    failed: 'Failed',
  } as Readonly<Record<string, string>>,
  choose: (customer: string): string => `Choose ${customer}`,
  chooseAll: 'Choose all shown that lack something',
  chosen: (count: number): string => (count === 1 ? '1 chosen' : `${count} chosen`),
  dryRun: 'See what would be done',
  grant: 'Have them consent',
  grantTitle: (count: number): string =>
    count === 1 ? 'Have 1 customer consent?' : `Have ${count} customers consent?`,
  grantHint:
    'Through Partner Center, with the rights that the partner has there. The application can then act in these tenants with the permissions of the connection. It is recorded with your name.',
  none: 'No customer',
  noneHint: 'Partner Center lists none for this partner.',
} as const
