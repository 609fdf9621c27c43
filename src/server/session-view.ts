import type { z } from 'zod'
import type { SessionRecord } from '../access/index.ts'
import type { sessionSchema } from './api/session-schema.ts'
import { readFacts } from './sessions.ts'

const time = (epochMs: number): string => new Date(epochMs).toISOString()

/** A session as the API sends it: nothing of its token. */
export function sessionToJson(session: SessionRecord): z.input<typeof sessionSchema> {
  const facts = readFacts(session.identity)
  const { account } = session
  return {
    id: session.id,
    issuer: session.issuer,
    user_name: facts?.userName ?? null,
    account:
      account === undefined
        ? null
        : { tenant_id: account.tenantId, kind: account.kind, id: account.id },
    role: session.role ?? null,
    connections: facts === undefined ? [] : copyOf(facts.connections),
    created_at: time(session.createdAt),
    expires_at: time(session.expiresAt),
  }
}

const copyOf = (connections: readonly string[] | '*'): string[] | '*' =>
  connections === '*' ? '*' : [...connections]
