import { describeSeen } from './describe-seen.ts'
import type { Finding } from './explain-issue.ts'
import { member } from './json-schema.ts'
import { isLoopback } from './urls.ts'
import type { FieldPath, YamlSource } from './yaml-source.ts'

/** Finds what only several fields of a receiver of alarms show. */
export function checkAlarms(source: YamlSource): readonly Finding[] {
  const targets = member(member(source.data, 'alarms'), 'to')
  if (!Array.isArray(targets)) return []
  return targets.flatMap((target, index) => {
    const path = ['alarms', 'to', index]
    if (member(target, 'webhook') !== undefined) return checkWebhook(target, path)
    const smtp = member(target, 'smtp')
    return smtp === undefined
      ? []
      : [...checkOnlyWebhook(target, path), ...checkSmtp(smtp, [...path, 'smtp'], source)]
  })
}

function checkWebhook(target: unknown, path: FieldPath): Finding[] {
  const format = member(target, 'format') ?? 'plain'
  if (format !== 'plain' || member(target, 'secret') !== undefined) return []
  return [
    {
      path: [...path, 'secret'],
      at: 'name',
      expected: '"secret", as whoever gets a plain webhook must be able to tell it is ours',
      seen: 'nothing',
      remedy:
        'Make a key, such as with `openssl rand -base64 32`, give it to the receiver as well, and write secret: { env: NAME }.',
    },
  ]
}

function checkOnlyWebhook(target: unknown, path: FieldPath): Finding[] {
  return ['secret', 'format', 'allowPrivate']
    .filter((field) => member(target, field) !== undefined)
    .map((field) => ({
      path: [...path, field],
      at: 'name' as const,
      expected: `no "${field}" beside "smtp"`,
      seen: 'one',
      remedy: 'Remove it: it is for webhooks.',
    }))
}

function checkSmtp(smtp: unknown, path: FieldPath, source: YamlSource): Finding[] {
  const findings: Finding[] = []
  const has = (field: string): boolean => member(smtp, field) !== undefined
  const host = member(smtp, 'host')
  const isHere = typeof host === 'string' && (isLoopback(host) || host === '::1')
  if (member(smtp, 'tls') === 'none' && !isHere) {
    findings.push({
      path: [...path, 'tls'],
      at: 'value',
      expected: '"starttls" or "implicit", as the mail server is on another machine',
      seen: describeSeen([...path, 'tls'], source, true),
      remedy: 'Remove the line: mails and passwords would cross the network readable by others.',
    })
  }
  if (has('user') !== has('password')) {
    const missing = has('user') ? 'password' : 'user'
    findings.push({
      path: [...path, missing],
      at: 'name',
      expected: '"user" and "password" together, or neither',
      seen: `no "${missing}"`,
      remedy: 'Add it, or remove the other one for a server that asks nobody to sign in.',
    })
  }
  return findings
}
