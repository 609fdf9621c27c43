import type { Authenticator, CallerLimits } from '../access/index.ts'
import { err, isEvergrantError, type EvergrantError, type Result } from '../kernel/index.ts'
import { asciiOf, authorize, type Authorization } from './facade-authorize.ts'
import { createFacadeCallers } from './facade-callers.ts'
import {
  eventBase,
  type BeginFacadeTrace,
  type FacadeContext,
  type FacadeExchange,
} from './facade-context.ts'
import { createFacadeDesk, type FacadeDesk } from './facade-desk.ts'
import { facadeMetadata } from './facade-metadata.ts'
import { revoke } from './facade-revoke.ts'
import { token, type FormRequest } from './facade-token.ts'
import { userinfo } from './facade-userinfo.ts'

/** What a façade is made with. */
export interface FacadeOptions extends FacadeContext {
  readonly beginTrace: BeginFacadeTrace
  /** For callers that hold a façade token; nobody registers limits for them. */
  readonly limits: CallerLimits
}

/** What every request at the façade brings. */
export interface FacadeRequest {
  /** As the address names it, decoded. */
  readonly connection: string
  readonly method: string
  readonly requestId: string
  /** The Authorization header. */
  readonly authorization?: string
  /** As it stands in the URL, without the question mark. */
  readonly query?: string
  /** A form, as it came. */
  readonly body?: string
}

/** An answer of an endpoint that clients call without a browser. */
export interface FacadeAnswer {
  readonly traceId: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** To be written as JSON; undefined for an empty body. */
  readonly body: unknown
}

/** The authorization server that stands for connections. */
export interface Facade {
  /** Registers and changes clients; this process notices at once. */
  readonly desk: FacadeDesk
  /** The metadata of a connection’s façade; undefined while no client is registered for it. */
  metadata(connection: string): Promise<object | undefined>
  /** Serves the browser: a redirect, or an error for a page. */
  authorize(request: FacadeRequest): Promise<Authorization & { readonly traceId: string }>
  token(request: FacadeRequest): Promise<FacadeAnswer>
  userinfo(request: FacadeRequest): Promise<FacadeAnswer>
  revoke(request: FacadeRequest): Promise<FacadeAnswer>
  /** Tells whose an `egf_` token is (`FacadeCallers`). */
  readonly authenticate: Authenticator
  /** Forgets what is in memory; called when the generation `facades` moved. */
  forget(): void
}

/** How often what is over is swept out of the store, at most (ms). */
const sweepEveryMs = 60_000

