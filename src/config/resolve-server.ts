import { resolve } from 'node:path'
import type { ConfigFile } from './config-schema.ts'
import type { ServerConfig } from './config.ts'
import { localOrigin, readListenAddress } from './listen-address.ts'
import { locate } from './resolve-connection.ts'

/** Fills in the defaults of a checked `server:` and makes its paths absolute. */
export function resolveServer(read: ConfigFile['server'], directory: string): ServerConfig {
  const { tls, limits } = read
  const listen = readListenAddress(read.listen)
  if (listen === undefined) throw new Error('the schema accepted an address it cannot read')
  return {
    listen,
    publicUrl: read.publicUrl ?? localOrigin(listen, tls === undefined ? 'http' : 'https'),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            cert: resolve(directory, tls.cert),
            key: locate(typeof tls.key === 'string' ? { file: tls.key } : tls.key, directory),
          },
        }),
    trustedProxies: read.trustedProxies,
    drainMs: read.drain,
    limits: {
      ...(limits.rate === undefined ? {} : { ratePerSecond: limits.rate }),
      ...(limits.concurrency === undefined ? {} : { concurrency: limits.concurrency }),
    },
    traces: read.traces,
    log: read.log,
    console: {
      enabled: read.console.enabled,
      idleMs: read.console.idle,
      longestMs: read.console.longest,
      ...(read.console.issuers === undefined ? {} : { issuers: read.console.issuers }),
    },
  }
}
