/** What tokens may do, held against what they must. */
export const permissions = {
  title: 'Permissions',
  hint: 'What the newest tokens hold, against what the configuration requires.',
  required: 'Required',
  additional: (count: number): string =>
    count === 1 ? '1 that nothing requires' : `${count} that nothing requires`,
  granted: 'Granted',
  missing: 'Missing',
  notKnown: 'No token has told yet',
  nothingRequired: 'Nothing in particular is required.',
  allThere: 'Nothing is missing',
  someMissing: (count: number): string =>
    count === 1 ? '1 permission is missing' : `${count} permissions are missing`,
  reconsent: 'Ask the account for what is missing alone',
  adminConsent: 'Ask an administrator of the tenant',
  adminConsentHint: 'It grants consent and nothing else: a sign-in must follow.',
  registered: 'Both addresses lead back to /consent/admin, which must be registered too.',
} as const
