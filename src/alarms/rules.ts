import { causeOf, redact } from '../kernel/index.ts'
import type { Condition, TroubledGrant } from './ports.ts'

const dayMs = 86_400_000

/** Days before the end of idle life at which an alarm is raised. */
const idleDays = [30, 14, 7, 3, 1] as const
/** Days before the end of a credential at which an alarm is raised. */
const credentialDays = [60, 30, 14, 7, 1] as const
/** Days that are left when it becomes critical. */
const criticalDays = 7

/** For how long a keep-alive may be overdue (ms): a sweep comes every minute, and may be long. */
export const heartbeatGraceMs = 3_600_000
/** Refresh tokens are used every week at least; one left alone for so long was forgotten (ms). */
export const forgottenAfterMs = 15 * dayMs
/** For how long an import may be late, and a broken off one wait for whoever resumes it (ms). */
export const importGraceMs = 3_600_000

/** A grant, with what is known of its connection. */
export interface GrantFacts extends TroubledGrant {
  /** As callers write it: `name`, or `name@tenant`. */
  readonly address: string
  /** How long an unused refresh token lives there, if the provider is known for that. */
  readonly idleMs?: number
  /** A person consented: it cannot renew itself once it is lost. */
  readonly isOfPerson: boolean
}

/** The end of one client credential. */
export interface CredentialFacts {
  /** `connection "name"` or `issuer "name"`. */
  readonly owner: string
  readonly name: string
  readonly position: number
  readonly kind: 'secret' | 'certificate' | 'federated'
  readonly expiresAt: number
}

/** How the runs of one import stand. */
export interface ImportFacts {
  readonly name: string
  /** The newest run that ended otherwise than by being cancelled, or broke off. */
  readonly last?: {
    readonly id: string
    readonly state: 'completed' | 'failed' | 'interrupted'
    readonly isWhole: boolean
    readonly detail?: string
    readonly remedy?: string
    /** Nobody goes on with it by itself, however long one waits. */
    readonly isGivenUp?: boolean
    readonly at: number
  }
  /** When it was due last by its schedule, and whether a run has begun since. */
  readonly due?: { readonly at: number; readonly hasBegun: boolean }
}

/** How the keys of one issuer stand. */
export interface IssuerFacts {
  readonly issuer: string
  readonly iss: string
  readonly state: 'stale' | 'unusable'
  readonly failure?: string
  readonly since: number
}

/** What is wrong with a grant. */
export function grantConditions(facts: GrantFacts, now: number): readonly Condition[] {
  const { state, unknownSince } = facts
  if (state === 'lapsed') return [lapsed(facts)]
  if (state !== 'active') return []
  const found: Condition[] = []
  if (unknownSince !== undefined) found.push(refreshUnknown(facts, unknownSince))
  const idle = idleAhead(facts, now)
  if (idle !== undefined) found.push(idle)
  const missed = heartbeatMissed(facts, now)
  if (missed !== undefined) found.push(missed)
  return found
}

function lapsed({ address, failure, stateChangedAt, isOfPerson }: GrantFacts): Condition {
  // A head of a chat or mail that says why: a policy, a revocation, an expired secret.
  const cause = failure === undefined ? undefined : causeOf(failure.remedy)
  return {
    key: `grant_lapsed:${address}`,
    kind: 'grant_lapsed',
    subject: address,
    severity: 'critical',
    title: `Connection "${address}" gets no tokens any more${cause === undefined ? '' : `: ${lowered(cause)}`}`,
    detail: failure === undefined ? 'The provider refused it for good.' : clean(failure.detail),
    remedy:
      failure?.remedy ??
      (isOfPerson ? 'Consent again.' : 'See `evergrant connections show` for what was refused.'),
    since: stateChangedAt,
    step: 0,
  }
}

function refreshUnknown({ address }: GrantFacts, since: number): Condition {
  return {
    key: `grant_refresh_unknown:${address}`,
    kind: 'grant_refresh_unknown',
    subject: address,
    severity: 'critical',
    title: `Nobody knows whether the refresh token of "${address}" was spent`,
    detail:
      'Its last redemption broke off; it is not sent again by itself, as that could end the grant.',
    remedy: `Decide with \`evergrant connections refresh ${address} --resend\`, or consent again.`,
    since,
    step: 0,
  }
}

function idleAhead(
  { address, idleMs, refreshUsedAt }: GrantFacts,
  now: number,
): Condition | undefined {
  if (idleMs === undefined || refreshUsedAt === undefined) return undefined
  const endsAt = refreshUsedAt + idleMs
  const step = stepOf(endsAt - now, idleDays)
  if (step === undefined) return undefined
  const verb = step === 0 ? 'died' : 'dies'
  return {
    key: `grant_idle:${address}`,
    kind: 'grant_idle',
    subject: address,
    severity: severityOf(step),
    title:
      step === 0
        ? `The refresh token of "${address}" was idle for too long`
        : `The refresh token of "${address}" dies of idleness within ${days(step)}`,
    detail: `It was last used on ${dayOf(refreshUsedAt)} and ${verb} on ${dayOf(endsAt)} unless it is used.`,
    remedy: `Run \`evergrant connections refresh ${address}\` and see why its keep-alive did not: a service must run.`,
    since: refreshUsedAt,
    step,
  }
}

