import type { ConnectionHandle } from '../grants/index.ts'
import {
  err,
  EvergrantError,
  ok,
  redact,
  type AccessToken,
  type Clock,
  type Result,
} from '../kernel/index.ts'
import type { Transport } from '../oauth/index.ts'
import { refusalOf } from './api-rungs.ts'
import { callApi, type ApiAnswer, type ApiCall } from './call-api.ts'

/** A customer as Partner Center lists it. */
export interface PartnerCustomer {
  /** Of its tenant. */
  readonly id: string
  readonly domain?: string
  readonly name?: string
}

/** A page of customers; `next` is where the next one begins. */
export interface PartnerPage {
  readonly customers: readonly PartnerCustomer[]
  readonly next?: string
}

/** Permissions for one API in a customer’s tenant. */
export interface ApplicationGrant {
  readonly enterpriseApplicationId: string
  /** Parted by commas. */
  readonly scope: string
}

/** What became of a consent that was posted or deleted. */
export interface ConsentAnswer {
  readonly kind: 'done' | 'exists' | 'absent'
  readonly requestId?: string
}

/** When calls to Partner Center may be sent; shared by all that count against one limit. */
export interface PartnerPace {
  /** Resolves when it is the caller’s turn: one begins after the other, however many run. */
  turn(): Promise<void>
  /** Lets no turn begin for so long (ms). */
  rest(forMs: number): void
}

/** Calls to Partner Center that have to do with customers. Every one obeys its limit of requests. */
export interface PartnerCenter {
  /** A page of customers; `after` is where the page before ended. */
  customers(limit: number, after?: string): Promise<Result<PartnerPage, EvergrantError>>
  consent(
    customer: string,
    application: { readonly id: string; readonly name: string },
    grants: readonly ApplicationGrant[],
  ): Promise<Result<ConsentAnswer, EvergrantError>>
  /** Takes the consent back that a customer gave the application. */
  withdraw(customer: string, applicationId: string): Promise<Result<ConsentAnswer, EvergrantError>>
}

/** At most 50 a second for each application are allowed; 40 are sent by this process. */
const leastPauseMs = 25
/** How often a call is made that the API was too busy for. */
const mostTries = 4
/** The longest wait that the API may ask for (ms). */
const longestWaitMs = 60_000

/**
 * Makes the calls for one connection. A token that is refused is renewed once for each call.
 *
 * @param baseUrl Up to `/v1`.
 * @param pace That of the application, whichever connection or caller it is called for.
 * @see https://learn.microsoft.com/en-us/partner-center/developer/control-panel-vendor-apis
 */
export function createPartnerCenter(
  baseUrl: string,
  handle: ConnectionHandle,
  transport: Transport,
  pace: PartnerPace,
): PartnerCenter {
  async function once(
    url: URL,
    token: AccessToken,
    call: ApiCall,
  ): Promise<Result<ApiAnswer, EvergrantError>> {
    await pace.turn()
    return await callApi(url, token, transport, call)
  }

  /** Waits as long as it is asked to, and renews a token that is refused. */
  async function send(
    path: string,
    call: ApiCall = {},
  ): Promise<Result<ApiAnswer, EvergrantError>> {
    const url = new URL(`${baseUrl}${path}`)
    let isRenewed = false
    for (let attempt = 1; ; attempt++) {
      const granted = await handle.getToken()
      if (!granted.ok) return err(granted.error)
      const { token } = granted.value
      const answer = await once(url, token, call)
      if (!answer.ok) return answer
      const { status, headers, text, json } = answer.value
      // What the sign-in lacks no new token has.
      if (status === 401 && !isRenewed && json?.['code'] === undefined) {
        isRenewed = true
        const told = { status, headers: Object.fromEntries(headers), body: text, token }
        const rejection = await handle.reportRejection(told)
        if ('token' in rejection) continue
        return answer
      }
      const waitMs = waitAfter(answer.value, attempt)
      if (waitMs === undefined) return answer
      if (answer.value.status === 429) pace.rest(waitMs)
      await transport.clock.sleep(waitMs)
    }
  }

  return {
    customers: async (limit, after) => {
      const seek = after === undefined ? '' : '&seekOperation=Next'
      const headers = after === undefined ? {} : { 'MS-ContinuationToken': after }
      const answer = await send(`/customers?size=${limit}${seek}`, { headers })
      if (!answer.ok) return answer
      const { status, json } = answer.value
      if (status !== 200) return err(refusalOf('Partner Center customers', answer.value))
      const items: unknown = json?.['items']
      if (!Array.isArray(items)) {
        const detail = 'Partner Center answered 200, but with no list of customers'
        return err(new EvergrantError('provider_answer_invalid', detail))
      }
      const next = continuationIn(json)
      if (next !== undefined && next === after) {
        const detail =
          'Partner Center’s list of customers leads back to the page that was asked for'
        return err(new EvergrantError('provider_answer_invalid', detail))
      }
      const customers = (items as readonly unknown[]).flatMap(readCustomer)
      return ok({ customers, ...(next === undefined ? {} : { next }) })
    },

    consent: async (customer, { id, name }, grants) => {
      const body = { applicationId: id, displayName: name, applicationGrants: grants }
      const answer = await send(`/customers/${encodeURIComponent(customer)}/applicationconsents`, {
        method: 'POST',
        body,
      })
      if (!answer.ok) return answer
      const { status, text } = answer.value
      if (status === 200 || status === 201) return ok({ kind: 'done', ...idOf(answer.value) })
      // Its status is not documented; the words are known.
      if (status < 500 && /permission entry already exists/i.test(text)) {
        return ok({ kind: 'exists', ...idOf(answer.value) })
      }
      return err(refusedFor(customer, answer.value))
    },

    withdraw: async (customer, applicationId) => {
      const path = `/customers/${encodeURIComponent(customer)}/applicationconsents/${encodeURIComponent(applicationId)}`
      const answer = await send(path, { method: 'DELETE' })
      if (!answer.ok) return answer
      const { status } = answer.value
      if (status === 404) return ok({ kind: 'absent', ...idOf(answer.value) })
      if (status >= 200 && status < 300) return ok({ kind: 'done', ...idOf(answer.value) })
      return err(refusedFor(customer, answer.value))
    },
  }
}

