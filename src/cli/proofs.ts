import type { Adoption, Proof } from '../grants/index.ts'
import { printable } from './table.ts'

/** The proofs of a refresh token on trial, a line each. */
export function formatProofs(proofs: readonly Proof[]): string {
  return proofs.map(formatProof).join('')
}

function formatProof({ proof, outcome, error, detail, requestId }: Proof): string {
  const why = error?.detail ?? detail
  const id = requestId === undefined ? '' : `  (request id ${requestId})`
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
    proofs: proofs.map(({ proof, outcome, error, detail, requestId }) => ({
      proof,
      outcome,
      ...(detail === undefined ? {} : { detail }),
      ...(requestId === undefined ? {} : { request_id: requestId }),
      ...(error === undefined ? {} : { error: error.toProblem() }),
    })),
  }
}
