const titles: Readonly<Record<string, string>> = {
  identity: 'The account belongs to the tenant',
  'Graph account': 'Microsoft Graph knows the account',
  'partner roles': 'The account has a partner’s roles',
  'Partner Center profile': 'Partner Center answers',
  'Graph organization': 'Microsoft Graph knows the tenant',
  'Partner Center customers': 'Partner Center lists customers',
  'Resource Manager subscriptions': 'Azure Resource Manager lists subscriptions',
  'Resource Manager tenants': 'Azure Resource Manager lists tenants',
  permissions: 'The tokens hold the permissions that are required',
  'member of the tenant': 'The account is at home in the tenant',
  'multi-factor authentication': 'The sign-in had a second factor',
}

/** What a rung shows, for people. */
export function rungTitle(name: string): string {
  const known = titles[name]
  if (known !== undefined) return known
  const customer = /^customer (.+)$/.exec(name)?.[1]
  if (customer !== undefined) return `The tenant of customer ${customer} lets the grant in`
  const target = /^(?:resource|scope) (.+)$/.exec(name)?.[1]
  return target === undefined ? name : `An access token for ${apiTitle(target)}`
}

/** What an API is called, by the address in a resource or scope; else that text itself. */
export function apiTitle(target: string): string {
  for (const [address, title] of apis) if (target.includes(address)) return title
  return target
}

const apis = [
  ['https://graph.microsoft.com', 'Microsoft Graph'],
  ['https://api.partnercenter.microsoft.com', 'Partner Center'],
  ['https://management.azure.com', 'Azure Resource Manager'],
  ['https://management.core.windows.net', 'Azure Resource Manager'],
] as const
