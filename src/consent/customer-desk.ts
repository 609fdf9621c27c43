import type { ConnectionDefinition, GrantEngine } from '../grants/index.ts'
import {
  err,
  EvergrantError,
  isEvergrantError,
  ok,
  type Clock,
  type Result,
} from '../kernel/index.ts'
import { canonicalTarget, type TokenTarget } from '../oauth/index.ts'
import { isPartnerCenter, signInTargets } from './context.ts'
import type { ConsentEvent } from './events.ts'
import { isResourceManager, partnerCenterUrl } from './microsoft-rungs.ts'
import {
  createPace,
  createPartnerCenter,
  type ApplicationGrant,
  type PartnerCenter,
  type PartnerCustomer,
  type PartnerPace,
  type PartnerPage,
} from './partner-center.ts'
import { comparePermissions, namedPermissions } from './permissions.ts'

/** What customers are looked after with. */
export interface CustomerContext {
  readonly engine: Pick<GrantEngine, 'connection' | 'refresh' | 'newest'>
  readonly fetch: typeof fetch
  readonly clock: Clock
  readonly emit: (event: ConsentEvent) => void
  readonly upstreamUrl: (connection: string, upstream: string) => string | undefined
}

/** How far a customer’s consent reaches. */
export interface CustomerConsent {
  /** `unknown`: nobody could say; see `error`. */
  readonly consent: 'granted' | 'partial' | 'missing' | 'unknown'
  /** Permissions, by API: `Graph User.Read`. */
  readonly missing: readonly string[]
  readonly error?: EvergrantError
}

/** A customer, and how far its consent reaches. */
export type CustomerStanding = PartnerCustomer & CustomerConsent

/** What is to be done about consent. */
export type ConsentAction =
  | 'grant'
  /** Takes an entry back that lacks something, and grants anew. */
  | 'replace'
  | 'withdraw'

/** What became of one customer. */
export interface CustomerOutcome {
  readonly customer: string
  readonly outcome:
    'granted' | 'already' | 'would_grant' | 'withdrawn' | 'would_withdraw' | 'failed'
  readonly detail: string
  readonly error?: EvergrantError
  readonly requestId?: string
}

/** Which customers: `after` is where the page before ended. */
export interface CustomerPage {
  readonly limit: number
  readonly after?: string
}

/** Customers of a partner’s connection and their consent to its application. */
export interface CustomerDesk {
  /**
   * A page of customers with how far their consent reaches: each is asked for a token of its
   * tenant, which says what was consented to. There is no list of consents.
   *
   * @returns What the refusal of Partner Center is called
   * @throws `usage` for a connection without customers, `connection_unknown`, `tenant_*`
   */
  list(
    connection: string,
    page: CustomerPage,
  ): Promise<
    Result<
      { readonly customers: readonly CustomerStanding[]; readonly next?: string },
      EvergrantError
    >
  >
  /** A page of customers alone: nobody but Partner Center is asked. Returns and throws as `list`. */
  page(connection: string, page: CustomerPage): Promise<Result<PartnerPage, EvergrantError>>
  /**
   * Has each customer consent, or takes that back; those that have consented are left alone, so
   * that the same call again goes on where one ended. Nothing is written in a dry run.
   *
   * @throws `usage` for a connection without customers, `connection_unknown`, `tenant_*`
   */
  act(
    connection: string,
    customers: readonly string[],
    options: { readonly action: ConsentAction; readonly isDryRun: boolean },
  ): Promise<readonly CustomerOutcome[]>
}

/** How many customers are worked on at once. */
const concurrency = 8

/** Ids of Microsoft’s APIs as applications: the same in every tenant. */
const enterpriseIds = {
  graph: '00000003-0000-0000-c000-000000000000',
  manager: '797f4846-ba00-4fd7-ba43-dac1f8f63013',
  partner: 'fa3d9a0c-3fb0-42cc-9193-47c7ecd2edbd',
} as const

/** What is wanted of a customer for one API. */
interface WantedApi {
  readonly name: string
  readonly enterpriseId: string
  readonly target: TokenTarget
  readonly scopes: readonly string[]
}

/** One connection with all that its customers are to consent to. */
interface Practice {
  readonly definition: ConnectionDefinition
  readonly wanted: readonly WantedApi[]
  readonly partner: PartnerCenter
}

