import type { Account, AccountState } from './accounts.ts'
import type { EntraRefusal } from './entra-refusal.ts'
import { refusalTable } from './refusal-table.ts'

const instant = (at: number): string => new Date(at).toISOString()

/** The claims that ask for a policy to be met at the next sign-in. */
function policyClaims(member: 'capolids' | 'polids'): string {
  const values = ['0c2e1d4a-6b1f-4f7e-9a51-2c6b5f2f8d10']
  return JSON.stringify({ access_token: { [member]: { essential: true, values } } })
}

/** What Entra says of a code, a refresh token or its user. An OpenID provider says it shorter. */
export const grantRefusals = {
  unknownRefreshToken: invalidGrant(
    70000,
    'The provided value for the input parameter refresh_token or assertion is not valid.',
  ),
  endedRefreshToken: invalidGrant(
    70008,
    'The provided authorization code or refresh token has expired or was revoked. Send a new interactive authorization request for this user and resource.',
    'bad_token',
  ),
  idleRefreshToken: (issuedAt: number, idleMs: number): EntraRefusal =>
    invalidGrant(
      700082,
      `The refresh token has expired due to inactivity. The token was issued on ${instant(issuedAt)} and was inactive for ${Math.floor(idleMs / 86_400_000)}.00:00:00.`,
      'bad_token',
    ),
  revokedSessions: (issuedAt: number, revokedAt: number): EntraRefusal =>
    invalidGrant(
      50173,
      `The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password. The grant was issued on '${instant(issuedAt)}' and the TokensValidFrom date (before which tokens are not valid) for this user is '${instant(revokedAt)}'.`,
    ),
  disabledUser: invalidGrant(50057, 'The user account is disabled.'),
  unknownUser: (name: string, directory: string): EntraRefusal =>
    invalidGrant(50034, `The user account ${name} does not exist in the ${directory} directory.`),
  signInFrequency: (issuedAt: number, seconds: number): EntraRefusal =>
    invalidGrant(
      70043,
      `The refresh token has expired or is invalid due to sign-in frequency checks by conditional access. The token was issued on ${instant(issuedAt)} and the maximum allowed lifetime for this request is ${seconds}.`,
      'token_expired',
    ),
  mfaRequired: (resource: string): EntraRefusal => ({
    ...invalidGrant(
      50076,
      `Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '${resource}'.`,
      'basic_action',
    ),
    claims: policyClaims('polids'),
  }),
  blocked: {
    ...invalidGrant(
      53003,
      'Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.',
      'message_only',
    ),
    claims: policyClaims('capolids'),
  },
  notConsented: (clientId: string): EntraRefusal =>
    invalidGrant(
      65001,
      `The user or administrator has not consented to use the application with ID '${clientId}'. Send an interactive authorization request for this user and resource.`,
      'consent_required',
    ),
  unknownCode: invalidGrant(70000, "The provided value for the 'code' parameter is not valid."),
  expiredCode: invalidGrant(
    70008,
    'The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.',
  ),
  usedCode: invalidGrant(
    54005,
    'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.',
  ),
  wrongRedirect: {
    status: 400,
    error: 'invalid_request',
    code: 500112,
    message:
      'The redirect URI specified in the request does not match the one of the authorization request.',
  },
  wrongVerifier: invalidGrant(
    501481,
    'The Code_Verifier does not match the code_challenge supplied in the authorization request.',
  ),
} as const satisfies Record<string, EntraRefusal | ((...facts: never[]) => EntraRefusal)>

/** What is wrong with an account itself, if anything. */
export function accountRefusal(
  directory: string,
  account: Account,
  state: AccountState,
): EntraRefusal | undefined {
  if (state.isDeleted) return grantRefusals.unknownUser(account.userPrincipalName, directory)
  if (state.isDisabled) return grantRefusals.disabledUser
  if (state.isLocked) return refusalByCode(50053)
  return state.isUnassigned ? refusalByCode(50105) : undefined
}

/** The refusal Entra gives under a number, as far as it is known here. */
export function refusalByCode(code: number): EntraRefusal {
  const [status, error, message, suberror] = refusalTable[code] ?? [
    400,
    'invalid_grant',
    'A simulated refusal.',
  ]
  const named = Object.values(grantRefusals).find(
    (refusal) => typeof refusal === 'object' && refusal.code === code,
  )
  if (typeof named === 'object') return named
  const claims = mfaCodes.has(code) ? { claims: policyClaims('polids') } : {}
  return {
    status,
    error,
    code,
    message,
    ...(suberror === undefined ? {} : { suberror }),
    ...claims,
  }
}

/** Refusals whose claims make the next sign-in ask for a second factor. */
const mfaCodes: ReadonlySet<number> = new Set([50072, 50074, 50076, 50078, 50079])

function invalidGrant(code: number, message: string, suberror?: string): EntraRefusal {
  return {
    status: 400,
    error: 'invalid_grant',
    code,
    message,
    ...(suberror === undefined ? {} : { suberror }),
  }
}
