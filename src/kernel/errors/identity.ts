import { defineErrors } from './definition.ts'

const badToken = {
  status: 401,
  oauthError: 'invalid_token',
  retry: 'never',
  actor: 'caller',
  exit: 3,
} as const

const forbidden = {
  status: 403,
  retry: 'never',
  actor: 'operator',
  exit: 3,
} as const

/** Errors of access tokens that callers bring along; a code names what is wrong, its stage where. */
export const identityErrors = defineErrors({
  token_too_large: {
    ...badToken,
    status: 431,
    title: 'The token is longer than any that is looked at',
    remedy:
      'Ask for a token with fewer claims: groups alone can make it so long; have the authorization server send roles instead.',
  },
  token_malformed: {
    ...badToken,
    title: 'The token cannot be read in one way only',
    remedy:
      'Send the access token exactly as the authorization server gave it, without quotes, blanks or line breaks.',
  },
  token_opaque: {
    ...badToken,
    title: 'The token is no JWT',
    remedy:
      'Send the access token of an issuer that gives JWTs, or have introspection configured for the issuer.',
  },
  token_encrypted: {
    ...badToken,
    title: 'The token is encrypted',
    remedy: 'Have the authorization server sign access tokens for this API, not encrypt them.',
  },
  token_issuer_unknown: {
    ...badToken,
    title: 'The token is of an issuer that is not accepted here',
    remedy:
      'Get the token from an issuer that is named, or have an operator add this one under `issuers:`.',
  },
  token_algorithm_refused: {
    ...badToken,
    title: 'The token is signed in a way that is not accepted',
    remedy: 'Have the authorization server sign with one of the algorithms that are named.',
  },
  token_key_unknown: {
    ...badToken,
    title: 'The token is signed with a key its issuer does not publish',
    remedy:
      'Get a new token. If it stays, the token is of another issuer than it says, or was issued for a different environment.',
  },
  issuer_keys_unavailable: {
    status: 503,
    oauthError: 'temporarily_unavailable',
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'The keys of the token’s issuer are not to be had now',
    remedy:
      'Call again when `Retry-After` says. An operator sees at the issuer’s health what is wrong with it; the token is not to blame.',
  },
  token_signature_invalid: {
    ...badToken,
    title: 'The signature of the token does not hold',
    remedy:
      'Send the access token unchanged. One for Microsoft Graph cannot be verified by anybody else: request one for this API.',
  },
  token_expired: {
    ...badToken,
    title: 'The token has expired',
    remedy: 'Get a new token and call again.',
  },
  token_time_invalid: {
    ...badToken,
    title: 'The times in the token are missing, no numbers, or not possible',
    remedy: 'Check the clock of the authorization server, and that it sets `exp` as a number.',
  },
  token_audience_refused: {
    ...badToken,
    title: 'The token is for another API',
    remedy:
      'Request a token for this API: one of the audiences that are named, as scope or resource.',
  },
  token_tenant_refused: {
    ...badToken,
    title: 'The token is of a tenant that is not accepted here',
    remedy: 'Sign in with an account of an accepted tenant, or have an operator add this one.',
  },
  token_kind_wrong: {
    ...badToken,
    title: 'The token is valid, but no access token for this API',
    remedy: 'Send the access token, not an ID token or a refresh token.',
  },
  claim_missing: {
    ...forbidden,
    title: 'The token does not say who the caller is in the way that is configured',
    remedy:
      'Have the claim that is named issued with access tokens for this API, or change the rules under `match:`; `evergrant explain` shows what is there and where it was looked for.',
  },
  claim_type: {
    ...forbidden,
    title: 'A claim that names the account is no text',
    remedy: 'Have the authorization server issue the claim as one text, or match by another claim.',
  },
  account_unmatched: {
    ...forbidden,
    title: 'No account of the directory is the caller',
    remedy:
      'Import the directory again if the account is new; else compare the column with the claim in `evergrant explain`. A new token changes nothing.',
    meaning:
      'The token is good, and none of the imported accounts has the value that the rules look for.',
    steps: [
      'See with `evergrant explain` which claim was compared with which column.',
      'Import the directory again if the account is new: `evergrant imports run NAME`.',
      'Else correct the rules under `match:` of the issuer.',
    ],
  },
  account_ambiguous: {
    ...forbidden,
    title: 'More than one account could be the caller',
    remedy:
      'Match by claims that are unique, such as `oid` (with `tid`): e-mail addresses and names can be the same in several accounts. None of them is chosen.',
    meaning:
      'The token is good, and two or more accounts have the value that the rules look for. None of them is chosen.',
    steps: [
      'See with `evergrant explain` which accounts they are.',
      'Match by a claim that is unique, such as `oid` against `id`, under `match:` of the issuer.',
    ],
  },
  account_disabled: {
    ...forbidden,
    title: 'The account of the caller is disabled',
    remedy:
      'Have it enabled where it is disabled: in the directory, or here with `evergrant accounts enable`. A new token changes nothing.',
  },
  account_pending: {
    ...forbidden,
    title: 'The caller is a guest that has not accepted its invitation yet',
    remedy:
      'Accept the invitation, then have the directory imported again. A new token changes nothing.',
  },
  insufficient_scope: {
    ...forbidden,
    oauthError: 'insufficient_scope',
    actor: 'caller',
    title: 'The token is not for that use',
    remedy:
      'Request a token with one of the permissions that are named; an application needs one of them as an app role that an administrator granted.',
  },
  token_inactive: {
    ...badToken,
    title: 'No issuer that was asked accepts the token',
    remedy:
      'Get a new token from an issuer that is configured here. The issuer does not say whether it was revoked, is over, or was never one.',
  },
  claim_source_mismatch: {
    ...badToken,
    title: 'What the issuer says of the token is about somebody else',
    remedy:
      'Get a new token. If it stays, have an operator look at the issuer: the subject it names is not the one in the token.',
  },
  introspection_unavailable: {
    status: 503,
    oauthError: 'temporarily_unavailable',
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'The issuer cannot be asked about the token now',
    remedy:
      'Call again when `Retry-After` says. The token is not to blame; an operator checks the introspection endpoint and the `client` of the issuer.',
  },
  userinfo_unavailable: {
    status: 503,
    oauthError: 'temporarily_unavailable',
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'The UserInfo endpoint of the issuer gives no usable answer now',
    remedy:
      'Call again when `Retry-After` says. The token is not to blame; an operator checks the UserInfo endpoint of the issuer.',
  },
  groups_unavailable: {
    status: 503,
    oauthError: 'temporarily_unavailable',
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'The groups of the caller are not to be had now',
    remedy:
      'Call again when `Retry-After` says. An operator checks the connection under `groups:` of the issuer: it needs a token for Microsoft Graph with GroupMember.Read.All or Directory.Read.All.',
  },
})
