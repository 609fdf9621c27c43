import { systemRandom } from '../kernel/index.ts'
import { createKeyCache, type KeyCache, type KeyCacheOptions } from '../oauth/index.ts'
import type { KeyCaches } from './open-issuers.ts'

/** Keys of issuers over changes of the configuration. */
export interface IssuerKeys {
  /**
   * Caches for the issuers of another configuration: the ones there are for sources that stay.
   * `keep` makes them the ones there are, and lets the others go.
   */
  draft(): KeyCaches & { keep(): void }
}

/** Told of troubles with the keys of an `iss`, and of their end, once each. */
export interface IssuerKeysOptions extends Pick<KeyCacheOptions, 'clock'> {
  readonly onTrouble: (iss: string, detail: string) => void
  readonly onRecovery: (iss: string) => void
}

/** Keeps keys while the configuration around them changes. */
export function createIssuerKeys({ clock, onTrouble, onRecovery }: IssuerKeysOptions): IssuerKeys {
  let kept: ReadonlyMap<string, KeyCache> = new Map()
  return {
    draft: () => {
      const used = new Map<string, KeyCache>()
      return {
        cacheFor: ({ iss, from }, fetchKeys) => {
          const source = `${iss} ${from}`
          const cache =
            used.get(source) ??
            kept.get(source) ??
            createKeyCache({
              clock,
              random: systemRandom,
              fetchKeys,
              onTrouble: (detail) => onTrouble(iss, detail),
              onRecovery: () => onRecovery(iss),
            })
          used.set(source, cache)
          return cache
        },
        keep: () => {
          kept = used
        },
      }
    },
  }
}
