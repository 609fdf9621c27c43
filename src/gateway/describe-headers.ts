import { pairsOf, type AnswerHeaders } from './answer-headers.ts'
import { maskBody, maskText } from './mask-text.ts'

/** Headers whose values are about the transfer, not about whom or what it is for. */
const shown = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'accept-ranges',
  'age',
  'allow',
  'cache-control',
  'client-request-id',
  'connection',
  'consistencylevel',
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'date',
  'expect',
  'host',
  'keep-alive',
  'last-modified',
  'odata-maxversion',
  'odata-version',
  'prefer',
  'preference-applied',
  'range',
  'ratelimit-limit',
  'ratelimit-remaining',
  'ratelimit-reset',
  'request-id',
  'retry-after',
  'server',
  'te',
  'traceparent',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
  'x-correlation-id',
  'x-ms-ags-diagnostic',
  'x-ms-correlation-request-id',
  'x-ms-error-code',
  'x-ms-request-id',
  'x-ms-resource-unit',
  'x-ms-throttle-information',
  'x-ms-throttle-limit-percentage',
  'x-ms-throttle-scope',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-request-id',
])
const longestName = 64
const longestValue = 300
const mostHeaders = 60

/**
 * Headers for a trace, a line each: the values of those that say how something was transferred,
 * masked; of all others only that they were there.
 *
 * @param tokens What must not be seen in a value that quotes it.
 */
export function describeHeaders(headers: AnswerHeaders, tokens: readonly string[]): string {
  const lines: string[] = []
  let left = 0
  for (const [header, value] of pairsOf(headers)) {
    if (lines.length === mostHeaders) {
      left++
      continue
    }
    const name = header.toLowerCase()
    if (shown.has(name)) lines.push(`${name}: ${cut(maskBody(value, tokens), longestValue)}`)
    else lines.push(`${cut(maskText(name, tokens), longestName)}: (withheld)`)
  }
  if (left > 0) lines.push(`and ${left} more`)
  return lines.join('\n')
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
