import type { ProviderConfig, RejectionRuleConfig, TargetConfig, UpstreamConfig } from './config.ts'
import type { UpstreamEntry } from './connection-schema.ts'
import { graphResources } from './graph-resources.ts'
import { placesToken } from './template-field.ts'

const byDefault = { authorization: 'Bearer {token}' } as const

/** Fills in what a checked upstream left out; without `url` there is nothing but the target. */
export function resolveUpstream(
  written: UpstreamEntry,
  target: TargetConfig,
  provider: ProviderConfig | undefined,
): UpstreamConfig {
  const { url, query, timeouts, concurrency } = written
  if (url === undefined) return { target }
  const headers = Object.fromEntries(
    Object.entries(written.headers).map(([name, value]) => [name.toLowerCase(), value]),
  )
  const isPlaced = [...Object.values(headers), ...Object.values(query)].some(placesToken)
  return {
    url,
    target,
    headers: isPlaced ? headers : { ...byDefault, ...headers },
    query,
    methods: written.methods ?? [],
    paths: written.paths ?? [],
    rejected: written.rejected.map((one) => (typeof one === 'string' ? one : resolveRule(one))),
    replayUnsafe: written.replayUnsafe,
    normalise: written.normalise,
    links: written.links ?? (isGraph(url, provider) ? 'rewrite' : 'keep'),
    allowPrivate: written.allowPrivate,
    http2: written.http2,
    timeouts: {
      connectMs: timeouts.connect,
      headersMs: timeouts.headers,
      idleMs: timeouts.idle,
    },
    ...(concurrency === undefined ? {} : { concurrency }),
  }
}

/** Tells whether an address is Microsoft Graph's, in any cloud or as the provider has it. */
export function isGraph(url: string, provider?: ProviderConfig): boolean {
  const own = provider?.type === 'entra' && provider.graph !== undefined ? [provider.graph] : []
  const origin = new URL(url).origin
  return [...Object.values(graphResources), ...own].some((one) => new URL(one).origin === origin)
}

type WrittenRule = Exclude<UpstreamEntry['rejected'][number], string>

function resolveRule(written: WrittenRule): RejectionRuleConfig {
  const { name, status, header, json, text, empty, path, tokenAge } = written
  return {
    ...(name === undefined ? {} : { name }),
    ...(status === undefined ? {} : { status }),
    ...(header === undefined
      ? {}
      : {
          header: {
            name: header.name,
            ...(header.contains === undefined ? {} : { contains: header.contains }),
          },
        }),
    ...(json === undefined ? {} : { json }),
    ...(text === undefined ? {} : { text }),
    ...(empty === undefined ? {} : { isEmpty: empty }),
    ...(path === undefined ? {} : { path }),
    ...(tokenAge === undefined ? {} : { tokenAgeMs: tokenAge }),
  }
}
