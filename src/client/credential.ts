import type { Clock } from '../kernel/index.ts'
import type { Sender } from './send.ts'

/** An access token in the shape of Azure’s `TokenCredential`. Holds the secret: never log it. */
export interface ClientAccessToken {
  readonly token: string
  /** When it dies (epoch ms). */
  readonly expiresOnTimestamp: number
}

/** A connection of a service elsewhere, usable wherever Azure’s SDKs take a `TokenCredential`. */
export interface ClientCredential {
  /**
   * Resolves with a token that lives: from memory while at least a minute of its life is left, else
   * from the service, one request for all who ask meanwhile.
   *
   * @param scopes One resource followed by `/.default`, of the connection or one of its upstreams;
   *   without, what the connection is for. A credential of one upstream gives that upstream’s
   *   tokens alone and reads no scopes, so hand it to no client of another API.
   * @throws EvergrantProblem every code of a provider’s refusal, `permit_missing`,
   *   `tokens_not_allowed`
   */
  getToken(
    scopes?: string | readonly string[],
    options?: { readonly abortSignal?: AbortSignal },
  ): Promise<ClientAccessToken>
}

/** A token with less life than this is asked for anew (ms). */
const leastLifeMs = 60_000

/** Makes the credential of one connection. */
export function createCredential(
  sender: Sender,
  clock: Pick<Clock, 'now'>,
  address: string,
  upstream: string | undefined,
): ClientCredential {
  const held = new Map<string, ClientAccessToken>()
  const flights = new Map<string, Promise<ClientAccessToken>>()

  async function ask(resource: string): Promise<ClientAccessToken> {
    const issued = await sender.call('tokens.issue', {
      address,
      ...(upstream === undefined ? {} : { upstream }),
      ...(resource === '' || upstream !== undefined ? {} : { resource }),
    })
    const token = {
      token: issued.access_token,
      expiresOnTimestamp: Date.parse(issued.expires_at),
    }
    held.set(resource, token)
    return token
  }

  return {
    getToken: async (scopes = '', { abortSignal } = {}) => {
      // Before a request begins, which somebody has to wait for.
      abortSignal?.throwIfAborted()
      const asked = typeof scopes === 'string' ? scopes : scopes.join(' ')
      const resource = asked.replace(/\/\.default$/, '')
      const known = held.get(resource)
      if (known !== undefined && known.expiresOnTimestamp - clock.now() > leastLifeMs) return known
      const flight = flights.get(resource) ?? ask(resource).finally(() => flights.delete(resource))
      flights.set(resource, flight)
      return await (abortSignal === undefined ? flight : unlessAborted(flight, abortSignal))
    },
  }
}

/** Ends one caller’s wait, never the request that others wait for. */
async function unlessAborted<T>(flight: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void => aborted.reject(signal.reason as Error)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([flight, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