/** Makes the pace of one application. */
export function createPace(clock: Clock): PartnerPace {
  let nextAt = 0
  return {
    turn: async () => {
      // Looked at again after each wait: Partner Center may have asked for rest meanwhile.
      for (;;) {
        const waitMs = nextAt - clock.monotonic()
        if (waitMs <= 0) break
        await clock.sleep(waitMs)
      }
      nextAt = clock.monotonic() + leastPauseMs
    },
    rest: (forMs) => {
      nextAt = Math.max(nextAt, clock.monotonic() + forMs)
    },
  }
}

function waitAfter({ status, headers }: ApiAnswer, attempt: number): number | undefined {
  if (status !== 429 && status < 500) return undefined
  const seconds = Number(headers.get('retry-after') ?? '')
  const askedMs = Number.isFinite(seconds) ? seconds * 1_000 : 0
  if (attempt >= mostTries || askedMs > longestWaitMs) return undefined
  return Math.max(askedMs, 500 * 2 ** attempt)
}

function idOf({ requestIds }: ApiAnswer): { readonly requestId?: string } {
  const [requestId] = requestIds
  return requestId === undefined ? {} : { requestId }
}

function refusedFor(customer: string, answer: ApiAnswer): EvergrantError {
  const { status, json } = answer
  const refusal = refusalOf(`customer ${customer}`, answer)
  if (status !== 403 && status !== 404 && status !== 400) return refusal
  const said: unknown = json?.['description']
  const why = typeof said === 'string' ? `: ${redact(said, []).slice(0, 300)}` : ''
  const remedies = {
    400: 'See that the permissions under `requires` are delegated permissions of that API, spelt as it documents them.',
    403: 'The account behind the connection must be in AdminAgents and in a security group of the GDAP relationship, which must include Cloud Application Administrator, Privileged Role Administrator or Global Administrator; the application must be registered in the partner’s tenant.',
    404: 'Name a customer by the id of its tenant, as `evergrant connections customers` lists it.',
  } as const
  return new EvergrantError(
    'token_refused',
    `customer ${customer}: it was answered ${status}${why}`,
    {
      remedy: remedies[status],
      ...(refusal.upstream === undefined ? {} : { upstream: refusal.upstream }),
    },
  )
}

function continuationIn(json: ApiAnswer['json']): string | undefined {
  const links = Object(json?.['links']) as { readonly next?: { readonly headers?: unknown } }
  const headers: unknown = links.next?.headers
  if (!Array.isArray(headers)) return undefined
  for (const header of headers as readonly unknown[]) {
    const { key, value } = Object(header) as Readonly<Record<string, unknown>>
    const isIt = typeof key === 'string' && key.toLowerCase() === 'ms-continuationtoken'
    if (isIt && typeof value === 'string' && /^[\x21-\x7e]{1,2000}$/.test(value)) return value
  }
  return undefined
}

const guid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/** A customer; what no id of a tenant stands for is none, and goes into no address. */
function readCustomer(item: unknown): readonly PartnerCustomer[] {
  const { id, companyProfile } = Object(item) as Readonly<Record<string, unknown>>
  const { tenantId, domain, companyName } = Object(companyProfile) as Readonly<
    Record<string, unknown>
  >
  const tenant = typeof tenantId === 'string' && tenantId !== '' ? tenantId : id
  if (typeof tenant !== 'string' || !guid.test(tenant)) return []
  return [
    {
      id: tenant.toLowerCase(),
      ...(typeof domain === 'string' ? { domain } : {}),
      ...(typeof companyName === 'string' ? { name: companyName } : {}),
    },
  ]
}
