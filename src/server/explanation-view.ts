import { errorOf, holds, type Explanation } from '../identity/index.ts'
import { guidanceToJson } from './connection-view.ts'

/** An explanation as JSON: the same from the command line and the API. */
export function explanationToJson(explanation: Explanation): object {
  const { kind, stages, header, claims, refusal, suggestion, keys, account } = explanation
  return {
    verified: holds(explanation) ?? null,
    accepted: explanation.isJudged ? refusal === undefined : null,
    refusal: refusal === undefined ? null : refusalToJson(refusal),
    issuer: explanation.issuer ?? null,
    kind: kind?.kind ?? null,
    principal: kind?.principal ?? null,
    entra: kind?.entra ?? null,
    because: kind?.because ?? null,
    header: header ?? null,
    stages,
    claims: claims.map(({ name, value, source, quality, note }) => ({
      name,
      value,
      source,
      quality: quality ?? null,
      note: note ?? null,
    })),
    sources: explanation.sources ?? [],
    rules: explanation.rules ?? [],
    account: account ?? null,
    candidates: explanation.candidates ?? [],
    access: explanation.access ?? [],
    role: explanation.role ?? null,
    connections: explanation.connections ?? [],
    suggestion:
      suggestion === undefined
        ? null
        : { because: suggestion.because, yaml: suggestion.yaml, tried: suggestion.isTried },
    keys:
      keys === undefined
        ? null
        : {
            iss: keys.iss,
            key_ids: keys.keyIds,
            fetched_at:
              keys.fetchedAt === undefined ? null : new Date(keys.fetchedAt).toISOString(),
            failure: keys.failure ?? null,
          },
    lacking_in_userinfo: explanation.lackingInUserInfo,
    remarks: explanation.remarks,
  }
}

function refusalToJson(refusal: NonNullable<Explanation['refusal']>): object {
  const { remedy, guidance } = errorOf(refusal)
  return { ...refusal, remedy, ...guidanceToJson(guidance) }
}
