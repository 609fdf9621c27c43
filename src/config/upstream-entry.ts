import type { ApiUpstreamConfig, RejectionRuleConfig, UpstreamConfig } from './config.ts'
import { durationText } from './duration-text.ts'
import { isGraph } from './resolve-upstream.ts'
import { placesToken } from './template-field.ts'

/**
 * An upstream as the schema reads it, what is as by default left out; but for `links`, whose
 * default depends on the provider.
 */
export function upstreamEntry(upstream: UpstreamConfig): Record<string, unknown> {
  const { target } = upstream
  return upstream.url === undefined
    ? { ...target }
    : { url: upstream.url, ...target, ...gatewayEntry(upstream) }
}

function gatewayEntry(upstream: ApiUpstreamConfig): Record<string, unknown> {
  const { url, query, methods, paths, rejected, links, concurrency } = upstream
  const headers = headersEntry(upstream)
  const timeouts = timeoutsEntry(upstream)
  return {
    ...(isEmpty(headers) ? {} : { headers }),
    ...(isEmpty(query) ? {} : { query }),
    ...(methods.length === 0 ? {} : { methods }),
    ...(paths.length === 0 ? {} : { paths }),
    ...(rejected.length === 0
      ? {}
      : { rejected: rejected.map((one) => (typeof one === 'string' ? one : ruleEntry(one))) }),
    ...(upstream.replayUnsafe ? { replayUnsafe: true } : {}),
    ...(upstream.normalise ? { normalise: true } : {}),
    ...(links === 'rewrite' && isGraph(url) ? {} : { links }),
    ...(upstream.allowPrivate ? { allowPrivate: true } : {}),
    ...(upstream.http2 ? { http2: true } : {}),
    ...(isEmpty(timeouts) ? {} : { timeouts }),
    ...(concurrency === undefined ? {} : { concurrency }),
  }
}

function headersEntry({ headers, query }: ApiUpstreamConfig): Record<string, string> {
  const { authorization, ...rest } = headers
  const isDefault =
    authorization === 'Bearer {token}' &&
    ![...Object.values(rest), ...Object.values(query)].some(placesToken)
  return isDefault || authorization === undefined ? rest : headers
}

function timeoutsEntry({ timeouts }: ApiUpstreamConfig): Record<string, string> {
  const written = [
    ['connect', timeouts.connectMs, 10_000],
    ['headers', timeouts.headersMs, 60_000],
    ['idle', timeouts.idleMs, 60_000],
  ] as const
  return Object.fromEntries(
    written
      .filter(([, value, byDefault]) => value !== byDefault)
      .map(([name, value]) => [name, durationText(value)]),
  )
}

function ruleEntry({ isEmpty: empty, tokenAgeMs, ...rule }: RejectionRuleConfig): object {
  return {
    ...rule,
    ...(empty === undefined ? {} : { empty }),
    ...(tokenAgeMs === undefined ? {} : { tokenAge: durationText(tokenAgeMs) }),
  }
}

const isEmpty = (record: object): boolean => Object.keys(record).length === 0
