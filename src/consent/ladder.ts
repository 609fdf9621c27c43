import {
  customerProof,
  type ConnectionDefinition,
  type Proof,
  type TrialOptions,
  type TrialProgress,
} from '../grants/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { canonicalTarget, type TokenAnswer } from '../oauth/index.ts'
import { climb, plannedCalls, tryRung } from './api-rungs.ts'
import type { ApiAnswer } from './call-api.ts'
import { signInTargets } from './context.ts'
import {
  customersIn,
  mfaComplianceIn,
  organizationRung,
  type RungContext,
} from './microsoft-rungs.ts'
import { comparePermissions, requiresAnything, type TargetPermissions } from './permissions.ts'
import { claimsOf } from './token-claims.ts'

/**
 * Makes the rungs that a new refresh token climbs before it serves, beside those of the engine: a
 * test call to each API that is known, and what the tokens of the sign-in say about the second
 * factor and the account’s home. Absence of evidence is `unverified`, never `failed`.
 */
export function createLadder(
  definition: ConnectionDefinition,
  { idToken, token, subject }: TokenAnswer,
  context: RungContext,
  progress?: TrialProgress,
): TrialOptions {
  const seen: (Readonly<Record<string, unknown>> | undefined)[] = [
    idToken === undefined ? undefined : claimsOf(idToken),
    claimsOf(token.secret),
  ]
  const permissions: TargetPermissions[] = []
  let compliance: boolean | undefined
  let firstCustomers: readonly string[] = []
  const sees = (answer: ApiAnswer): void => {
    compliance ??= mfaComplianceIn(answer)
    firstCustomers = customersIn(answer) ?? firstCustomers
  }
  return {
    ...(subject === undefined ? {} : { subject }),
    prove: async (target, proven) => {
      seen.push(claimsOf(proven.secret))
      permissions.push(comparePermissions(definition, target, proven))
      const begins = (proof: string): void => progress?.begins(proof)
      const whose = { subject: subject?.subject, isTrial: true, begins, sees }
      return climb(definition, target, proven, whose, context)
    },
    ...(progress === undefined ? {} : { progress }),
    ...customersOf(definition, () => firstCustomers, context),
    conclude: () => [
      ...permissionProofs(definition, permissions),
      ...(definition.provider.type === 'entra' ? [home(seen[0]), mfa(seen, compliance)] : []),
    ],
  }
}

/** The names of the proofs to come, in order, as far as the definition tells them. */
export function plannedProofs(
  definition: ConnectionDefinition,
  context: RungContext,
): readonly string[] {
  const { target, targets, provider } = definition
  const known = new Map(
    [target, ...(targets?.values() ?? [])].map((one) => [canonicalTarget(one), one]),
  )
  const calls = [...known].flatMap(([name, one]) => [
    name,
    ...plannedCalls(definition, one, context),
  ])
  const isRequiring = [...known.values()].some((one) => requiresAnything(definition, one))
  const concluded = [
    ...(isRequiring ? [permissionsProof] : []),
    ...(provider.type === 'entra' ? [homeProof, mfaProof] : []),
  ]
  const sample = (definition.customers?.sample ?? []).map(customerProof)
  return [...new Set([...calls, 'identity', ...sample, ...concluded])]
}

/** Customers to try: those that are named, else the first of Partner Center’s list. */
function customersOf(
  definition: ConnectionDefinition,
  first: () => readonly string[],
  context: RungContext,
): Pick<TrialOptions, 'customers'> {
  const { customers, provider } = definition
  const { graphUrl } = provider
  const graph = signInTargets(definition).find((one) => provider.expectsClaimsChallenges(one))
  if (customers === undefined || graph === undefined || graphUrl === undefined) return {}
  const { sample, first: count, isRequired } = customers
  return {
    customers: {
      target: graph,
      whenRefused: isRequired ? 'failed' : 'unverified',
      tenants: () => (sample.length > 0 ? sample : first().slice(0, count)),
      prove: (customer, token) => {
        const { tenant } = customer.provider
        const rung = organizationRung(customerProof(tenant), `${graphUrl}/v1.0`, tenant)
        return tryRung(rung, token, { isTrial: true }, context)
      },
    },
  }
}

const permissionsProof = 'permissions'

/** One proof for all targets, where anybody said what their tokens must hold. */
function permissionProofs(
  { name }: ConnectionDefinition,
  compared: readonly TargetPermissions[],
): readonly Proof[] {
  const proof = permissionsProof
  const wanted = compared.filter(({ required }) => required.length > 0)
  if (wanted.length === 0) return []
  const lacking = wanted.filter(({ missing }) => missing.length > 0)
  if (lacking.length > 0) {
    const detail = lacking
      .map(({ target, missing }) => `${target} lacks ${missing.join(', ')}`)
      .join('; ')
    const remedy = `Add what is missing under API permissions of the application’s registration, let it be consented to (\`evergrant connections permissions ${name}\` shows the address that asks for nothing else), then begin again.`
    return [
      {
        proof,
        outcome: 'failed',
        error: new EvergrantError('consent_required', detail, { remedy }),
      },
    ]
  }
  const unread = wanted.filter(({ source }) => source === 'none')
  if (unread.length === 0) return [{ proof, outcome: 'passed' }]
  const detail = `nobody says what the tokens for ${unread.map(({ target }) => target).join(', ')} hold`
  return [{ proof, outcome: 'unverified', detail }]
}

const homeProof = 'member of the tenant'
const mfaProof = 'multi-factor authentication'

/** A guest’s home is another tenant, whose policies would decide about this grant. */
function home(claims: Readonly<Record<string, unknown>> | undefined): Proof {
  const proof = homeProof
  const account = claims?.['acct']
  const isGuest = account === 1 || account === '1'
  if (isGuest || isForeign(claims?.['idp'], claims?.['tid'])) {
    const detail = 'the account is a guest in this tenant'
    const remedy = 'Begin again with an account that belongs to the tenant itself.'
    return {
      proof,
      outcome: 'failed',
      error: new EvergrantError('candidate_refused', detail, { remedy }),
    }
  }
  return { proof, outcome: account === 0 || account === '0' ? 'passed' : 'unverified' }
}

/** An identity provider that is named and is not the tenant itself. */
function isForeign(provider: unknown, tenantId: unknown): boolean {
  if (typeof provider !== 'string' || provider === '' || typeof tenantId !== 'string') return false
  return !provider.toLowerCase().includes(tenantId.toLowerCase())
}

/** What the tokens name, or what Partner Center says of the sign-in where it was asked. */
function mfa(
  seen: readonly (Readonly<Record<string, unknown>> | undefined)[],
  compliance: boolean | undefined,
): Proof {
  const proof = mfaProof
  const isShown = seen.some((claims) => {
    const methods = claims?.['amr']
    return Array.isArray(methods) && methods.includes('mfa')
  })
  if (compliance === false) {
    const detail = 'Partner Center does not take the sign-in for one with a second factor'
    const remedy =
      'Let the account sign in again with multi-factor authentication before Partner Center enforces it.'
    const error = new EvergrantError('interaction_required', detail, { remedy })
    return { proof, outcome: 'unverified', error }
  }
  return isShown || compliance === true
    ? { proof, outcome: 'passed' }
    : { proof, outcome: 'unverified', detail: 'no token names the methods of the sign-in' }
}
