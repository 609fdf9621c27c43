import {
  credentialConditions,
  forgottenAfterMs,
  grantConditions,
  heartbeatGraceMs,
  importConditions,
  issuerConditions,
  linkConditions,
  type AlarmRecord,
  type Assessment,
  type ImportFacts,
} from '../alarms/index.ts'
import { previousTick } from '../jobs/index.ts'
import { isDriven, type RunRecord, type ScheduleRecord } from '../imports/index.ts'
import type { Composition } from './compose.ts'
import type { CredentialEnds } from './credential-ends.ts'
import { readDeltaLinks } from './delta-links.ts'
import type { IssuerHealth } from './issuer-health.ts'

/** What the facts are gathered from. */
export interface AlarmSources {
  readonly composition: Composition
  readonly ends: CredentialEnds
  readonly health: () => readonly IssuerHealth[]
}

/** Grants of each sort that are looked at; with more, alarms of grants end only by themselves. */
const mostGrants = 500
/** Runs that are looked through for imports that are not in the configuration. */
const recentRuns = 200
/** How long the end of such an import stays an alarm (ms). */
const strangeRunMs = 7 * 86_400_000

/** Gathers how things stand: bounded reads of the store, and what this process knows. */
export async function assess(
  sources: AlarmSources,
  open: readonly AlarmRecord[],
): Promise<Assessment> {
  const now = sources.composition.clock.now()
  const grants = await assessGrants(sources.composition, now)
  const imports = await assessImports(sources, open, now)
  const { facts, unknown } = await sources.ends.look()
  const health = sources.health()
  return {
    conditions: [
      ...grants.conditions,
      ...imports,
      ...facts.flatMap((one) => credentialConditions(one, now)),
      ...health.flatMap((one) =>
        one.state === 'stale' || one.state === 'unusable'
          ? [
              issuerConditions({
                ...one,
                state: one.state,
                since: one.staleSince ?? one.failedAt ?? now,
              }),
            ]
          : [],
      ),
    ],
    isOver: (alarm) => {
      switch (alarm.kind) {
        case 'grant_lapsed':
        case 'grant_refresh_unknown':
        case 'grant_idle':
        case 'heartbeat_missed':
          return grants.isWhole
        case 'credential_expiring':
          return !unknown.has(alarm.key.slice('credential_expiring:'.length))
        case 'import_failed':
        case 'import_missed':
        case 'import_link':
          return true
        case 'issuer_keys':
          return isIssuerBack(alarm, health)
      }
    },
  }
}

/**
 * Each process has keys of its own, and one that was not asked lately knows nothing: only keys that
 * were fetched after the alarm say that it is over, or an issuer that is configured no more.
 */
function isIssuerBack(alarm: AlarmRecord, health: readonly IssuerHealth[]): boolean {
  const iss = alarm.key.slice('issuer_keys:'.length)
  const those = health.filter((one) => one.iss === iss)
  return (
    those.length === 0 ||
    those.some(({ state, fetchedAt = 0 }) => state === 'fresh' && fetchedAt > alarm.changedAt)
  )
}

async function assessGrants(
  { store, connections }: Composition,
  now: number,
): Promise<{ readonly conditions: Assessment['conditions']; readonly isWhole: boolean }> {
  const troubled = await store.alarms.troubledGrants({
    dueBefore: now - heartbeatGraceMs,
    usedBefore: now - forgottenAfterMs,
    limit: mostGrants,
  })
  const conditions = troubled.flatMap((grant) => {
    const found = connections.find(grant.connection)
    // Of a connection that was removed: nobody misses its tokens.
    if (found === undefined) return []
    const { definition } = found
    const isTemplate = definition.forTenant !== undefined
    const { refreshIdleMs } = definition.provider
    return grantConditions(
      {
        ...grant,
        address: isTemplate ? `${grant.connection}@${grant.tenant}` : grant.connection,
        isOfPerson: definition.grant === 'authorization_code',
        ...(refreshIdleMs === undefined ? {} : { idleMs: refreshIdleMs }),
      },
      now,
    )
  })
  return { conditions, isWhole: troubled.length < mostGrants }
}

