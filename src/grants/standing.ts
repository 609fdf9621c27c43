import { EvergrantError, type ErrorCode } from '../kernel/index.ts'
import type { GrantType } from './connection.ts'
import type { RenewalView } from './ports.ts'

/** Codes of failures that are about the grant as stored, and end when that changes. */
export const standingCodes: ReadonlySet<ErrorCode> = new Set([
  'grant_revoked',
  'consent_needed',
  'refresh_unknown',
  'store_unavailable',
])

/**
 * Says why a grant as it stands can give no new token: `grant_revoked`, or `consent_needed` for
 * want of a refresh token. Undefined when it can.
 */
export function refusalOf(
  { grant, refreshToken }: RenewalView,
  type: GrantType,
  address: string,
): EvergrantError | undefined {
  if (grant.state === 'revoked') {
    return new EvergrantError(
      'grant_revoked',
      `the grant of "${address}" was revoked`,
      type === 'authorization_code'
        ? {}
        : { remedy: `Run \`evergrant connections refresh ${address}\` if it shall serve again.` },
    )
  }
  if (type === 'client_credentials') return undefined
  if (refreshToken !== undefined && grant.refreshToken !== undefined) return undefined
  return new EvergrantError('consent_needed', `"${address}" has no refresh token`)
}

/** The error of a grant whose refresh token may have been spent. */
export function unknownError(address: string): EvergrantError {
  return new EvergrantError(
    'refresh_unknown',
    `the refresh token of "${address}" was sent, and whether the provider has spent it is not known`,
  )
}
