import { putAscii, putByte, putBytes, putHex, putNumber, type ByteWriter } from './byte-writer.ts'
import { mix, variantOf, versionOf } from './mixing.ts'
import {
  companies,
  departments,
  jobTitles,
  offices,
  places,
  type PoolText,
} from './people-pools.ts'
import { aliasOf, aliasOpenings, hasStaffNumber, homeDomainOf, idOf } from './person.ts'
import { drawnUserPrincipalNameOf, type Person } from './person.ts'

/** A property of the user resource as the list endpoint serves it. */
export interface UserProperty {
  readonly name: string
  /** Adds the drawn value as JSON; at most 2 KiB. The fast way, for pages of unchanged people. */
  readonly write: (person: Person, out: ByteWriter) => void
  /** The value itself: the plain way, for filters and ground truth. A test holds both equal. */
  readonly value: (person: Person) => unknown
}

const quote = 0x22

/** A text of printable ASCII without quotes or backslashes, so that no escaping is needed. */
function ascii(name: string, value: (person: Person) => string | null): UserProperty {
  const write = (person: Person, out: ByteWriter): void => {
    const text = value(person)
    if (text === null) return putAscii(out, 'null')
    putByte(out, quote)
    putAscii(out, text)
    putByte(out, quote)
  }
  return { name, write, value }
}

/** A text out of a pool. */
function pooled(name: string, pick: (person: Person) => PoolText | null): UserProperty {
  const write = (person: Person, out: ByteWriter): void => {
    const text = pick(person)
    if (text === null) return putAscii(out, 'null')
    putByte(out, quote)
    putBytes(out, text.json)
    putByte(out, quote)
  }
  return { name, write, value: (person) => pick(person)?.text ?? null }
}

/** True, false or null. */
function flag(name: string, value: (person: Person) => boolean | null): UserProperty {
  return { name, value, write: (person, out) => putAscii(out, String(value(person))) }
}

/** Anything else; slower, and none of the default columns. */
function plain(name: string, value: (person: Person) => unknown): UserProperty {
  const write = (person: Person, out: ByteWriter): void =>
    putBytes(out, Buffer.from(JSON.stringify(value(person))))
  return { name, write, value }
}

const unset = (...names: readonly string[]): UserProperty[] =>
  names.map((name) => ascii(name, () => null))

const of = <T>(pool: readonly T[], draw: number): T => pool[draw % pool.length] as T
const placeOf = (person: Person): (typeof places)[number] => of(places, person.c >>> 5)
const isService = (person: Person): boolean => person.kind === 'service'
const isGuest = (person: Person): boolean => person.kind === 'guest'
const two = (value: number): string => String(value).padStart(2, '0')
const hasNoCreationDate = (person: Person): boolean => person.d % 400 === 3
const hasNoMail = (person: Person): boolean => isService(person) || person.d % 13 === 5
const mailDomainOf = (person: Person): string =>
  isGuest(person) ? homeDomainOf(person) : person.domain

/** Between 2012 and 2025, to the second; a few accounts are too old to have one. */
function createdAt(person: Person): string | null {
  if (hasNoCreationDate(person)) return null
  const { c, d } = person
  const date = `${2012 + (c % 14)}-${two(1 + ((c >>> 8) % 12))}-${two(1 + ((c >>> 16) % 28))}`
  return `${date}T${two(d % 24)}:${two((d >>> 8) % 60)}:${two((d >>> 16) % 60)}Z`
}

function writeCreatedAt(person: Person, out: ByteWriter): void {
  if (hasNoCreationDate(person)) return putAscii(out, 'null')
  const { c, d } = person
  putByte(out, quote)
  putNumber(out, 2012 + (c % 14))
  putByte(out, 0x2d)
  putNumber(out, 1 + ((c >>> 8) % 12), 2)
  putByte(out, 0x2d)
  putNumber(out, 1 + ((c >>> 16) % 28), 2)
  putByte(out, 0x54)
  putNumber(out, d % 24, 2)
  putByte(out, 0x3a)
  putNumber(out, (d >>> 8) % 60, 2)
  putByte(out, 0x3a)
  putNumber(out, (d >>> 16) % 60, 2)
  putAscii(out, 'Z"')
}

function writeId(person: Person, out: ByteWriter): void {
  putByte(out, quote)
  putHex(out, person.key, 8)
  putByte(out, 0x2d)
  putHex(out, person.b >>> 16, 4)
  putByte(out, 0x2d)
  putHex(out, versionOf(person.b), 4)
  putByte(out, 0x2d)
  putHex(out, variantOf(person.c), 4)
  putByte(out, 0x2d)
  putHex(out, person.c, 4)
  putHex(out, person.d, 8)
  putByte(out, quote)
}