async function assessImports(
  { composition }: AlarmSources,
  open: readonly AlarmRecord[],
  now: number,
): Promise<Assessment['conditions']> {
  const { store, config, identity } = composition
  const recent = await store.runs.listRuns({ limit: recentRuns })
  const names = new Set([
    ...Object.keys(config.imports),
    ...recent.map(({ name }) => name),
    ...open.filter(({ kind }) => kind.startsWith('import_')).map(({ subject }) => subject),
  ])
  const schedules = new Map(
    (await store.schedules.listSchedules()).map((record) => [record.name, record]),
  )
  const conditions: Assessment['conditions'][number][] = []
  for (const name of names) {
    const runs = await store.runs.listRuns({ name, limit: 5 })
    const configured = config.imports[name]
    const ended = runs.map((run) => endOf(run, isDriven(run, identity, now))).find(isPresent)
    const isRecent = ended !== undefined && now - ended.at < strangeRunMs
    const last = configured !== undefined || isRecent ? ended : undefined
    const due = dueOf(configured?.schedule, runs[0], schedules.get(name), now)
    conditions.push(
      ...importConditions(
        {
          name,
          ...(last === undefined ? {} : { last }),
          ...(due === undefined ? {} : { due }),
        },
        now,
      ),
      ...linkConditions(name, await readDeltaLinks(store, name, configured), now),
    )
  }
  return conditions
}

/**
 * When an import was due last, and whether that instant was seen to: by a run that was begun since,
 * however that came, or by a run that was going. Nothing is due that nobody knows yet, or that is
 * paused.
 */
export function dueOf(
  cron: string | undefined,
  newest: Pick<RunRecord, 'createdAt'> | undefined,
  record: ScheduleRecord | undefined,
  now: number,
): ImportFacts['due'] {
  if (cron === undefined || record === undefined || record.cron !== cron) return undefined
  const { handledAt, outcome, knownSince, pausedAt } = record
  const at = previousTick(cron, now)
  if (at === undefined || pausedAt !== undefined) return undefined
  const isSeenTo = handledAt === at && (outcome === 'started' || outcome === 'skipped')
  // Taken up to a later instant: it was not wanted, as after a pause.
  const isUnwanted = at <= knownSince || handledAt > at
  const hasRun = newest !== undefined && newest.createdAt >= at
  return { at, hasBegun: isSeenTo || isUnwanted || hasRun }
}

/** How a run ended; undefined for one that goes on or that someone cancelled. */
function endOf(run: RunRecord, isDrivenNow: boolean): ImportFacts['last'] {
  const { id, state, verdict, problem, reason, updatedAt, heartbeatAt, finishedAt } = run
  switch (state) {
    case 'cancelled':
      return undefined
    case 'completed':
    case 'failed': {
      const detail = problem?.detail ?? reason
      return {
        id,
        state,
        isWhole: state === 'completed' && verdict !== 'incomplete',
        ...(detail === undefined ? {} : { detail }),
        ...(problem === undefined ? {} : { remedy: problem.remedy }),
        at: finishedAt ?? updatedAt,
      }
    }
    case 'interrupted':
    case 'running':
    case 'waiting':
      if (isDrivenNow) return undefined
      return {
        id,
        state: 'interrupted',
        isWhole: false,
        detail: reason ?? 'The process that drove it is gone.',
        ...(problem?.code === 'import_given_up'
          ? { isGivenUp: true, remedy: problem.remedy }
          : { remedy: `Go on with \`evergrant imports resume ${id}\`.` }),
        at: state === 'interrupted' ? updatedAt : heartbeatAt,
      }
  }
}

const isPresent = <T>(value: T | undefined): value is T => value !== undefined
