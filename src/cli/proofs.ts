import type { Adoption, Proof } from '../grants/index.ts'
import { printable } from './table.ts'

/** The proofs of a refresh token on trial, a line each. */
export function formatProofs(proofs: readonly Proof[]): string {
  return proofs.map(formatProof).join('')
}

function formatProof({ proof, outcome, error, detail, requestIds = [] }: Proof): string {
  const why = error?.detail ?? detail
  const id = requestIds.length === 0 ? '' : `  (request ids ${requestIds.join(', ')})`
  return `${outcome.padEnd(10)} ${proof}${why === undefined ? '' : `  ${printable(why)}`}${id}\n`
}

/** What came of a trial, for `--json`. */
export function adoptionToJson(
  name: string,
  adoption: Adoption,
): Readonly<Record<string, unknown>> {
  const { proofs, subject, userName, isActivated } = adoption
  return {
    name,
    activated: isActivated,
    subject: subject ?? null,
    user_name: userName ?? null,
    proofs: proofs.map(({ proof, outcome, error, detail, requestIds = [] }) => ({
      proof,
      outcome,
      ...(detail === undefined ? {} : { detail }),
      request_ids: requestIds,
      ...(error === undefined ? {} : { error: error.toProblem() }),
    })),
  }
}
