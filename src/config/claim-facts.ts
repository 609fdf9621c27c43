import { shortClaimName } from '../kernel/index.ts'

const changing = new Set([
  'email',
  'upn',
  'preferred_username',
  'unique_name',
  'verified_primary_email',
  'verified_secondary_email',
  'username',
  'name',
  'nickname',
  'given_name',
  'middle_name',
  'family_name',
  'phone_number',
  'address',
  'birthdate',
  'gender',
  'picture',
  'profile',
  'website',
])

const shared = new Set([
  'acct',
  'acr',
  'amr',
  'appidacr',
  'aud',
  'azpacr',
  'ctry',
  'email_verified',
  'groups',
  'idp',
  'idtyp',
  'iss',
  'locale',
  'roles',
  'scope',
  'scp',
  'tid',
  'ver',
  'wids',
  'xms_edov',
  'zoneinfo',
])

const inEveryEntraToken = new Set(['aud', 'iss', 'oid', 'sub', 'tid'])

/** Whether a claim changes, can be given to somebody else, or is what its user chose. */
export function isMutableClaim(name: string): boolean {
  return changing.has(shortClaimName(name))
}

/** Whether many callers have the same value of a claim. */
export function isSharedClaim(name: string): boolean {
  return shared.has(shortClaimName(name))
}

/** Whether every access token of Entra ID has a claim. */
export function isInEveryEntraToken(name: string): boolean {
  return inEveryEntraToken.has(shortClaimName(name))
}
