import { resolve } from 'node:path'
import type { ConnectionHandle, TokenGrant } from '../grants/index.ts'
import { EvergrantError, type AccessToken, type Result } from '../kernel/index.ts'
import { compose, type Composition } from './compose.ts'

/** How Evergrant is opened in another program. */
export interface EvergrantOptions {
  /** Configuration file. Default `./evergrant.yaml`, relative to the working directory. */
  readonly config?: string
  /** Where `{ env: NAME }` references are looked up. Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
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
}

/** A connection, usable wherever Azure's SDKs take a `TokenCredential`. */
export interface EvergrantConnection {
  readonly name: string
  /**
   * Resolves with a token that lives. A fresh one comes from memory within about a microsecond;
   * near its end all callers, in whatever number, share one request for the next.
   *
   * @param scopes What the token is for; must be what the connection is configured for.
   * @throws EvergrantError `usage` for other scopes, and every code of a provider's refusal.
   */
  getToken(
    scopes: string | readonly string[],
    options?: GetTokenAzureOptions,
  ): Promise<AzureAccessToken>
}

/** Evergrant inside another program. */
export interface Evergrant {
  /** A configured connection. @throws EvergrantError `connection_unknown` */
  connection(name: string): EvergrantConnection
  /** Ends requests under way and closes the store. Idempotent. */
  close(): Promise<void>
}

/**
 * Opens Evergrant from its configuration file. Many processes may do so at once on one store: each
 * adopts tokens that another obtained.
 *
 * @throws EvergrantError `config_*`, `key_*`, `store_*`, `schema_too_new`
 */
export async function createEvergrant(options: EvergrantOptions = {}): Promise<Evergrant> {
  const composition = await compose({
    configPath: resolve(options.config ?? 'evergrant.yaml'),
    ...(options.env === undefined ? {} : { env: options.env }),
    role: 'main',
  })
  const connections = new Map<string, EvergrantConnection>()
  return {
    connection: (name) => {
      const known = connections.get(name) ?? asCredential(composition, name)
      connections.set(name, known)
      return known
    },
    close: () => composition.close(),
  }
}

function asCredential(composition: Composition, name: string): EvergrantConnection {
  const handle: ConnectionHandle = composition.engine.connection(name)
  const accepted = scopesOf(handle)
  let last: { readonly from: AccessToken; readonly to: AzureAccessToken } | undefined

  const translate = (result: Result<TokenGrant, EvergrantError>): AzureAccessToken => {
    if (!result.ok) throw result.error
    const { token } = result.value
    // The same token is handed out again and again: translate it once.
    if (last?.from !== token) {
      const to = { token: token.secret.reveal(), expiresOnTimestamp: token.expiresAt }
      last = { from: token, to }
    }
    return last.to
  }

  return {
    name,
    getToken: async (scopes, options) => {
      const asked =
        typeof scopes === 'string' ? scopes : scopes.length === 1 ? scopes[0] : undefined
      if (asked !== accepted) requireSame(scopes, accepted, name)
      const signal = options?.abortSignal
      return translate(await handle.getToken(signal === undefined ? undefined : { signal }))
    },
  }
}

/** What a connection's tokens are for, as Azure's SDKs would ask for it. */
function scopesOf(handle: ConnectionHandle): string {
  const { target } = handle.definition
  if ('scope' in target) return target.scope
  return `${target.resource.replace(/\/$/, '')}/.default`
}

function requireSame(scopes: string | readonly string[], accepted: string, name: string): void {
  const words = (text: string): string => text.split(/\s+/).filter(Boolean).toSorted().join(' ')
  const asked = words(typeof scopes === 'string' ? scopes : scopes.join(' '))
  if (asked === words(accepted)) return
  throw new EvergrantError(
    'usage',
    `connection "${name}" gives tokens for ${JSON.stringify(accepted)}, but was asked for ${JSON.stringify(asked)}`,
    { remedy: 'Configure a connection for that resource or scope, and ask that one.' },
  )
}