function writeAlias(person: Person, out: ByteWriter): void {
  const { index, kind, naming } = person
  if (naming !== 'names') {
    putAscii(out, aliasOpenings[naming])
    return putNumber(out, index, 7)
  }
  if (kind === 'service') {
    putAscii(out, 'svc-job')
    return putNumber(out, index)
  }
  if (hasStaffNumber(person)) {
    putByte(out, 0x65)
    return putNumber(out, index, 7)
  }
  putAscii(out, person.given.ascii)
  putByte(out, 0x2e)
  putAscii(out, person.surname.ascii)
  putNumber(out, index)
}

function writeUserPrincipalName(person: Person, out: ByteWriter): void {
  putByte(out, quote)
  writeAlias(person, out)
  if (isGuest(person)) {
    putByte(out, 0x5f)
    putAscii(out, homeDomainOf(person))
    putAscii(out, '#EXT#')
  }
  putByte(out, 0x40)
  putAscii(out, person.domain)
  putByte(out, quote)
}

function mailOf(person: Person): string | null {
  return hasNoMail(person) ? null : `${aliasOf(person)}@${mailDomainOf(person)}`
}

function writeMail(person: Person, out: ByteWriter): void {
  if (hasNoMail(person)) return putAscii(out, 'null')
  putByte(out, quote)
  writeAlias(person, out)
  putByte(out, 0x40)
  putAscii(out, mailDomainOf(person))
  putByte(out, quote)
}

const hasMobilePhone = (person: Person): boolean => person.a % 3 === 0
const phoneOf = (person: Person, draw: number): string =>
  `${placeOf(person)[5]} 555 ${String(draw % 10_000).padStart(4, '0')}`

function writePhone(person: Person, draw: number, out: ByteWriter): void {
  putByte(out, quote)
  putAscii(out, placeOf(person)[5])
  putAscii(out, ' 555 ')
  putNumber(out, draw % 10_000, 4)
  putByte(out, quote)
}

const phoneCountOf = (person: Person): number =>
  isService(person) || person.d % 5 === 0 ? 0 : person.d % 11 === 1 ? 2 : 1

function businessPhonesOf(person: Person): string[] {
  return [phoneOf(person, person.d), phoneOf(person, person.a)].slice(0, phoneCountOf(person))
}

function writeBusinessPhones(person: Person, out: ByteWriter): void {
  const count = phoneCountOf(person)
  putByte(out, 0x5b)
  if (count > 0) writePhone(person, person.d, out)
  if (count > 1) {
    putByte(out, 0x2c)
    writePhone(person, person.a, out)
  }
  putByte(out, 0x5d)
}

const displayStyleOf = (person: Person): number => (person.a >>> 12) % 200

/** As directories really have them: turned round, quoted, with a domain, with a smile. */
function displayNameOf(person: Person): string {
  const given = person.given.text
  const surname = person.surname.text
  if (isService(person)) return `Service account ${person.index}`
  const style = displayStyleOf(person)
  if (style < 6) return `${surname}, ${given} (Contractor)`
  if (style === 6) return `${given} "Ace" ${surname}`
  if (style === 7) return `CORP\\${given} ${surname}`
  if (style === 8) return `${given} ${surname} 🎓`
  return `${given} ${surname}`
}

const graduate = Buffer.from(' 🎓')

function writeDisplayName(person: Person, out: ByteWriter): void {
  const style = displayStyleOf(person)
  putByte(out, quote)
  if (isService(person)) {
    putAscii(out, 'Service account ')
    putNumber(out, person.index)
  } else if (style < 6) {
    putBytes(out, person.surname.json)
    putAscii(out, ', ')
    putBytes(out, person.given.json)
    putAscii(out, ' (Contractor)')
  } else {
    if (style === 7) putAscii(out, 'CORP\\\\')
    putBytes(out, person.given.json)
    putAscii(out, style === 6 ? ' \\"Ace\\" ' : ' ')
    putBytes(out, person.surname.json)
    if (style === 8) putBytes(out, graduate)
  }
  putByte(out, quote)
}

/** The eleven properties Graph answers with when nothing is selected. */
export const defaultProperties = [
  'businessPhones',
  'displayName',
  'givenName',
  'jobTitle',
  'mail',
  'mobilePhone',
  'officeLocation',
  'preferredLanguage',
  'surname',
  'userPrincipalName',
  'id',
] as const

/** Properties that Graph serves for a single user only; a list that selects one is answered 501. */
export const singleUserProperties: ReadonlySet<string> = new Set(
  [
    'aboutMe',
    'birthday',
    'hireDate',
    'interests',
    'mailboxSettings',
    'mySite',
    'pastProjects',
    'preferredName',
    'responsibilities',
    'schools',
    'skills',
  ].map((name) => name.toLowerCase()),
)

