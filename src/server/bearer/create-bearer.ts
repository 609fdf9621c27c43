import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { resolve } from 'node:path'
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import {
  createSecretReader,
  parseIssuers,
  type IssuerConfig,
  type WrittenIssuers,
} from '../../config/index.ts'
import type { Identifier, Identity } from '../../identity/index.ts'
import { EvergrantError, systemClock, type Clock } from '../../kernel/index.ts'
import { compose, hostEnvironment } from '../compose.ts'
import { openBearer } from '../open-bearer.ts'
import { createOutbound } from '../outbound.ts'
import { prepareLookups } from '../prepare-lookups.ts'
import { expressMiddleware, type ExpressMiddleware } from './express.ts'
import { fastifyHook } from './fastify.ts'
import { honoMiddleware, type HonoMiddleware } from './hono.ts'
import { createProtection, type BearerRefusal, type BearerRequirement } from './protection.ts'

/** Where the issuers of an API stand. */
export type BearerOptions = {
  /** Where `{ env: NAME }` references are looked up. Default: the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Told of every refusal, for the log; never holds a token. Must not throw. */
  readonly onRefusal?: (refusal: BearerRefusal) => void
  /** In place of the machine's; for tests. */
  readonly clock?: Clock
} & (
  | {
      /**
       * Configuration file, whose store has the accounts that callers are matched with. Default
       * `./evergrant.yaml`, relative to the working directory.
       */
      readonly config?: string
      readonly issuers?: never
    }
  | {
      /**
       * The section `issuers:` itself. There is no store then, so that no account is matched:
       * `match` is `[]`, and callers are who their tokens say.
       */
      readonly issuers: WrittenIssuers
      readonly config?: never
    }
)

/** Protects the routes of an API by the access tokens its callers bring along. */
export interface Bearer {
  /**
   * Tells whom a token stands for, without any framework.
   *
   * @throws EvergrantError `store_*`
   */
  identify(token: string): ReturnType<Identifier['identify']>
  /** An `onRequest` hook for Fastify: of a route, or of everything by `addHook`. */
  fastify(requirement?: BearerRequirement): onRequestAsyncHookHandler
  /** Middleware for Express, Connect and `node:http`. */
  express(requirement?: BearerRequirement): ExpressMiddleware
  /** Middleware for Hono. */
  hono(requirement?: BearerRequirement): HonoMiddleware
  /**
   * Who makes a request that was let in: the request of Fastify, Express or `node:http`; of Hono
   * `c.req.raw`.
   *
   * @throws EvergrantError `usage` when nothing of `fastify`, `express` or `hono` stands before
   */
  identityOf(request: IncomingMessage | FastifyRequest | Request): Identity
  /** Closes the store and the way out. Idempotent. */
  close(): Promise<void>
}

/**
 * Opens the protection of an API: tokens are verified, matched with exactly one account and refused
 * with the real reason, by the same code as in the service.
 *
 * @throws EvergrantError `config_*`, `provider_misconfigured`; with a configuration file also
 *   `key_*`, `store_*`, `schema_*`, `secret_unavailable`
 */
export async function createBearer(options: BearerOptions = {}): Promise<Bearer> {
  const { onRefusal = () => {}, clock = systemClock } = options
  const opened =
    options.issuers === undefined
      ? await openFromFile(options)
      : await openAlone(options.issuers, options)
  const protection = createProtection({ identifier: opened.identifier, clock, onRefusal })
  const identities = new WeakMap<object, Identity>()
  const remember = (request: object, identity: Identity): void => {
    identities.set(request, identity)
  }
  return {
    identify: (token) => opened.identifier.identify(token),
    fastify: (requirement = {}) => fastifyHook(protection, remember, requirement),
    express: (requirement = {}) => expressMiddleware(protection, remember, requirement),
    hono: (requirement = {}) => honoMiddleware(protection, remember, requirement),
    identityOf: (request) => {
      const identity = identities.get(request)
      if (identity !== undefined) return identity
      throw new EvergrantError('usage', 'nobody was looked for behind this request', {
        remedy: 'Put bearer.fastify(), bearer.express() or bearer.hono() before the route.',
      })
    },
    close: opened.close,
  }
}

/** What tells whom tokens stand for, and how it ends. */
interface Opened {
  readonly identifier: Identifier
  readonly close: () => Promise<void>
}

/** With the store of a configuration file, whose accounts callers are. */
async function openFromFile({ config, env, clock }: BearerOptions): Promise<Opened> {
  const composition = await compose({
    configPath: resolve(config ?? 'evergrant.yaml'),
    role: 'main',
    isLasting: true,
    ...(env === undefined ? {} : { env }),
    ...(clock === undefined ? {} : { clock }),
  })
  try {
    const { store, fetch, secrets, engine } = composition
    await prepareLookups(composition.config, composition)
    const { identifier } = openBearer(composition.config, {
      transport: { fetch, clock: composition.clock },
      accounts: store.accounts,
      secrets,
      engine,
    })
    store.watchGenerations(({ topics }) => {
      if (topics.includes('accounts')) identifier.forgetAccounts()
    })
    return { identifier, close: composition.close }
  } catch (error) {
    await composition.close()
    throw error
  }
}

/** With issuers alone. */
async function openAlone(
  written: WrittenIssuers,
  { env = hostEnvironment(), clock = systemClock }: BearerOptions,
): Promise<Opened> {
  const parsed = parseIssuers(written, process.cwd())
  if (!parsed.ok) throw parsed.error
  const issuers = Object.entries(parsed.value).map(([name, issuer]): [string, IssuerConfig] => {
    if (written[name]?.match !== undefined && issuer.match.length > 0) {
      throw new EvergrantError(
        'usage',
        `"issuers.${name}.match" finds accounts, but there is no directory here`,
        {
          remedy:
            'Leave it out, or open the configuration file whose store has the accounts: createBearer({ config }).',
        },
      )
    }
    return [name, { ...issuer, match: [] }]
  })
  const outbound = createOutbound({ clock, proxy: 'env', ca: [], nameOfCa: () => '', env })
  const { identifier } = openBearer(
    { issuers: Object.fromEntries(issuers) },
    {
      transport: { fetch: outbound.fetch, clock },
      accounts: undefined,
      secrets: createSecretReader({ env, readFile, clock }),
    },
  )
  return { identifier, close: () => outbound.close() }
}