/** Makes the desk. */
export function createCustomerDesk(context: CustomerContext): CustomerDesk {
  const { engine, clock, emit } = context
  const paces = new Map<string, PartnerPace>()
  const paceOf = (baseUrl: string, { clientId }: ConnectionDefinition): PartnerPace => {
    const key = JSON.stringify([baseUrl, clientId])
    const pace = paces.get(key) ?? createPace(clock)
    paces.set(key, pace)
    return pace
  }

  async function open(connection: string): Promise<Practice> {
    const { definition } = engine.connection(connection)
    const { name } = definition
    const target = signInTargets(definition).find(isPartnerCenter)
    const baseUrl = partnerCenterUrl(definition, context)
    if (definition.forCustomer === undefined || target === undefined || baseUrl === undefined) {
      throw new EvergrantError('usage', `connection "${name}" has no customers`, {
        remedy:
          'Name a connection with `customers` and an upstream for Partner Center, such as partner: { url: https://api.partnercenter.microsoft.com, resource: https://api.partnercenter.microsoft.com }.',
      })
    }
    const handle = engine.connection(name, { target })
    return {
      definition,
      wanted: await wantedApis(definition, engine),
      partner: createPartnerCenter(baseUrl, handle, context, paceOf(baseUrl, definition)),
    }
  }

  /**
   * What a token of the customer’s tenant says.
   *
   * @param isAnew Whether one is obtained although a fresh one is at hand.
   */
  async function look(
    { definition, wanted }: Practice,
    customer: string,
    isAnew: boolean,
  ): Promise<CustomerConsent> {
    const missing: string[] = []
    let error: EvergrantError | undefined
    let isAny = false
    for (const { name, target, scopes } of wanted) {
      const address = `${definition.name}@${customer}`
      const held = isAnew ? undefined : engine.connection(address, { target }).take()
      const token = held === undefined ? await obtain(address, target) : ok(held)
      if (!token.ok) {
        const codes = token.error.upstream?.errorCodes ?? []
        if (!codes.some((code) => withoutConsent.has(code))) error ??= token.error
        missing.push(...scopes.map((scope) => `${name} ${scope}`))
        continue
      }
      const { granted, source } = comparePermissions(definition, target, token.value)
      const has = new Set(granted.map((scope) => scope.toLowerCase()))
      const lacking =
        source === 'none' ? [] : scopes.filter((scope) => !has.has(scope.toLowerCase()))
      isAny ||= lacking.length < scopes.length
      missing.push(...lacking.map((scope) => `${name} ${scope}`))
    }
    if (error !== undefined) return { consent: 'unknown', missing, error }
    if (missing.length === 0) return { consent: 'granted', missing }
    return { consent: isAny ? 'partial' : 'missing', missing }
  }

  async function obtain(
    address: string,
    target: TokenTarget,
  ): Promise<Result<NonNullable<Awaited<ReturnType<GrantEngine['newest']>>>, EvergrantError>> {
    const renewed = await engine.refresh(address, { target })
    if (!renewed.ok) return err(renewed.error)
    const { token, warning } = renewed.value
    return warning === undefined ? ok(token) : err(warning)
  }

  async function actOn(
    practice: Practice,
    customer: string,
    { action, isDryRun }: { readonly action: ConsentAction; readonly isDryRun: boolean },
  ): Promise<CustomerOutcome> {
    const { definition, partner, wanted } = practice
    const failed = (error: EvergrantError, requestId?: string): CustomerOutcome => ({
      customer,
      outcome: 'failed',
      detail: error.detail,
      error,
      ...(requestId === undefined ? {} : { requestId }),
    })
    if (action === 'withdraw') {
      if (isDryRun) return { customer, outcome: 'would_withdraw', detail: 'nothing was written' }
      const gone = await partner.withdraw(customer, definition.clientId)
      if (!gone.ok) return failed(gone.error, gone.error.upstream?.requestId)
      const { kind, ...about } = gone.value
      const detail =
        kind === 'absent' ? 'there was no consent' : 'its tokens live until they expire'
      return { customer, outcome: 'withdrawn', detail, ...about }
    }
    const before = await look(practice, customer, true)
    if (before.consent === 'granted') {
      return { customer, outcome: 'already', detail: 'everything is granted' }
    }
    const lacking = `lacks ${before.missing.join(', ')}`
    if (isDryRun) return { customer, outcome: 'would_grant', detail: lacking }
    const application = { id: definition.clientId, name: definition.name }
    const grants = wanted.map(asGrant)
    let posted = await partner.consent(customer, application, grants)
    if (posted.ok && posted.value.kind === 'exists' && action === 'replace') {
      // Whether it lacks anything nobody could say: it may be all that the customer has.
      if (before.error !== undefined) return failed(before.error, posted.value.requestId)
      const gone = await partner.withdraw(customer, application.id)
      if (!gone.ok) return failed(gone.error, gone.error.upstream?.requestId)
      posted = await partner.consent(customer, application, grants)
      if (!posted.ok) {
        tellChanged(definition.name, customer, 'withdrawn')
        const error = withoutEntry(customer, posted.error)
        return failed(error, error.upstream?.requestId)
      }
    }
    if (!posted.ok) return failed(posted.error, posted.error.upstream?.requestId)
    const { kind, ...about } = posted.value
    const after = await look(practice, customer, true)
    if (kind === 'exists' && after.consent !== 'granted') {
      return failed(existing(customer, after), about.requestId)
    }
    const detail =
      after.consent === 'granted'
        ? 'a token of its tenant holds everything'
        : `consented; until its tenant has taken that up, a token ${after.consent === 'unknown' ? `is refused: ${after.error?.detail ?? ''}` : `lacks ${after.missing.join(', ')}`}`
    return { customer, outcome: kind === 'exists' ? 'already' : 'granted', detail, ...about }
  }

  function tellChanged(connection: string, tenant: string, outcome: 'granted' | 'withdrawn'): void {
    const at = clock.now()
    emit({ type: 'consent.customer_changed', at, connection, tenant, outcome })
  }

  return {
    page: async (connection, { limit, after }) =>
      (await open(connection)).partner.customers(limit, after),

    list: async (connection, { limit, after }) => {
      const practice = await open(connection)
      const page = await practice.partner.customers(limit, after)
      if (!page.ok) return page
      const { customers, next } = page.value
      const standings = await atOnce(customers, async (customer) => ({
        ...customer,
        ...(await look(practice, customer.id, false)),
      }))
      return ok({ customers: standings, ...(next === undefined ? {} : { next }) })
    },

    act: async (connection, customers, options) => {
      const practice = await open(connection)
      const { name } = practice.definition
      return await atOnce([...new Set(customers)], async (customer) => {
        const done = await actOn(practice, customer, options).catch((fault: unknown) =>
          failedBy(customer, fault),
        )
        const { outcome } = done
        if (outcome === 'granted' || outcome === 'withdrawn') tellChanged(name, customer, outcome)
        return done
      })
    },
  }
}

