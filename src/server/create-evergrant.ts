import { resolve } from 'node:path'
import type { ConnectionHandle, RejectionReport, TokenGrant } from '../grants/index.ts'
import type { Jobs } from '../jobs/index.ts'
import { EvergrantError, ok, type AccessToken, type Result } from '../kernel/index.ts'
import { canonicalTarget, type TokenTarget } from '../oauth/index.ts'
import { compose, type AnyEvent, type ComposeOptions, type Composition } from './compose.ts'
import { createConnectionFetch } from './connection-fetch.ts'
import { startJobs } from './start-jobs.ts'

/** How Evergrant is opened in another program. */
export interface EvergrantOptions {
  /** Configuration file. Default `./evergrant.yaml`, relative to the working directory. */
  readonly config?: string
  /** Where `{ env: NAME }` references are looked up. Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /**
   * Whether this process keeps idle refresh tokens and `keepWarm` connections alive, besides what
   * its callers ask for. Default true. Each grant that is due is renewed once, however many
   * processes on the store look; on PostgreSQL one at a time does, woken by pg-boss in the schema
   * `evergrant_jobs`.
   */
  readonly keepAlive?: boolean
  /** Told of everything that happens to grants; never holds a secret. Must not throw. */
  readonly onEvent?: (event: AnyEvent) => void
}

/** An access token in the shape of Azure's `TokenCredential`. Holds the secret: never log it. */
export interface AzureAccessToken {
  readonly token: string
  /** When it dies (epoch ms). */
  readonly expiresOnTimestamp: number
}

/** What Azure's SDKs pass along; the rest of theirs does not apply. */
export interface GetTokenAzureOptions {
  readonly abortSignal?: AbortSignal
  /** Claims of a challenge (JSON text), as Azure's SDKs pass them on. */
  readonly claims?: string
}

/** A connection, usable wherever Azure's SDKs take a `TokenCredential`. */
export interface EvergrantConnection {
  /** As it was asked for: `name` or `name@tenant`. */
  readonly name: string
  /**
   * Resolves with a token that lives. A fresh one comes from memory within about a microsecond;
   * near its end all callers, in whatever number and in whatever process, share one request for the
   * next.
   *
   * @param scopes What the token is for: what the connection or one of its upstreams is configured
   *   for, as scopes or as `RESOURCE/.default`.
   * @throws EvergrantError `usage` for other scopes, and every code of a provider's refusal.
   */
  getToken(
    scopes: string | readonly string[],
    options?: GetTokenAzureOptions,
  ): Promise<AzureAccessToken>
  /**
   * `fetch` with the token's life handled: puts a living token in, recognises an answer that
   * refuses it, renews once for all callers that met the same refusal, and sends the request again
   * where its body can be sent again. Everything else is passed through as it came.
   *
   * @throws EvergrantError as `getToken`; what `fetch` itself throws.
   */
  readonly fetch: typeof globalThis.fetch
}

/** Evergrant inside another program. */
export interface Evergrant {
  /**
   * A configured connection, of the file or of the store; the same object for the same name and
   * upstream. It follows changes of its definition within a second, and answers
   * `connection_unknown` once it was removed.
   *
   * @param name `name`, or `name@tenant` for a template.
   * @param options.upstream The upstream whose tokens `fetch` uses. Default: the connection's own
   *   target.
   * @throws EvergrantError `connection_unknown`, `tenant_required`, `tenant_invalid`, `usage`
   */
  connection(name: string, options?: { readonly upstream?: string }): EvergrantConnection
  /** Ends requests under way and closes the store. Idempotent. */
  close(): Promise<void>
}

/**
 * Opens Evergrant from its configuration file. Many processes may do so at once on one store: each
 * takes up what another obtained, and one request serves them all.
 *
 * @throws EvergrantError `config_*`, `key_*`, `store_*`, `schema_*`; on PostgreSQL with `keepAlive`
 *   also `jobs_*`
 */