function heartbeatMissed(facts: GrantFacts, now: number): Condition | undefined {
  const { address, keepAliveAt, refreshUsedAt, isOfPerson } = facts
  const isOverdue = keepAliveAt !== undefined && keepAliveAt < now - heartbeatGraceMs
  const isForgotten =
    isOfPerson && refreshUsedAt !== undefined && refreshUsedAt < now - forgottenAfterMs
  if (!isOverdue && !isForgotten) return undefined
  const seen =
    refreshUsedAt === undefined
      ? ''
      : ` Its refresh token was last used on ${dayOf(refreshUsedAt)}.`
  return {
    key: `heartbeat_missed:${address}`,
    kind: 'heartbeat_missed',
    subject: address,
    severity: 'warning',
    title: `Connection "${address}" was not kept alive`,
    detail: `A renewal without callers was due and did not happen.${seen}`,
    remedy: `Run \`evergrant connections refresh ${address}\`; look for job.failed and grant.refresh_failed in the log.`,
    since: isOverdue ? keepAliveAt : (refreshUsedAt ?? now),
    step: 0,
  }
}

/** What is wrong with a client credential. */
export function credentialConditions(facts: CredentialFacts, now: number): readonly Condition[] {
  const { owner, name, position, kind, expiresAt } = facts
  const step = stepOf(expiresAt - now, credentialDays)
  if (step === undefined) return []
  const what = `The ${kind} of ${owner}`
  return [
    {
      key: `credential_expiring:${owner}:${position}`,
      kind: 'credential_expiring',
      subject: name,
      severity: severityOf(step),
      title: step === 0 ? `${what} has expired` : `${what} expires within ${days(step)}`,
      detail: `Credential ${position + 1} ${step === 0 ? 'expired' : 'expires'} on ${dayOf(expiresAt)}.`,
      remedy:
        'Make a new credential at the provider, put it before this one under `credentials`, with its `expiresAt`, and take the old one out once the new one serves.',
      since: expiresAt - step * dayMs,
      step,
    },
  ]
}

/** What is wrong with an import. */
export function importConditions(
  { name, last, due }: ImportFacts,
  now: number,
): readonly Condition[] {
  const found: Condition[] = []
  if (last !== undefined && !last.isWhole && !isWaited(last, now)) {
    found.push({
      key: `import_failed:${name}`,
      kind: 'import_failed',
      subject: name,
      severity: last.state === 'failed' || last.isGivenUp === true ? 'critical' : 'warning',
      title: `Import "${name}" ${last.isGivenUp === true ? givenUp : endedHow[last.state]}`,
      detail: `Run ${last.id}: ${clean(last.detail ?? 'its log says more.')}`,
      remedy: last.remedy ?? `See \`evergrant imports log ${last.id}\`.`,
      since: last.at,
      step: 0,
    })
  }
  if (due !== undefined && !due.hasBegun && now - due.at >= importGraceMs) {
    found.push({
      key: `import_missed:${name}`,
      kind: 'import_missed',
      subject: name,
      severity: 'warning',
      title: `Import "${name}" did not begin`,
      detail: `By its schedule it was due at ${new Date(due.at).toISOString()}; no run has begun since.`,
      remedy: `See with \`evergrant imports schedule\` what became of it, and begin it with \`evergrant imports run ${name}\`.`,
      since: due.at,
      step: 0,
    })
  }
  return found
}

const endedHow = {
  completed: 'ended incomplete',
  failed: 'failed',
  interrupted: 'broke off and nobody resumed it',
} as const

const givenUp = 'was left alone: it ended the services that drove it'

/** One that broke off a moment ago may be resumed by whoever started it. */
function isWaited(
  { state, isGivenUp, at }: NonNullable<ImportFacts['last']>,
  now: number,
): boolean {
  return state === 'interrupted' && isGivenUp !== true && now - at < importGraceMs
}

/** What is wrong with the keys of an issuer. */
export function issuerConditions({ issuer, iss, state, failure, since }: IssuerFacts): Condition {
  return {
    key: `issuer_keys:${iss}`,
    kind: 'issuer_keys',
    subject: issuer,
    severity: state === 'unusable' ? 'critical' : 'warning',
    title:
      state === 'unusable'
        ? `Tokens of issuer "${issuer}" cannot be verified`
        : `The keys of issuer "${issuer}" are stale`,
    detail: `Fetching the keys of ${iss} fails: ${clean(failure ?? 'no reason was given')}`,
    remedy: `See that this host reaches the issuer; then \`evergrant issuers refresh ${issuer}\`.`,
    since,
    // Once no key is left it is told anew.
    step: state === 'unusable' ? 0 : 1,
  }
}

/** The threshold that was passed, in days; 0 when the time is over, undefined before the first. */
export function stepOf(remainingMs: number, thresholds: readonly number[]): number | undefined {
  if (remainingMs <= 0) return 0
  return thresholds.filter((limit) => remainingMs <= limit * dayMs).at(-1)
}

function severityOf(step: number): Condition['severity'] {
  return step <= criticalDays ? 'critical' : 'warning'
}

/** For the middle of a sentence; names keep their capitals. */
const lowered = (text: string): string =>
  /^(?:Entra|Partner Center|Conditional Access)\b/.test(text)
    ? text
    : text.charAt(0).toLowerCase() + text.slice(1)
const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10)
const days = (count: number): string => (count === 1 ? 'a day' : `${count} days`)
const clean = (text: string): string => redact(text, [])
