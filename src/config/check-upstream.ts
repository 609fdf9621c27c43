import { checkRejection } from './check-rejection.ts'
import { describeSeen } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { keysOf, member } from './json-schema.ts'
import { placesToken } from './template-field.ts'
import { gatewayFieldNames } from './upstream-schema.ts'
import type { FieldPath, YamlSource } from './yaml-source.ts'

/** Finds what only several fields of one upstream show. */
export function checkUpstream(path: FieldPath, upstream: unknown, source: YamlSource): Finding[] {
  const rejected = member(upstream, 'rejected')
  return [
    ...needsUrl(path, upstream, source),
    ...checkHeaders([...path, 'headers'], member(upstream, 'headers')),
    ...(Array.isArray(rejected)
      ? checkRejection([...path, 'rejected'], rejected as readonly unknown[])
      : []),
  ]
}

function needsUrl(path: FieldPath, upstream: unknown, source: YamlSource): Finding[] {
  if (member(upstream, 'url') !== undefined) return []
  return keysOf(upstream)
    .filter((key) => gatewayFieldNames.includes(key))
    .map((key) => ({
      path: [...path, key],
      at: 'name',
      expected: `"url" beside ${JSON.stringify(key)}, which is for calls through the gateway`,
      seen: describeSeen([...path, key], source, false),
      remedy:
        'Add the base URL of the API, or remove it: where only tokens are wanted, nothing is called.',
    }))
}

function checkHeaders(path: FieldPath, headers: unknown): Finding[] {
  const names = keysOf(headers)
  const lower = names.map((name) => name.toLowerCase())
  return names.flatMap((name, position): Finding[] => {
    if (lower.indexOf(lower[position] ?? '') < position) {
      return [
        {
          path: [...path, name],
          at: 'name',
          expected: 'every header once; case does not count',
          seen: 'it a second time',
          remedy: 'Keep one of the two.',
        },
      ]
    }
    const value = member(headers, name)
    if (lower[position] !== 'authorization' || typeof value !== 'string' || placesToken(value)) {
      return []
    }
    return [
      {
        path: [...path, name],
        at: 'value',
        expected: 'a text with "{token}", as what authorizes a call is a secret',
        seen: 'a text without it (not shown)',
        remedy:
          'Write the scheme and the token, such as "Bearer {token}". Treat a secret that stood here as known, and replace it.',
      },
    ]
  })
}