export async function createEvergrant(options: EvergrantOptions = {}): Promise<Evergrant> {
  return await openEvergrant(options)
}

/** `createEvergrant` with a world of the caller's own: clock and way out, for tests. */
export async function openEvergrant(
  options: EvergrantOptions,
  world: Pick<ComposeOptions, 'clock' | 'wrapOutbound'> = {},
): Promise<Evergrant> {
  const composition = await compose({
    ...world,
    configPath: resolve(options.config ?? 'evergrant.yaml'),
    ...(options.env === undefined ? {} : { env: options.env }),
    role: 'main',
    isLasting: true,
  })
  const { onEvent } = options
  if (onEvent !== undefined) composition.events.on(onEvent)
  const jobs = await startJobsUnless(options.keepAlive === false, composition)
  const connections = new Map<string, EvergrantConnection>()
  return {
    connection: (name, { upstream } = {}) => {
      const key = JSON.stringify([name, upstream ?? null])
      const known = connections.get(key) ?? asCredential(composition, name, upstream)
      // The longest unasked for goes first: its holder can go on using it.
      connections.delete(key)
      connections.set(key, known)
      const [oldest] = connections.keys()
      if (connections.size > connectionsKept && oldest !== undefined) connections.delete(oldest)
      return known
    },
    close: async () => {
      await jobs?.stop()
      await composition.close()
    },
  }
}

/** How many connections are the same object when asked for again. */
const connectionsKept = 10_000

async function startJobsUnless(
  isOff: boolean,
  composition: Composition,
): Promise<Jobs | undefined> {
  if (isOff) return undefined
  try {
    return await startJobs(composition)
  } catch (error) {
    await composition.close()
    throw error
  }
}

/** The tokens of one target, translated for Azure's SDKs. */
interface TargetTokens {
  getToken(options: GetTokenAzureOptions | undefined): Promise<AzureAccessToken>
}

function asCredential(
  composition: Composition,
  name: string,
  upstream: string | undefined,
): EvergrantConnection {
  const handle = composition.engine.connection(
    name,
    upstream === undefined ? {} : { target: upstream },
  )
  const byScopes = new Map<string, TargetTokens>()
  // The hot path: the scopes a program asks for are nearly always the same.
  let lastScopes: unknown
  let lastTokens: TargetTokens | undefined
  let fetchWithToken: typeof globalThis.fetch | undefined
  // What scopes mean and where tokens may go is a matter of the definition, which may be replaced.
  let { definition } = handle
  const followDefinition = (): void => {
    if (handle.definition === definition) return
    definition = handle.definition
    byScopes.clear()
    lastTokens = undefined
    fetchWithToken = undefined
  }

  const tokensFor = (scopes: string | readonly string[]): TargetTokens => {
    const asked = typeof scopes === 'string' ? scopes : scopes.join(' ')
    const known = byScopes.get(asked)
    if (known !== undefined) return known
    const made = translate(findTarget(composition, name, asked))
    byScopes.set(asked, made)
    return made
  }

  return {
    name,
    // Not `async`, so that nothing is made for a call that is answered from memory.
    // oxlint-disable-next-line typescript/promise-function-async
    getToken: (scopes, options) => {
      try {
        followDefinition()
        const asked = typeof scopes === 'string' || scopes.length !== 1 ? scopes : scopes[0]
        if (lastTokens === undefined || asked !== lastScopes) {
          lastTokens = tokensFor(scopes)
          lastScopes = asked
        }
        return lastTokens.getToken(options)
      } catch (error) {
        return Promise.reject(error)
      }
    },
    fetch: async (input, init) => {
      followDefinition()
      fetchWithToken ??= createConnectionFetch(handle, {
        fetch: composition.fetch,
        clock: composition.clock,
        ...originsOf(composition, handle, upstream),
      })
      return fetchWithToken(input, init)
    },
  }
}

