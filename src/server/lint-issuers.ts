import type { Config, IssuerConfig } from '../config/index.ts'
import { EvergrantError, isEvergrantError } from '../kernel/index.ts'
import { collections, type AccountStore, type ColumnSpread } from '../directory/index.ts'

/** Something about an issuer that works, but not for everybody. */
export interface IssuerWarning {
  /** Path of the field. */
  readonly askedBy: string
  readonly found: string
  readonly remedy: string
}

/** What is asked of the directory; undefined where there is none yet. */
export type LintedAccounts = Pick<AccountStore, 'listAccounts' | 'spreadOf' | 'findAccounts'>

type ImportConfig = Config['imports'][string]
type Rule = IssuerConfig['match'][number]
type Pair = Rule['pairs'][number]

/**
 * Finds what only the imported directory shows of issuers: tenants without accounts, columns that
 * no import fetches, that no account has or that several share, applications that are not there.
 * Reads every account once for each column of a rule but `id`.
 */
export async function lintIssuers(
  config: Pick<Config, 'issuers' | 'imports'>,
  accounts: LintedAccounts | undefined,
): Promise<readonly IssuerWarning[]> {
  const fetched = fetchedColumns(config)
  const spreadOf = accounts === undefined ? undefined : rememberSpreads(accounts)
  const warnings: IssuerWarning[] = []
  for (const issuer of Object.values(config.issuers)) {
    if (accounts !== undefined) {
      warnings.push(...(await absentTenants(issuer, accounts)))
      warnings.push(...(await absentApplications(issuer, accounts)))
    }
    for (const [index, rule] of issuer.match.entries()) {
      const askedBy = `issuers.${issuer.name}.match[${index}]`
      const spreads = []
      for (const pair of rule.pairs) {
        const spread = pair.column === 'id' ? undefined : await spreadOf?.(pair, rule)
        if (spread instanceof EvergrantError) warnings.push(uncounted(askedBy, pair, spread))
        spreads.push(spread instanceof EvergrantError ? undefined : spread)
      }
      for (const [at, pair] of rule.pairs.entries()) {
        if (isKeptBack(pair, config)) warnings.push(keptBack(askedBy, pair))
        else warnings.push(...unfilled(askedBy, pair, spreads[at], fetched))
      }
      warnings.push(...shared(askedBy, rule, spreads))
    }
  }
  return warnings
}

type Kind = 'user' | 'servicePrincipal'
const collectionOf = { user: 'users', servicePrincipal: 'servicePrincipals' } as const

/** Columns that applications have and users do not. */
const ofApplications: ReadonlySet<string> = new Set(
  collections.servicePrincipals.defaultColumns.filter(
    (column) => !collections.users.defaultColumns.includes(column),
  ),
)
const kindOf = ({ column }: Pair): Kind =>
  ofApplications.has(column) ? 'servicePrincipal' : 'user'

type Fetched = Readonly<Record<Kind, ReadonlySet<string> | undefined>>

/** The imports that fill the store with accounts of a kind. */
function filling(kind: Kind, { imports }: Pick<Config, 'imports'>): readonly ImportConfig[] {
  return Object.values(imports).filter(
    ({ to, collections: names }) => to === 'store' && names.includes(collectionOf[kind]),
  )
}

/** Whether each of those imports drops a column or makes a hash of it, which no claim is equal to. */
function isKeptBack(pair: Pair, config: Pick<Config, 'imports'>): boolean {
  const column = pair.column.toLowerCase()
  const those = filling(kindOf(pair), config)
  return (
    those.length > 0 &&
    those.every(({ policy }) =>
      [...(policy?.drop ?? []), ...(policy?.hash?.columns ?? [])].some(
        (name) => name.toLowerCase() === column,
      ),
    )
  )
}

function keptBack(askedBy: string, { column }: Pair): IssuerWarning {
  return {
    askedBy,
    found: `The policy of the import drops or hashes "${column}": nobody is found by it.`,
    remedy: 'Match by a column that stays as it is, such as id, or take this one out of "policy".',
  }
}

/** What imports into the store fetch; undefined where the file has none of that kind. */
function fetchedColumns(config: Pick<Config, 'imports'>): Fetched {
  const of = (kind: Kind): ReadonlySet<string> | undefined => {
    const name = collectionOf[kind]
    const those = filling(kind, config)
    if (those.length === 0) return undefined
    return new Set(
      those.flatMap(({ columns }) => columns[name] ?? collections[name].defaultColumns),
    )
  }
  return { user: of('user'), servicePrincipal: of('servicePrincipal') }
}

/** A database may end what takes it too long. */
type SpreadOf = (pair: Pair, rule: Rule) => Promise<ColumnSpread | EvergrantError>

/** Counts each column once; several rules may name it. */
function rememberSpreads(accounts: LintedAccounts): SpreadOf {
  const known = new Map<string, ColumnSpread | EvergrantError>()
  return async (pair, { acrossTenants }) => {
    const { column, ignoreCase } = pair
    const compare = ignoreCase ? 'lower' : 'exact'
    const within = acrossTenants ? 'everywhere' : 'tenant'
    const key = `${column} ${compare} ${within}`
    const spread =
      known.get(key) ??
      (await countOrError(accounts, { kind: kindOf(pair), column, compare }, within))
    known.set(key, spread)
    return spread
  }
}