/** Makes the façade; it reads nothing until it is asked. Every request leaves a trace. */
export function createFacade(options: FacadeOptions): Facade {
  const { store, clock, beginTrace, publicUrl } = options
  const callers = createFacadeCallers(options)
  const context: FacadeContext = {
    ...options,
    store: {
      ...store,
      // What this process revokes itself is told to others only.
      revokeFacadeFamily: async (id) => {
        const isRevoked = await store.revokeFacadeFamily(id)
        callers.forget()
        return isRevoked
      },
      revokeFacadeToken: async (hash, familyId) => {
        await store.revokeFacadeToken(hash, familyId)
        callers.forget()
      },
    },
  }
  let sweptAt = -Infinity

  /** What is over goes with the requests that make more of it; its failure is nobody’s matter. */
  async function sweep(): Promise<void> {
    const now = clock.now()
    if (now - sweptAt < sweepEveryMs) return
    sweptAt = now
    await store.sweepFacade(now).catch(() => {})
  }

  function begin(
    endpoint: string,
    { connection, method, requestId }: FacadeRequest,
  ): FacadeExchange {
    const trace = beginTrace({ connection, method, endpoint, requestId })
    return { connection, endpoint, trace }
  }

  function refuse(exchange: FacadeExchange, error: EvergrantError, status: number): void {
    const { client, endpoint, trace } = exchange
    const { code, detail } = error
    trace.step('refused', { code, detail })
    trace.end({
      outcome: status >= 500 ? 'failed' : 'refused',
      status,
      code,
      ...(client === undefined ? {} : { client }),
    })
    context.emit({
      type: 'facade.refused',
      endpoint,
      code,
      detail,
      ...eventBase(context, exchange),
    })
  }

  /** Ends the trace also where a fault is thrown, which is answered by whoever serves us. */
  async function traced<T>(exchange: FacadeExchange, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      exchange.trace.end({ outcome: 'failed', status: 500 })
      throw error
    }
  }

  /** Serves an endpoint of JSON: ends its trace and words its refusal. */
  async function answer(
    exchange: FacadeExchange,
    work: () => Promise<Result<unknown, EvergrantError>>,
  ): Promise<FacadeAnswer> {
    return await traced(exchange, async () => {
      const { trace } = exchange
      const traceId = trace.id
      const result = await asResult(work)
      if (result.ok) {
        const { client } = exchange
        trace.end({ outcome: 'served', status: 200, ...(client === undefined ? {} : { client }) })
        return { traceId, status: 200, headers: {}, body: result.value }
      }
      const refusal = wordRefusal(exchange, result.error)
      refuse(exchange, result.error, refusal.status)
      return { traceId, ...refusal }
    })
  }

  return {
    desk: createFacadeDesk({ ...options, onChange: () => callers.forget() }),
    metadata: async (connection) => {
      const [client] = await store.listFacadeClients({ connection, limit: 1 })
      return client === undefined ? undefined : facadeMetadata(publicUrl(), connection)
    },
    authorize: async (request) => {
      const exchange = begin('authorize', request)
      return await traced(exchange, async () => {
        const { trace } = exchange
        await sweep()
        const outcome = await withPage(() => authorize(context, exchange, request.query ?? ''))
        if (outcome.kind === 'granted') {
          const { client } = exchange
          trace.end({ outcome: 'served', status: 302, ...(client === undefined ? {} : { client }) })
        } else {
          const { error, kind } = outcome
          refuse(exchange, error, kind === 'page' ? error.definition.status : 302)
        }
        return { ...outcome, traceId: trace.id }
      })
    },
    token: async (request) => {
      const exchange = begin('token', request)
      await sweep()
      return await answer(exchange, () => token(context, exchange, formOf(request)))
    },
    userinfo: async (request) => {
      const exchange = begin('userinfo', request)
      const { authorization, query = '', body = '' } = request
      return await answer(exchange, () =>
        userinfo(context, exchange, { authorization, query, body }),
      )
    },
    revoke: async (request) => {
      const exchange = begin('revoke', request)
      return await answer(exchange, () => revoke(context, exchange, formOf(request)))
    },
    authenticate: callers.authenticate,
    forget: () => callers.forget(),
  }
}

/** A store that is away is a refusal for later; every other throw is a fault. */
async function asResult(
  work: () => Promise<Result<unknown, EvergrantError>>,
): Promise<Result<unknown, EvergrantError>> {
  try {
    return await work()
  } catch (error) {
    if (isEvergrantError(error)) return err(error)
    throw error
  }
}

/** In a browser a store that is away is a page. */
async function withPage(work: () => Promise<Authorization>): Promise<Authorization> {
  try {
    return await work()
  } catch (error) {
    if (isEvergrantError(error)) return { kind: 'page', error }
    throw error
  }
}

function formOf({ authorization, body = '' }: FacadeRequest): FormRequest {
  return { authorization, body }
}

const realm = 'Bearer realm="evergrant"'

/**
 * A refusal as an OAuth endpoint words it (RFC 6749 section 5.2, RFC 6750 section 3), with our code
 * and remedy besides. What keeps us from a token is 503 whatever it is: `invalid_grant` would make
 * the client throw its refresh token away.
 */
function wordRefusal(
  { endpoint }: FacadeExchange,
  error: EvergrantError,
): Omit<FacadeAnswer, 'traceId'> {
  const { code, remedy, retryAfterMs } = error
  const isOurs = code.startsWith('facade_')
  const status = isOurs ? error.definition.status : 503
  const name = (isOurs ? error.definition.oauthError : undefined) ?? 'temporarily_unavailable'
  const description = asciiOf(error.detail)
  const challenge =
    status !== 401
      ? undefined
      : endpoint === 'userinfo'
        ? `${realm}, error="${name}", error_description="${description}"`
        : 'Basic realm="evergrant"'
  const retryAfter = retryAfterMs ?? (status === 503 ? 30_000 : undefined)
  return {
    status,
    headers: {
      ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter / 1_000)) }),
    },
    body: { error: name, error_description: description, code, remedy },
  }
}
