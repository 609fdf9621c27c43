import type { ConnectionDefinition, Proof, TrialOptions, TrialProgress } from '../grants/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { canonicalTarget, type TokenAnswer } from '../oauth/index.ts'
import { climb, plannedCalls, type RungContext } from './api-rungs.ts'
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
  return {
    ...(subject === undefined ? {} : { subject }),
    prove: async (target, proven) => {
      seen.push(claimsOf(proven.secret))
      const begins = (proof: string): void => progress?.begins(proof)
      const whose = { subject: subject?.subject, isTrial: true, begins }
      return climb(definition, target, proven, whose, context)
    },
    ...(progress === undefined ? {} : { progress }),
    conclude: () => (definition.provider.type === 'entra' ? [home(seen[0]), mfa(seen)] : []),
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
  const concluded = provider.type === 'entra' ? [homeProof, mfaProof] : []
  return [...new Set([...calls, 'identity', ...concluded])]
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

function mfa(seen: readonly (Readonly<Record<string, unknown>> | undefined)[]): Proof {
  const proof = mfaProof
  const isShown = seen.some((claims) => {
    const methods = claims?.['amr']
    return Array.isArray(methods) && methods.includes('mfa')
  })
  return isShown
    ? { proof, outcome: 'passed' }
    : { proof, outcome: 'unverified', detail: 'no token names the methods of the sign-in' }
}