const properties: readonly UserProperty[] = [
  { name: 'id', write: writeId, value: idOf },
  { name: 'userPrincipalName', write: writeUserPrincipalName, value: drawnUserPrincipalNameOf },
  { name: 'displayName', write: writeDisplayName, value: displayNameOf },
  pooled('givenName', (person) => (isService(person) ? null : person.given)),
  pooled('surname', (person) => (isService(person) ? null : person.surname)),
  { name: 'mail', write: writeMail, value: mailOf },
  ascii('mailNickname', (person) => aliasOf(person).replaceAll("'", '')),
  flag('accountEnabled', (person) => person.a % 17 !== 4),
  ascii('userType', (person) => (isGuest(person) ? 'Guest' : 'Member')),
  pooled('jobTitle', (person) =>
    isService(person) || person.b % 9 === 2 ? null : of(jobTitles, person.b >>> 3),
  ),
  pooled('department', (person) => (person.c % 8 === 6 ? null : of(departments, person.c >>> 3))),
  pooled('companyName', (person) =>
    isGuest(person) || person.d % 6 === 1 ? of(companies, person.d >>> 4) : null,
  ),
  pooled('officeLocation', (person) => (person.b % 7 === 3 ? null : of(offices, person.b >>> 5))),
  {
    name: 'mobilePhone',
    write: (person, out) =>
      hasMobilePhone(person) ? writePhone(person, person.b, out) : putAscii(out, 'null'),
    value: (person) => (hasMobilePhone(person) ? phoneOf(person, person.b) : null),
  },
  { name: 'businessPhones', write: writeBusinessPhones, value: businessPhonesOf },
  ascii('employeeId', (person) =>
    person.kind === 'member' ? String(100_000 + person.index) : null,
  ),
  ascii('employeeType', (person) => (person.kind === 'member' ? 'Employee' : null)),
  ascii('preferredLanguage', (person) => (person.d % 4 === 1 ? placeOf(person)[4] : null)),
  ascii('usageLocation', (person) => (isService(person) ? null : placeOf(person)[3])),
  { name: 'createdDateTime', write: writeCreatedAt, value: createdAt },
  ascii('creationType', (person) => (isGuest(person) ? 'Invitation' : null)),
  ascii('externalUserState', (person) =>
    isGuest(person) ? (person.d % 4 === 0 ? 'PendingAcceptance' : 'Accepted') : null,
  ),
  ascii('city', (person) => placeOf(person)[0]),
  ascii('state', (person) => placeOf(person)[1]),
  ascii('country', (person) => placeOf(person)[2]),
  ascii('postalCode', (person) => String(10_000 + (person.d % 89_999))),
  ascii('onPremisesSamAccountName', (person) =>
    person.kind === 'member' ? `u${person.index}` : null,
  ),
  flag('onPremisesSyncEnabled', (person) => (person.kind === 'member' ? true : null)),
  plain('otherMails', (person) => (isGuest(person) ? [mailOf(person) ?? ''] : [])),
  plain('proxyAddresses', (person) => {
    const mail = mailOf(person)
    return mail === null ? [] : [`SMTP:${mail}`]
  }),
  plain('signInActivity', (person) => {
    const lastSignInDateTime = createdAt(person)?.replace(/^\d{4}/, '2026') ?? null
    const request = idOf(person)
    return {
      lastSignInDateTime,
      lastSignInRequestId: request,
      lastNonInteractiveSignInDateTime: null,
    }
  }),
  plain('onPremisesExtensionAttributes', (person) =>
    Object.fromEntries(
      Array.from({ length: 15 }, (_, i) => [
        `extensionAttribute${i + 1}`,
        i === 0 && person.kind === 'member' ? String(mix(person.d) % 1000) : null,
      ]),
    ),
  ),
  plain('assignedLicenses', () => []),
  plain('imAddresses', () => []),
  plain('identities', () => []),
  ...unset(
    'ageGroup',
    'consentProvidedForMinor',
    'deletedDateTime',
    'employeeHireDate',
    'employeeLeaveDateTime',
    'faxNumber',
    'isResourceAccount',
    'lastPasswordChangeDateTime',
    'legalAgeGroupClassification',
    'onPremisesDistinguishedName',
    'onPremisesDomainName',
    'onPremisesImmutableId',
    'onPremisesLastSyncDateTime',
    'onPremisesSecurityIdentifier',
    'onPremisesUserPrincipalName',
    'passwordPolicies',
    'securityIdentifier',
    'showInAddressList',
    'signInSessionsValidFromDateTime',
    'streetAddress',
  ),
]

/** The property as changes leave it. */
function changeable({ name, write, value }: UserProperty): UserProperty {
  return {
    name,
    write,
    value: (person) =>
      person.change !== undefined && name in person.change.values
        ? person.change.values[name]
        : value(person),
  }
}

const byName: ReadonlyMap<string, UserProperty> = new Map(
  properties.map((property) => [property.name.toLowerCase(), changeable(property)]),
)

/** Every property a list can select. */
export const userPropertyNames: readonly string[] = properties.map(({ name }) => name)

/** Finds a property by its name in any case, as Graph does. */
export function userProperty(name: string): UserProperty | undefined {
  return byName.get(name.trim().toLowerCase())
}
