import type { Rule } from './fields.ts'

/** Texts of accounts that rules are likely to name, as Graph spells them. */
const spelled = [
  'accountEnabled',
  'appId',
  'displayName',
  'employeeId',
  'externalUserState',
  'givenName',
  'id',
  'mail',
  'mailNickname',
  'mobilePhone',
  'onPremisesImmutableId',
  'onPremisesSamAccountName',
  'onPremisesSecurityIdentifier',
  'onPremisesUserPrincipalName',
  'securityIdentifier',
  'surname',
  'userPrincipalName',
]

/** Names of claims and of other directories, and what the property is called. */
const called: Readonly<Record<string, string>> = {
  email: 'mail',
  emailaddress: 'mail',
  objectid: 'id',
  oid: 'id',
  upn: 'userPrincipalName',
  username: 'userPrincipalName',
}

const lists = new Set([
  'assignedLicenses',
  'assignedPlans',
  'businessPhones',
  'groupTypes',
  'identities',
  'imAddresses',
  'otherMails',
  'proxyAddresses',
  'servicePrincipalNames',
])

/** What is wrong with a column by itself: a name that Graph spells otherwise, or no single text. */
export function columnSlip(column: string): Rule | undefined {
  if (spelled.includes(column)) return column === 'accountEnabled' ? noText : undefined
  if (lists.has(column)) return noText
  const lower = column.toLowerCase()
  const known = spelled.find((name) => name.toLowerCase() === lower)
  const meant = known ?? (Object.hasOwn(called, lower) ? called[lower] : undefined)
  if (meant === undefined) return undefined
  return {
    expected: 'the name of a property, as Microsoft Graph spells it',
    remedy: `Did you mean ${JSON.stringify(meant)}?`,
  }
}

const noText: Rule = {
  expected: 'a property that is one text, as a claim is only equal to such a one',
  remedy: 'Name a property such as id, userPrincipalName, mail or employeeId.',
}

/** Claims that are names for people, addresses or numbers: never the id of an object. */
const named = new Set([
  'email',
  'upn',
  'preferred_username',
  'unique_name',
  'name',
  'nickname',
  'given_name',
  'family_name',
  'phone_number',
])
/** Properties that never are the id of anything. */
const naming = new Set([
  'displayName',
  'givenName',
  'mail',
  'mailNickname',
  'mobilePhone',
  'onPremisesSamAccountName',
  'onPremisesUserPrincipalName',
  'surname',
  'userPrincipalName',
])
const byObjectId = 'Write { claim: oid, column: id }: "oid" is the id of the account’s object.'

/** Why a claim is never what a column holds; undefined where it may be. */
export function neverEqual(claim: string, column: string, isEntra: boolean): Rule | undefined {
  if (column === 'id' && named.has(claim)) {
    return { expected: `another column than "id" for "${claim}"`, remedy: byObjectId }
  }
  if (!isEntra) return undefined
  if (column === 'id' && claim === 'sub') {
    return {
      expected: 'another claim for "id", as "sub" of Entra ID is another one for each application',
      remedy: byObjectId,
    }
  }
  if (column === 'id' && (claim === 'azp' || claim === 'appid')) {
    return {
      expected: `the column "appId" for "${claim}", which is no id of an object`,
      remedy: `Write { claim: ${claim}, column: appId }, or { claim: oid, column: id }: tokens of applications have "oid", too.`,
    }
  }
  const isId = ['oid', 'sub', 'azp', 'appid', 'tid'].includes(claim)
  if (!isId || !naming.has(column)) return undefined
  return { expected: `a column that holds ids for "${claim}"`, remedy: byObjectId }
}
