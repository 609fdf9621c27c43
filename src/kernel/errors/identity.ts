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
    meaning: 'The token is so long that nothing looks into it.',
  },
  token_malformed: {
    ...badToken,
    title: 'The token cannot be read in one way only',
    remedy:
      'Send the access token exactly as the authorization server gave it, without quotes, blanks or line breaks.',
    meaning: 'The text is no token, or one that two readers could understand differently.',
  },
  token_opaque: {
    ...badToken,
    title: 'The token is no JWT',
    remedy:
      'Send the access token of an issuer that gives JWTs, or have introspection configured for the issuer.',
    meaning: 'The text is no JWT, and no issuer is configured that could be asked about it.',
  },
  token_encrypted: {
    ...badToken,
    title: 'The token is encrypted',
    remedy: 'Have the authorization server sign access tokens for this API, not encrypt them.',
    meaning: 'Only whoever has the key could read this token, and that is not this service.',
  },
  token_issuer_unknown: {
    ...badToken,
    title: 'The token is of an issuer that is not accepted here',
    remedy:
      'Get the token from an issuer that is named, or have an operator add this one under `issuers:`.',
    meaning: 'The token names an issuer that is not under `issuers:`.',
    steps: [
      'Compare `iss` of the token (`evergrant explain`) with the issuers of the configuration, letter for letter.',
      'Get the token from one of those, or add the issuer under `issuers:`.',
    ],
  },
  token_algorithm_refused: {
    ...badToken,
    title: 'The token is signed in a way that is not accepted',
    remedy: 'Have the authorization server sign with one of the algorithms that are named.',
    meaning:
      'The token is signed with an algorithm that is not accepted of its issuer, or with none.',
  },
  token_key_unknown: {
    ...badToken,
    title: 'The token is signed with a key its issuer does not publish',
    remedy:
      'Get a new token. If it stays, the token is of another issuer than it says, or was issued for a different environment.',
    meaning:
      'The token names a signing key that its issuer does not publish, even after asking again.',
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
    meaning: 'The issuer’s keys cannot be fetched, and those in memory are older than a day.',
    steps: [
      'See with `evergrant issuers list` what is wrong and since when.',
      'See that this host reaches the issuer, by proxy and certificate authorities.',
      'Fetch the keys at once with `evergrant issuers refresh ISSUER`.',
    ],
  },
  token_signature_invalid: {
    ...badToken,
    title: 'The signature of the token does not hold',
    remedy:
      'Send the access token unchanged. One for Microsoft Graph cannot be verified by anybody else: request one for this API.',
    meaning:
      'The token was altered, or was not made by the issuer it names, or is one for Microsoft Graph, which nobody else can verify.',
  },
  token_expired: {
    ...badToken,
    title: 'The token has expired',
    remedy: 'Get a new token and call again.',
    meaning: 'The time of the token is over.',
  },
  token_time_invalid: {
    ...badToken,
    title: 'The times in the token are missing, no numbers, or not possible',
    remedy: 'Check the clock of the authorization server, and that it sets `exp` as a number.',
    meaning: 'The token does not say until when it holds, or says something impossible.',
  },
  token_audience_refused: {
    ...badToken,
    title: 'The token is for another API',
    remedy:
      'Request a token for this API: one of the audiences that are named, as scope or resource.',
    meaning: 'The token was issued for another API than this one.',
    steps: [
      'See with `evergrant explain` which audience the token has and which are expected.',
      'Let the caller request a token for one of those, as scope or resource.',
    ],
  },
  token_tenant_refused: {
    ...badToken,
    title: 'The token is of a tenant that is not accepted here',
    remedy: 'Sign in with an account of an accepted tenant, or have an operator add this one.',
    meaning: 'The token is good, and of a tenant that is not on the list.',
  },
  token_kind_wrong: {
    ...badToken,
    title: 'The token is valid, but no access token for this API',
    remedy: 'Send the access token, not an ID token or a refresh token.',
    meaning: 'What was sent tells who somebody is, or renews a sign-in; it does not open an API.',
  },
  claim_missing: {
    ...forbidden,
    title: 'The token does not say who the caller is in the way that is configured',
    remedy:
      'Have the claim that is named issued with access tokens for this API, or change the rules under `match:`; `evergrant explain` shows what is there and where it was looked for.',
    meaning: 'The token is good, and lacks every claim that the rules under `match:` need.',
    steps: [
      'See with `evergrant explain` which claims are there and which were looked for.',
      'Have the claim issued with access tokens for this API, or change the rules under `match:`.',
    ],
  },
  claim_type: {
    ...forbidden,
    title: 'A claim that names the account is no text',
    remedy: 'Have the authorization server issue the claim as one text, or match by another claim.',
    meaning: 'The claim that names the account is a list, a number or an object, not a text.',
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
      'Import the directory again if the account is new: `evergrant imports run IMPORT`.',
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
    meaning: 'The token is good, and its account is switched off: in the directory or here.',
    steps: [
      'See with `evergrant accounts show` where it is disabled, by whom and why.',
      'Enable it there; here with `evergrant accounts enable`.',
    ],
  },
  account_pending: {
    ...forbidden,
    title: 'The caller is a guest that has not accepted its invitation yet',
    remedy:
      'Accept the invitation, then have the directory imported again. A new token changes nothing.',
    meaning: 'The token is of a guest whose invitation nobody has taken up.',
  },
  insufficient_scope: {
    ...forbidden,
    oauthError: 'insufficient_scope',
    actor: 'caller',
    title: 'The token is not for that use',
    remedy:
      'Request a token with one of the permissions that are named; an application needs one of them as an app role that an administrator granted.',
    meaning: 'The token is good, and lacks every permission that this use needs.',
  },
  token_inactive: {
    ...badToken,
    title: 'No issuer that was asked accepts the token',
    remedy:
      'Get a new token from an issuer that is configured here. The issuer does not say whether it was revoked, is over, or was never one.',
    meaning: 'Every issuer that was asked says that the token is not active.',
  },
  claim_source_mismatch: {
    ...badToken,
    title: 'What the issuer says of the token is about somebody else',
    remedy:
      'Get a new token. If it stays, have an operator look at the issuer: the subject it names is not the one in the token.',
    meaning:
      'The issuer answered about another subject than the token’s, so that nothing of it was used.',
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
    meaning: 'The issuer’s introspection endpoint gave no answer that could be used.',
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
    meaning: 'The issuer’s UserInfo endpoint gave no answer that could be used.',
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
    meaning:
      'A rule names groups, the token has none of them in full, and Microsoft Graph could not be asked.',
    steps: [
      'See with `evergrant connections test NAME` whether the connection under `groups:` of the issuer reaches Graph.',
      'Grant its application GroupMember.Read.All or Directory.Read.All, with admin consent.',
    ],
  },
})
