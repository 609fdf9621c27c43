import { EvergrantError } from '../kernel/index.ts'
import type { Account } from './accounts.ts'
import type { SimulatedPolicy } from './options.ts'

/** Numbers of refusals that a second factor overcomes. */
const mfaCodes: ReadonlySet<number> = new Set([50072, 50074, 50076, 50078, 50079])
/** Numbers that only consent, or an administrator's, overcomes. */
const consentCodes: ReadonlySet<number> = new Set([65001, 90094, 90095])

/** A sign-in, or a session that wants tokens, before a policy. */
export interface PolicySubject {
  readonly at: 'sign_in' | 'token'
  readonly account: Account
  readonly clientId: string
  readonly audience: string
  readonly hasMfa: boolean
  readonly authenticatedAt: number
  readonly now: number
}

/** What the policies come to: the number to refuse with, and what the page has to ask for. */
export interface PolicyVerdict {
  /** Nothing at the page can change it. */
  readonly refusal: number | undefined
  /** Which number asks for a second factor, where there is none yet. */
  readonly mfa: number | undefined
  /** Which number asks for consent or for an administrator. */
  readonly consent: number | undefined
}

/** Judges a sign-in or session; the first policy of a kind counts. */
export function judgePolicies(
  policies: readonly SimulatedPolicy[],
  subject: PolicySubject,
): PolicyVerdict {
  const standing = policies.filter((policy) => concerns(policy, subject) && stands(policy, subject))
  const first = (isKind: (code: number) => boolean): number | undefined =>
    standing.find(({ code }) => isKind(code))?.code
  return {
    refusal: first((code) => !mfaCodes.has(code) && !consentCodes.has(code)),
    mfa: first((code) => mfaCodes.has(code)),
    consent: first((code) => consentCodes.has(code)),
  }
}

/** The policies that still stand once somebody consented to an application. */
export function withoutConsentPolicies(
  policies: readonly SimulatedPolicy[],
  account: Account,
  clientId: string,
): readonly SimulatedPolicy[] {
  return policies.filter(
    (policy) => !consentCodes.has(policy.code) || !isFor(policy, account, clientId),
  )
}

function isFor(policy: SimulatedPolicy, account: Account, clientId: string): boolean {
  const names = [account.id.toLowerCase(), account.userPrincipalName.toLowerCase()]
  return (
    (policy.user === undefined || names.includes(policy.user.toLowerCase())) &&
    (policy.clientId === undefined || policy.clientId.toLowerCase() === clientId.toLowerCase())
  )
}

function concerns(policy: SimulatedPolicy, subject: PolicySubject): boolean {
  const { account, at, clientId, audience } = subject
  return (
    (policy.at ?? at) === at &&
    isFor(policy, account, clientId) &&
    (policy.audience === undefined || policy.audience.replace(/\/$/, '') === audience)
  )
}

function stands({ code, seconds }: SimulatedPolicy, subject: PolicySubject): boolean {
  const { hasMfa, authenticatedAt, now } = subject
  const isOld = seconds !== undefined && now - authenticatedAt > seconds * 1_000
  if (code === 70043 && seconds !== undefined) return isOld
  if (mfaCodes.has(code)) return !hasMfa || isOld
  return true
}

/** Reads policies; throws `config_invalid` naming the member that cannot be. */
export function requirePolicies(policies: readonly SimulatedPolicy[]): readonly SimulatedPolicy[] {
  for (const [index, { code, at, seconds }] of policies.entries()) {
    const field = `policies[${index}]`
    if (!Number.isInteger(code)) throw invalid(`"${field}.code" must be a whole number`)
    if (at !== undefined && at !== 'sign_in' && at !== 'token') {
      throw invalid(`"${field}.at" must be sign_in or token, but is ${JSON.stringify(at)}`)
    }
    if (seconds !== undefined && !(seconds >= 0)) {
      throw invalid(`"${field}.seconds" must be a number from 0, but is ${JSON.stringify(seconds)}`)
    }
  }
  return policies
}

function invalid(detail: string): EvergrantError {
  return new EvergrantError('config_invalid', `simulator: ${detail}`)
}
