import { z } from 'zod'
import type { Config, IssuerConfig } from '../config/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { entraIssuers } from '../oauth/index.ts'
import { refusalSchema } from './api/issuer-schema.ts'
import { askService, type ServiceQuestion } from './ask-service.ts'

/** A recent refusal, as far as it is compared. */
export type RecentRefusal = Pick<
  z.infer<typeof refusalSchema>,
  'issuer' | 'stage' | 'code' | 'seen'
>

/** Recent refusals of one issuer and code. */
export interface RefusalComparison {
  /** Absent: of an issuer that is not accepted. */
  readonly issuer?: string
  readonly stage: string
  readonly code: string
  readonly refusals: number
  /** Those of which another configuration could make something else. */
  readonly otherwise: number
  /** What it changes for them. */
  readonly because: readonly string[]
}

/** What of an issuer each stage of verification looks at. */
const looksAt: Readonly<Record<string, readonly string[]>> = {
  key: ['authority', 'cloud', 'issuer'],
  signature: ['authority', 'cloud', 'issuer'],
  time: ['skewMs', 'longestLifeMs'],
  token_kind: ['claims'],
  claim_source: ['claims', 'introspection', 'userinfo', 'client'],
  mapping: ['claims', 'match', 'tenant', 'groups'],
  scope: ['scopes'],
}
/** Names of fields where the configuration spells them otherwise. */
const spelled: Readonly<Record<string, string>> = {
  skewMs: 'skew',
  longestLifeMs: 'longestLife',
}

/**
 * Compares what two configurations would make of recent refusals, by what the stage of each looks
 * at: an issuer or an audience that the other one accepts, other rules, other sources, other
 * permissions. What a token would meet at later stages is not known: nothing is kept of it.
 */
export function compareRefusals(
  running: Pick<Config, 'issuers'>,
  next: Pick<Config, 'issuers'>,
  refusals: readonly RecentRefusal[],
): readonly RefusalComparison[] {
  const groups = Map.groupBy(refusals, ({ issuer, code }) => `${issuer ?? ''} ${code}`)
  return [...groups.values()].map((group) => {
    const [{ issuer, stage, code }] = group as [RecentRefusal]
    const reasons = group.map((refusal) => reasonOf(refusal, running, next))
    const because = new Set(reasons.filter((reason) => reason !== undefined))
    return {
      ...(issuer === null ? {} : { issuer }),
      stage,
      code,
      refusals: group.length,
      otherwise: reasons.filter((reason) => reason !== undefined).length,
      because: [...because],
    }
  })
}

/** What the other configuration changes for a refusal; undefined: nothing. */
function reasonOf(
  { issuer, stage, seen }: RecentRefusal,
  running: Pick<Config, 'issuers'>,
  next: Pick<Config, 'issuers'>,
): string | undefined {
  if (stage === 'issuer') {
    const accepted = issuersOf(next).has(seen) && !issuersOf(running).has(seen)
    return accepted ? 'the issuer is accepted' : undefined
  }
  if (issuer === null) return undefined
  const before = running.issuers[issuer]
  const after = next.issuers[issuer]
  if (before === undefined) return undefined
  if (after === undefined) return `there is no issuer "${issuer}"`
  if (stage === 'audience') {
    const isNamed = after.audiences.some((one) => seen.includes(JSON.stringify(one)))
    return isNamed ? 'the audience is accepted' : undefined
  }
  const changed = (looksAt[stage] ?? []).filter(
    (field) => fieldOf(before, field) !== fieldOf(after, field),
  )
  if (changed.length === 0) return undefined
  return `${changed.map((field) => `"${spelled[field] ?? field}"`).join(', ')} changed`
}

function fieldOf(issuer: IssuerConfig, field: string): string | undefined {
  return JSON.stringify((issuer as Readonly<Record<string, unknown>>)[field])
}

/** What `iss` may be, as a refusal repeats it. */
function issuersOf({ issuers }: Pick<Config, 'issuers'>): ReadonlySet<string> {
  const all = Object.values(issuers).flatMap((issuer) =>
    issuer.type === 'oidc'
      ? [issuer.issuer]
      : issuer.tenants.flatMap((tenant) =>
          entraIssuers({ ...issuer, tenant }).map(({ iss }) => iss),
        ),
  )
  return new Set(all.map((iss) => JSON.stringify(iss).slice(0, 200)))
}

/**
 * Asks a running service for its recent refusals.
 *
 * @throws EvergrantError as `askService`; `service_not_running` for an answer that is none of ours
 */
export async function recentRefusals(question: ServiceQuestion): Promise<readonly RecentRefusal[]> {
  const text = await askService('/api/v1/issuers/refusals', question, 'GET')
  try {
    return z.object({ items: z.array(refusalSchema) }).parse(JSON.parse(text)).items
  } catch (cause) {
    const detail = 'the service answered, but not with refusals: it may be of another version'
    throw new EvergrantError('service_not_running', detail, { cause })
  }
}