/** No consent in the customer’s tenant: for the application at all, or for this API. */
const withoutConsent: ReadonlySet<number> = new Set([65001, 90099])

/** One customer’s failure is no reason not to tell what became of the others. */
function failedBy(customer: string, fault: unknown): CustomerOutcome {
  if (!isEvergrantError(fault)) throw fault
  return { customer, outcome: 'failed', detail: fault.detail, error: fault }
}

function withoutEntry(customer: string, why: EvergrantError): EvergrantError {
  const detail = `customer ${customer}: its entry was taken back, and none could be made anew: ${why.detail}`
  const remedy = `Run the same again: the customer is without consent until it succeeds. ${why.remedy}`
  return new EvergrantError(why.code, detail, {
    remedy,
    ...(why.upstream === undefined ? {} : { upstream: why.upstream }),
  })
}

function existing(customer: string, { missing }: CustomerConsent): EvergrantError {
  const lacks = missing.length === 0 ? 'cannot be compared' : `lacks ${missing.join(', ')}`
  return new EvergrantError(
    'customer_refused',
    `customer ${customer}: there is a permission entry already, which ${lacks}`,
    {
      remedy:
        'Partner Center changes no entry: take it back and grant anew with `--replace`. The customer is without consent for a moment then.',
    },
  )
}

function asGrant({ enterpriseId, scopes }: WantedApi): ApplicationGrant {
  return { enterpriseApplicationId: enterpriseId, scope: scopes.join(',') }
}

/**
 * What customers are to consent to: what is required of an API’s tokens, else what the partner’s
 * own hold. Calls to Partner Center carry a token of the partner, so that it is asked of customers
 * only where something is required.
 */
async function wantedApis(
  definition: ConnectionDefinition,
  engine: CustomerContext['engine'],
): Promise<readonly WantedApi[]> {
  const { name, provider } = definition
  const targets = new Map(signInTargets(definition).map((one) => [canonicalTarget(one), one]))
  const wanted: WantedApi[] = []
  for (const target of targets.values()) {
    const named = namedPermissions(definition, target)
    if (isPartnerCenter(target)) {
      if (named.length === 0) continue
      const enterpriseId = enterpriseIds.partner
      wanted.push({ name: 'Partner Center', enterpriseId, target, scopes: named })
    } else if (isResourceManager(target)) {
      const scopes = named.length === 0 ? ['user_impersonation'] : named
      wanted.push({ name: 'Resource Manager', enterpriseId: enterpriseIds.manager, target, scopes })
    } else if (provider.expectsClaimsChallenges(target)) {
      const own = comparePermissions(definition, target, await engine.newest(name, { target }))
      const scopes = named.length === 0 ? own.granted : named
      if (scopes.length === 0) {
        throw new EvergrantError(
          'usage',
          `connection "${name}": nobody says which permissions of Graph its customers are to consent to`,
          { remedy: 'Write them beside the upstream, such as requires: [User.Read].' },
        )
      }
      wanted.push({ name: 'Graph', enterpriseId: enterpriseIds.graph, target, scopes })
    }
  }
  return wanted
}

/** Works on several at once, in order of arrival; results in the order given. */
async function atOnce<T, U>(
  items: readonly T[],
  work: (item: T) => Promise<U>,
): Promise<readonly U[]> {
  const results: U[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T)
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker))
  return results
}
