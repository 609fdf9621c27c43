import {
  addressOf,
  linkStateOf,
  rungTitle,
  type ConsentFailure,
  type ConsentLink,
  type ConsentRung,
  type ConsentSession,
} from '../consent/index.ts'
import {
  causeOf,
  errorRegistry,
  guidanceOf,
  type ErrorCode,
  type RemedyActor,
} from '../kernel/index.ts'
import { guidanceToJson } from './connection-view.ts'

const wire = (at: number): string => new Date(at).toISOString()
const orNull = <T>(value: T | undefined): T | null => value ?? null

/** A rung as it goes out. */
export interface RungView {
  readonly name: string
  readonly title: string
  readonly outcome: ConsentRung['outcome']
  readonly detail: string | null
  readonly code: ErrorCode | null
  readonly remedy: string | null
  readonly meaning: string | null
  readonly steps: string[]
  readonly link: string | null
  readonly actor: RemedyActor | null
  readonly request_ids: string[]
  readonly at: string | null
}

/** A session as it goes out. */
export interface ConsentView {
  readonly id: string
  readonly connection: string
  readonly tenant: string | null
  readonly purpose: ConsentSession['purpose']
  readonly state: ConsentSession['state']
  readonly state_changed_at: string
  readonly created_at: string
  readonly expires_at: string
  readonly started_by: string
  readonly redirect_uri: string
  readonly expected_subject: string | null
  readonly approves_account: boolean
  readonly link: { readonly id: string; readonly recipient: string } | null
  readonly account: {
    readonly subject: string
    readonly user_name: string | null
    readonly tenant_id: string | null
  } | null
  readonly rungs: RungView[]
  readonly unverified: number
  readonly failure: {
    readonly code: ErrorCode
    readonly title: string
    readonly detail: string
    readonly remedy: string
    readonly meaning: string | null
    readonly steps: string[]
    readonly link: string | null
    readonly actor: RemedyActor
  } | null
}

/** Translates a session; `link` is the one that began it, `name` what the connection is called. */
export function consentToJson(
  session: ConsentSession,
  link: ConsentLink | undefined,
  name = addressOf(session),
): ConsentView {
  const { account, failure, rungs } = session
  return {
    id: session.id,
    connection: session.connection,
    tenant: session.tenant === '' ? null : session.tenant,
    purpose: session.purpose,
    state: session.state,
    state_changed_at: wire(session.stateChangedAt),
    created_at: wire(session.createdAt),
    expires_at: wire(session.expiresAt),
    started_by: session.startedBy,
    redirect_uri: session.redirectUri,
    expected_subject: orNull(session.expectedSubject),
    approves_account: session.approvesAccount,
    link: link === undefined ? null : { id: link.id, recipient: link.recipient },
    account:
      account === undefined
        ? null
        : {
            subject: account.subject,
            user_name: orNull(account.userName),
            tenant_id: orNull(account.tenantId),
          },
    rungs: rungs.map((rung) => ({
      name: rung.name,
      title: rungTitle(rung.name),
      outcome: rung.outcome,
      detail: orNull(rung.detail),
      code: orNull(rung.code),
      remedy: orNull(rung.remedy),
      ...(rung.remedy === undefined
        ? { meaning: null, steps: [], link: null, actor: null }
        : guidanceToJson(guidanceOf({ code: rung.code, remedy: rung.remedy, name }))),
      request_ids: [...rung.requestIds],
      at: rung.at === undefined ? null : wire(rung.at),
    })),
    unverified: rungs.filter(({ outcome }) => outcome === 'unverified').length,
    failure: failure === undefined ? null : failureToJson(failure, name),
  }
}

function failureToJson(
  { code, detail, remedy: own }: ConsentFailure,
  name: string,
): NonNullable<ConsentView['failure']> {
  const { title: usualTitle, remedy: usual } = errorRegistry[code]
  const remedy = own ?? usual
  const title = causeOf(remedy) ?? usualTitle
  return { code, title, detail, remedy, ...guidanceToJson(guidanceOf({ code, remedy, name })) }
}

/** A link as it goes out. */
export interface LinkView {
  readonly id: string
  readonly connection: string
  readonly tenant: string | null
  readonly recipient: string
  readonly note: string | null
  readonly approves_account: boolean
  readonly state: ReturnType<typeof linkStateOf>['state']
  readonly state_changed_at: string
  readonly created_at: string
  readonly created_by: string
  readonly expires_at: string
  readonly opened_at: string | null
  readonly consent_id: string | null
}

/** Translates a link. */
export function linkToJson(link: ConsentLink, now: number): LinkView {
  const { state, changedAt } = linkStateOf(link, now)
  return {
    id: link.id,
    connection: link.connection,
    tenant: link.tenant === '' ? null : link.tenant,
    recipient: link.recipient,
    note: orNull(link.note),
    approves_account: link.approvesAccount,
    state,
    state_changed_at: wire(changedAt),
    created_at: wire(link.createdAt),
    created_by: link.createdBy,
    expires_at: wire(link.expiresAt),
    opened_at: link.openedAt === undefined ? null : wire(link.openedAt),
    consent_id: orNull(link.consent?.id),
  }
}
