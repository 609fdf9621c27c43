import type { CallerRecord } from '../access/index.ts'
import { formatTable } from './table.ts'

const time = (epochMs: number): string => new Date(epochMs).toISOString()

/** Callers as a table. */
export function formatCallers(callers: readonly CallerRecord[]): string {
  if (callers.length === 0) return 'no callers; `evergrant callers add NAME` makes one\n'
  return formatTable(
    ['NAME', 'MAY CALL', 'ROLE', 'TOKENS', 'LIMITS', 'SINCE', 'STATE'],
    callers.map((caller) => [
      caller.name,
      describePermit(caller),
      caller.role ?? '-',
      caller.allowTokens ? 'yes' : 'no',
      describeLimits(caller),
      time(caller.createdAt).slice(0, 10),
      caller.revokedAt === undefined ? 'active' : `revoked ${time(caller.revokedAt).slice(0, 10)}`,
    ]),
  )
}

/** Which connections a caller may call, in words. */
export function describePermit({ connections, upstream }: CallerRecord): string {
  const names = connections === '*' ? 'every connection' : connections.join(', ')
  if (names === '') return 'no connection'
  return upstream === undefined ? names : `${names} (upstream ${upstream})`
}

function describeLimits({ limits: { ratePerSecond, concurrency } }: CallerRecord): string {
  const parts = [
    ...(ratePerSecond === undefined ? [] : [`${ratePerSecond}/s`]),
    ...(concurrency === undefined ? [] : [`${concurrency} at once`]),
  ]
  return parts.length === 0 ? '-' : parts.join(', ')
}
