import type { z } from 'zod'
import type { CallerRecord } from '../access/index.ts'
import type { callerSchema } from './api/caller-schema.ts'

const time = (epochMs: number): string => new Date(epochMs).toISOString()

/** A caller as `--json` prints it and the API sends it: nothing of its key. */
export function callerToJson(caller: CallerRecord): z.input<typeof callerSchema> {
  const { connections, limits } = caller
  return {
    id: caller.id,
    name: caller.name,
    role: caller.role ?? null,
    connections: connections === '*' ? '*' : [...connections],
    upstream: caller.upstream ?? null,
    allow_tokens: caller.allowTokens,
    rate: limits.ratePerSecond ?? null,
    concurrency: limits.concurrency ?? null,
    created_at: time(caller.createdAt),
    revoked_at: caller.revokedAt === undefined ? null : time(caller.revokedAt),
  }
}
