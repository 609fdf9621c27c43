import { defineErrors } from './definition.ts'

/** Errors of callers: who may call us, and how often. */
export const accessErrors = defineErrors({
  caller_unauthenticated: {
    status: 401,
    oauthError: 'invalid_token',
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'The call carries no credential that Evergrant knows',
    remedy:
      'Send a caller key as `Authorization: Bearer egk_…` or in `Evergrant-Key`; `evergrant callers add` makes one.',
    meaning:
      'The call came without a credential, or with one that was never given out here, or is revoked or over.',
    steps: [
      'See that the call has `Authorization: Bearer egk_…` or `Evergrant-Key`, and that nothing in between takes it out.',
      'See with `evergrant callers list` whether the caller is there and not revoked.',
      'Make another key with `evergrant callers add CALLER --connections NAME`.',
    ],
  },
  credential_malformed: {
    status: 400,
    oauthError: 'invalid_request',
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'The call carries more than one credential, or one that cannot be read',
    remedy:
      'Send exactly one credential, as `Authorization: Bearer …` or in `Evergrant-Key`; tokens in queries, bodies and cookies do not count.',
    meaning:
      'More than one credential came, so that nobody can say whose call it is, or one that is none of the known forms.',
  },
  permit_missing: {
    status: 403,
    oauthError: 'access_denied',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The caller may not use this connection',
    remedy:
      'Make a caller key that names the connection: `evergrant callers add NAME --connections …`.',
    meaning: 'The caller is known, and may use other connections only.',
  },
  role_missing: {
    status: 403,
    oauthError: 'access_denied',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The caller’s role does not allow this',
    remedy: 'Use a caller key with the role that is named: `evergrant callers add NAME --role …`.',
    meaning: 'The caller is known, and its role does not reach for this operation.',
  },
  tokens_not_allowed: {
    status: 403,
    oauthError: 'access_denied',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The caller may not be handed raw tokens',
    remedy: 'Call the API through `/proxy/…`, or make a caller key with `--allow-tokens`.',
    meaning: 'The caller may call APIs through the gateway, but not be handed tokens themselves.',
  },
  caller_throttled: {
    status: 429,
    oauthError: 'temporarily_unavailable',
    retry: 'later',
    actor: 'caller',
    exit: 4,
    title: 'The caller asks more than it may at once',
    remedy: 'Wait as long as `Retry-After` says; an operator can raise the limits of the caller.',
    meaning: 'The caller has made as many calls as its limit allows for now.',
  },
  caller_exists: {
    status: 409,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is a caller of that name',
    remedy: 'Choose another name, or revoke that one with `evergrant callers revoke NAME`.',
    meaning: 'Names of callers are one of a kind.',
  },
  session_ended: {
    status: 401,
    oauthError: 'invalid_token',
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'The session has ended, or never was one',
    remedy: 'Take another session for a token of an issuer: `POST /api/v1/sessions`.',
    meaning: 'The session is over, was ended, or its account or issuer may not have one any more.',
  },
  audit_unwritten: {
    status: 503,
    retry: 'never',
    actor: 'operator',
    exit: 4,
    title: 'It was done, but could not be recorded',
    remedy:
      'Look at what it was done to before doing it again. The log of the service has an event `audit.unwritten` with the request; see why the store took no entry.',
    meaning:
      'The change was made, but the store did not take the entry that records it, so that it is not in the record of what was done.',
  },
  console_signed_out: {
    status: 401,
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'Nobody is signed in to the console',
    remedy: 'Sign in at `/console/sign-in`.',
    meaning:
      'The browser has no session of the console, or its time is over: it was left alone for too long, was ended, or the account may not have one any more.',
  },
  csrf_refused: {
    status: 403,
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'The request did not come from the console',
    remedy:
      'Open the console at the address that `server.publicUrl` names and try again there; programs send a caller key in place of a cookie.',
    meaning:
      'A session by cookie acts for pages of the console itself alone, and this request came from elsewhere or without the value that only the console knows. Nothing was done.',
  },
  console_link_invalid: {
    status: 410,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The link signs nobody in',
    remedy: 'Make another one on the machine of Evergrant: `evergrant console link`.',
    meaning:
      'The link was used, its time is over, or it is not whole. It signs one person in, once.',
    steps: [
      'Make another one on the machine of Evergrant: `evergrant console link`.',
      'Open it whole, in the browser that shall be signed in.',
      'If nobody of yours used the last one, see the guide on compromise.',
    ],
  },
  console_sign_in_refused: {
    status: 400,
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'The sign-in cannot be finished here',
    remedy: 'Begin again at `/console/sign-in`, in this browser.',
    meaning:
      'What came back belongs to no sign-in that this browser began, or to one that is over. Nobody was signed in.',
  },
  console_role_missing: {
    status: 403,
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The account has no role at Evergrant',
    remedy:
      'Give it the role viewer, operator or admin: by `access:` of the issuer in the configuration, or with `evergrant people link`.',
    meaning: 'The sign-in succeeded, and no rule gives that account a role here.',
    steps: [
      'See with `evergrant explain` what the rules of the issuer make of such a token.',
      'Give the account the role viewer, operator or admin: by `access:` of the issuer, or with `evergrant people link`.',
      'Sign in again.',
    ],
  },
  session_unknown: {
    status: 404,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is no such session',
    remedy: 'See `GET /api/v1/sessions` for those that live; one that has ended is not revoked.',
    meaning: 'No living session has that id.',
  },
  exchange_refused: {
    status: 403,
    oauthError: 'access_denied',
    retry: 'never',
    actor: 'caller',
    exit: 3,
    title: 'A session is given for a token of an issuer alone',
    remedy:
      'Send an access token of an accepted issuer as `Authorization: Bearer …`, or a code of one; a session or caller key cannot be exchanged.',
    meaning:
      'Sessions are given for tokens of accepted issuers alone, not for sessions or caller keys.',
  },
  issuer_unknown: {
    status: 404,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is no such issuer',
    remedy: 'Name one that stands under `issuers:` in the configuration.',
    meaning: '`issuers:` of the configuration has no entry of that name.',
  },
  caller_unknown: {
    status: 404,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is no such caller',
    remedy: 'See `evergrant callers list` for those there are.',
    meaning: 'No caller has that name or id.',
  },
})
