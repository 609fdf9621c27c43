/** Names that are addresses, as SAML and older libraries have them, and the short ones they mean. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['http://schemas.microsoft.com/identity/claims/objectidentifier', 'oid'],
  ['http://schemas.microsoft.com/identity/claims/tenantid', 'tid'],
  ['http://schemas.microsoft.com/identity/claims/scope', 'scp'],
  ['http://schemas.microsoft.com/identity/claims/identityprovider', 'idp'],
  ['http://schemas.microsoft.com/ws/2008/06/identity/claims/role', 'roles'],
  ['http://schemas.microsoft.com/ws/2008/06/identity/claims/groups', 'groups'],
  ['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier', 'sub'],
  ['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn', 'upn'],
  ['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress', 'email'],
  ['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name', 'name'],
  ['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname', 'given_name'],
  ['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname', 'family_name'],
])

/** The short name of a claim; what is no known address is its own. */
export function shortClaimName(name: string): string {
  return aliases.get(name) ?? name
}

/**
 * All that Entra’s UserInfo endpoint ever tells; it cannot be configured.
 *
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/userinfo
 */
export const entraUserInfoClaims: readonly string[] = [
  'sub',
  'name',
  'family_name',
  'given_name',
  'picture',
  'email',
]