async function countOrError(
  accounts: LintedAccounts,
  ...question: Parameters<AccountStore['spreadOf']>
): Promise<ColumnSpread | EvergrantError> {
  try {
    return await accounts.spreadOf(...question)
  } catch (error) {
    if (isEvergrantError(error)) return error
    throw error
  }
}

function uncounted(askedBy: string, { column }: Pair, { detail }: EvergrantError): IssuerWarning {
  return {
    askedBy,
    found: `Whether "${column}" is unique was not counted: ${detail}.`,
    remedy: 'Try again when the store is at rest.',
  }
}

async function absentTenants(
  issuer: IssuerConfig,
  accounts: LintedAccounts,
): Promise<readonly IssuerWarning[]> {
  const { name, match } = issuer
  if (match.length === 0) return []
  const tenants = issuer.type === 'entra' ? issuer.tenants : [issuer.tenant]
  const warnings: IssuerWarning[] = []
  for (const [index, tenantId] of tenants.entries()) {
    const ofTenant = tenantId === undefined ? {} : { tenantId }
    const page = await accounts.listAccounts({ kind: 'user', ...ofTenant, limit: 1 })
    if (page.accounts.length > 0 || page.next !== undefined) continue
    const place = issuer.type === 'entra' ? `tenants[${index}]` : 'tenant'
    warnings.push({
      askedBy: tenantId === undefined ? `issuers.${name}` : `issuers.${name}.${place}`,
      found: `No account${tenantId === undefined ? '' : ` of tenant ${tenantId}`} was imported: nobody is found.`,
      remedy: 'Import its users: `evergrant import CONNECTION users`.',
    })
  }
  return warnings
}

/** Applications are only missed where some were imported. */
async function absentApplications(
  { name, access }: IssuerConfig,
  accounts: LintedAccounts,
): Promise<readonly IssuerWarning[]> {
  const asked = access.flatMap(({ when }, index) =>
    when !== undefined && 'app' in when ? [{ app: when.app, index }] : [],
  )
  if (asked.length === 0) return []
  const kind = 'servicePrincipal'
  const any = await accounts.listAccounts({ kind, limit: 1 })
  if (any.accounts.length === 0 && any.next === undefined) return []
  const warnings: IssuerWarning[] = []
  for (const { app, index } of asked) {
    const where = [{ column: 'appId', value: app, compare: 'exact' as const }]
    const found = await accounts.findAccounts({ kind, where, limit: 1 })
    if (found.length > 0) continue
    warnings.push({
      askedBy: `issuers.${name}.access[${index}].app`,
      found: `No application of the directory has the id ${app}.`,
      remedy: 'Compare it with "Application (client) ID" of the app registration.',
    })
  }
  return warnings
}

function unfilled(
  askedBy: string,
  pair: Pair,
  spread: ColumnSpread | undefined,
  fetched: Fetched,
): readonly IssuerWarning[] {
  const { column } = pair
  const kind = kindOf(pair)
  const isFetched = column === 'id' || (fetched[kind]?.has(column) ?? true)
  const name = JSON.stringify(column)
  const remedy = isFetched
    ? `Import it, by --select or "columns"; if that is done, match by a column that is filled in.`
    : `Add ${column} to "columns" of the import of ${collectionOf[kind]}, and run it.`
  if (spread !== undefined && spread.accounts === 0 && kind === 'servicePrincipal') {
    const found = `No application was imported: nobody is found by ${name}.`
    const how = 'Import them: `evergrant import CONNECTION servicePrincipals`.'
    return [{ askedBy, found, remedy: how }]
  }
  if (spread === undefined || spread.accounts === 0) {
    if (isFetched) return []
    return [{ askedBy, found: `No import of this file fetches ${name}.`, remedy }]
  }
  const all = `${counted(spread.accounts)} imported account${spread.accounts === 1 ? '' : 's'}`
  if (spread.filled === 0) {
    const why = isFetched ? '' : ', and no import of this file fetches it'
    return [{ askedBy, found: `None of ${all} has ${name}${why}: nobody is found by it.`, remedy }]
  }
  if (isFetched) return []
  return [
    {
      askedBy,
      found: `No import of this file fetches ${name}: the next one takes it from the accounts that have it.`,
      remedy,
    },
  ]
}

/** Warns of a rule none of whose columns tells all accounts apart. */
function shared(
  askedBy: string,
  { pairs, acrossTenants }: Rule,
  spreads: readonly (ColumnSpread | undefined)[],
): readonly IssuerWarning[] {
  // Ids are unique everywhere.
  if (pairs.some(({ column }) => column === 'id')) return []
  const counts = pairs.flatMap(({ column }, at) => {
    const spread = spreads[at]
    return spread === undefined ? [] : [{ column, ...spread }]
  })
  const best = counts.toSorted((a, b) => a.sharingAccounts - b.sharingAccounts)[0]
  if (best === undefined || best.sharedValues === 0) return []
  const { column, sharedValues, sharingAccounts } = best
  const values =
    sharedValues === 1 ? '1 value is shared' : `${counted(sharedValues)} values are shared`
  const where = acrossTenants ? 'in all tenants together' : 'within a tenant'
  const refused =
    pairs.length === 1
      ? 'who brings one is refused as ambiguous'
      : 'who brings one is refused where the other columns are equal, too'
  return [
    {
      askedBy,
      found: `"${column}": ${values} by ${counted(sharingAccounts)} accounts ${where}; ${refused}.`,
      remedy: 'Match by { claim: oid, column: id }, or by several columns with "all".',
    },
  ]
}

const counted = (amount: number): string => amount.toLocaleString('en-US')