/** An upstream’s token goes to that upstream alone, where its address is configured. */
function originsOf(
  { connections }: Composition,
  { definition }: ConnectionHandle,
  upstream: string | undefined,
): { readonly origins?: readonly string[] } {
  const upstreams = connections.find(definition.name)?.config.upstreams ?? {}
  const wanted = upstream === undefined ? Object.values(upstreams) : [upstreams[upstream]]
  const urls = wanted.flatMap((one) => one?.url ?? [])
  return urls.length === 0 || urls.length < wanted.length ? {} : { origins: urls }
}

function translate(handle: ConnectionHandle): TargetTokens {
  let last: { readonly from: AccessToken; readonly to: AzureAccessToken } | undefined
  const answer = (result: Result<TokenGrant, EvergrantError>): AzureAccessToken => {
    if (!result.ok) throw result.error
    const { token } = result.value
    // The same token is handed out again and again: translate it once.
    if (last?.from !== token) {
      const to = { token: token.secret.reveal(), expiresOnTimestamp: token.expiresAt }
      last = { from: token, to }
    }
    return last.to
  }
  // A fresh token comes as the same promise again and again: translate that once, too.
  let lastGranted: ReturnType<ConnectionHandle['getToken']> | undefined
  let lastTranslated: Promise<AzureAccessToken>
  const getPlain = (): Promise<AzureAccessToken> => {
    const granted = handle.getToken()
    if (granted !== lastGranted) {
      lastGranted = granted
      lastTranslated = granted.then(answer)
    }
    return lastTranslated
  }
  const getWith = async (options: GetTokenAzureOptions): Promise<AzureAccessToken> => {
    const { abortSignal: signal, claims } = options
    const wish = signal === undefined ? {} : { signal }
    const granted = await handle.getToken(wish)
    if (claims === undefined || !granted.ok) return answer(granted)
    // Azure's SDKs pass claims on when an API refused the token they were given last.
    const refused = last?.from ?? granted.value.token
    const rejection = await handle.reportRejection(challengeOf(claims, refused), wish)
    if (rejection.kind === 'renewal_failed') throw rejection.error
    if (rejection.kind === 'not_about_token') return answer(granted)
    return answer(ok({ token: rejection.token, origin: 'issued' }))
  }
  return { getToken: (options) => (options === undefined ? getPlain() : getWith(options)) }
}

/** A claims challenge as the API must have sent it. */
function challengeOf(claims: string, token: AccessToken): RejectionReport {
  const encoded = Buffer.from(claims).toString('base64')
  const challenge = `Bearer error="insufficient_claims", claims="${encoded}"`
  return { status: 401, headers: { 'www-authenticate': challenge }, body: '', token }
}

/** Finds what the scopes ask for among the targets of the connection. */
function findTarget({ engine }: Composition, name: string, asked: string): ConnectionHandle {
  const own = engine.connection(name)
  const { definition } = own
  const targets = [definition.target, ...(definition.targets?.values() ?? [])]
  const wanted = words(asked)
  const found = targets.find((target) => words(scopesOf(target)) === wanted)
  // One handle instead of two equal ones: a thousand connections are read from memory, not cache.
  if (found === own.target) return own
  if (found !== undefined) return engine.connection(name, { target: found })
  const known = [...new Set(targets.map(canonicalTarget))].join(', ')
  throw new EvergrantError(
    'usage',
    `connection "${name}" gives tokens for ${known}, but was asked for ${JSON.stringify(asked.slice(0, 300))}`,
    {
      remedy: 'Add an upstream with that resource or scope to the connection, or ask another one.',
    },
  )
}

/** What a target is, as Azure's SDKs would ask for it. */
function scopesOf(target: TokenTarget): string {
  if ('scope' in target) return target.scope
  return `${target.resource.replace(/\/$/, '')}/.default`
}

function words(text: string): string {
  return [...new Set(text.split(/\s+/).filter(Boolean))].toSorted().join(' ')
}
