import { err, ok } from '../kernel/index.ts'
import { ClaimBag, type ClaimSource } from './claim-bag.ts'
import type { Evidence, Gathered, Proven } from './evidence.ts'
import { refuseAsked, requireSubject } from './prove-by-asking.ts'
import { refuse, type Refusal } from './refusal.ts'
import type { JsonObject } from './strict-json.ts'

/**
 * Adds what the other sources of an issuer know of a proven token, in the order of the
 * configuration: each is asked with the very token, has to be about the same subject, and never
 * changes what an earlier one said. At once where no other source is configured.
 */
export function addSources(
  token: string,
  proven: Proven,
  gatheredTick: number,
): Gathered | Promise<Gathered> {
  const others = proven.policy.claims.filter(
    (source): source is 'introspection' | 'userinfo' =>
      (source === 'introspection' || source === 'userinfo') && source !== proven.source,
  )
  const told = new Map<ClaimSource, JsonObject>([[proven.source, proven.proof]])
  if (others.length === 0) return ok(evidenceOf(proven, told, gatheredTick))
  return ask()

  async function ask(): Promise<Gathered> {
    for (const source of others) {
      const asking =
        source === 'introspection' ? proven.policy.introspect : proven.policy.askUserInfo
      if (asking === undefined) continue
      const asked = await asking(token)
      // A server that introspects no JWTs says nothing against one that is verified here.
      if (asked.kind === 'passed_over') continue
      if (asked.kind !== 'told') return err(refuseAsked(source, proven.policy, asked))
      const refusal = checkSameSubject(source, asked.claims, proven)
      if (refusal !== undefined) return err(refusal)
      told.set(source, asked.claims)
    }
    return ok(evidenceOf(proven, told, gatheredTick))
  }
}

/** A token could be put in place of another between the sources: both have to name one subject. */
function checkSameSubject(
  source: 'introspection' | 'userinfo',
  claims: JsonObject,
  { proof, source: provenBy, issuer }: Proven,
): Refusal | undefined {
  const missing = source === 'userinfo' ? requireSubject(claims) : undefined
  if (missing !== undefined) return missing
  const differs = (name: 'sub' | 'iss', own: unknown): boolean =>
    claims[name] !== undefined && own !== undefined && claims[name] !== own
  const name = differs('sub', proof['sub']) ? 'sub' : differs('iss', issuer.iss) ? 'iss' : undefined
  if (name === undefined) return undefined
  // Neither value is repeated: one of them is somebody else’s.
  const expected = `"${name}" of ${source} to be that of the ${provenBy}`
  return refuse('claim_source', 'claim_source_mismatch', expected, 'another one').error
}

function evidenceOf(
  proven: Proven,
  told: ReadonlyMap<ClaimSource, JsonObject>,
  gatheredTick: number,
): Evidence {
  const { issuer, policy, proof, source } = proven
  const claims = new ClaimBag()
  // The proof stands first where the order does not name it: an ID token in place of an access token.
  const order = policy.claims.includes(source) ? policy.claims : [source, ...policy.claims]
  for (const one of order) {
    const said = told.get(one)
    if (said !== undefined) claims.add(one, said)
  }
  const { iss } = proof
  return {
    ...proven,
    iss: typeof iss === 'string' ? iss : undefined,
    tenantId: issuer.tenantId ?? policy.tenantId,
    claims,
    gatheredTick,
    memo: {},
  }
}
