import type { CallerLimits } from '../access/index.ts'
import type { Config } from '../config/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { createBearerCallers, type BearerCallers } from './bearer-callers.ts'
import type { Composition } from './compose.ts'
import { healthOf, type IssuerHealth } from './issuer-health.ts'
import { createIssuerKeys } from './issuer-keys.ts'
import { createIssuerRefusals, type IssuerRefusals } from './issuer-refusals.ts'
import { openBearer, type Bearer } from './open-bearer.ts'
import { resourceMetadataPath } from './resource-metadata.ts'
import type { ServiceMetrics } from './service-metrics.ts'

/** What the issuers of a running service are opened with. */
export interface IssuerDeskOptions {
  readonly publicUrl: () => string
  readonly limits: () => CallerLimits
  readonly metrics: Pick<ServiceMetrics, 'verdict'>
}

/** The issuers of a running service: who brings their tokens, and how they stand. */
export interface IssuerDesk {
  readonly callers: BearerCallers
  readonly refusals: IssuerRefusals
  /** Undefined while no issuer’s tokens are accepted. */
  bearer(): Bearer | undefined
  /** Where the metadata of RFC 9728 stand; undefined while there are none. */
  resourceMetadata(): string | undefined
  /**
   * Opens the issuers of another configuration; the returned function puts them in the place of
   * those there are, in one step. Keys of sources that stay are kept.
   *
   * @throws EvergrantError `provider_misconfigured`; nothing has changed then
   */
  prepare(config: Pick<Config, 'issuers'>): () => void
  /** How keys stand, each `iss` by itself. */
  health(): readonly IssuerHealth[]
  /**
   * Fetches the keys of an issuer now, and tells how they stand then.
   *
   * @throws EvergrantError `issuer_unknown`
   */
  refresh(issuer: string): Promise<readonly IssuerHealth[]>
}

/** Fetches of keys at once, for an operator. */
const fetchesAtOnce = 8

/** Opens the issuers of a composition; nobody is asked before the first token. */
export function openIssuerDesk(
  composition: Pick<
    Composition,
    'config' | 'store' | 'clock' | 'fetch' | 'events' | 'secrets' | 'engine'
  >,
  { publicUrl, limits, metrics }: IssuerDeskOptions,
): IssuerDesk {
  const { clock, fetch, store, events, secrets, engine } = composition
  let bearer: Bearer | undefined
  const nameOf = (iss: string): string => bearer?.issuers.find(iss)?.settings.name ?? ''
  const keys = createIssuerKeys({
    clock,
    onTrouble: (iss, detail) => {
      const issuer = nameOf(iss)
      events.emit({ type: 'identity.keys_unavailable', at: clock.now(), issuer, iss, detail })
    },
    onRecovery: (iss) => {
      const issuer = nameOf(iss)
      events.emit({ type: 'identity.keys_recovered', at: clock.now(), issuer, iss })
    },
  })
  const refusals = createIssuerRefusals(clock, events.emit)

  const prepare: IssuerDesk['prepare'] = (config) => {
    const caches = keys.draft()
    const transport = { fetch, clock }
    const options = { transport, accounts: store.accounts, secrets, engine, caches }
    const isAny = Object.keys(config.issuers).length > 0
    const next = isAny ? openBearer(config, options) : undefined
    return () => {
      caches.keep()
      bearer = next
    }
  }
  prepare(composition.config)()

  const resourceMetadata = (): string => `${publicUrl()}${resourceMetadataPath}`
  const callers = createBearerCallers({
    bearer: () => bearer,
    limits,
    // Read anew: a reload puts another configuration in its place.
    scopesOf: (issuer) => composition.config.issuers[issuer]?.scopes ?? [],
    resourceMetadata,
    onAccepted: (issuer, isKept) => metrics.verdict({ issuer, outcome: 'accepted', isKept }),
    onRefused: (refusal, requestId) => {
      const { issuer = 'unknown', code, stage, retryAfterMs } = refusal
      const outcome = retryAfterMs === undefined ? 'refused' : 'unavailable'
      metrics.verdict({ issuer, outcome, code, stage, isKept: false })
      refusals.add(refusal, requestId)
    },
  })

  const health = (issuer?: string): readonly IssuerHealth[] =>
    (bearer?.issuers.all() ?? [])
      .filter(({ settings }) => issuer === undefined || settings.name === issuer)
      .map((one) => healthOf(one, clock.now()))

  return {
    callers,
    refusals,
    bearer: () => bearer,
    resourceMetadata: () => (bearer === undefined ? undefined : resourceMetadata()),
    prepare,
    health: () => health(),
    refresh: async (issuer) => {
      const those = (bearer?.issuers.all() ?? []).filter(({ settings }) => settings.name === issuer)
      if (those.length === 0) {
        throw new EvergrantError(
          'issuer_unknown',
          `there is no issuer ${JSON.stringify(issuer.slice(0, 100))}`,
        )
      }
      for (let at = 0; at < those.length; at += fetchesAtOnce) {
        await Promise.all(those.slice(at, at + fetchesAtOnce).map((one) => one.keys.refresh()))
      }
      return health(issuer)
    },
  }
}
