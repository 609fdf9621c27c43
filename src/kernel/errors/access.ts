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
  },
  role_missing: {
    status: 403,
    oauthError: 'access_denied',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The caller’s role does not allow this',
    remedy: 'Use a caller key with the role that is named: `evergrant callers add NAME --role …`.',
  },
  tokens_not_allowed: {
    status: 403,
    oauthError: 'access_denied',
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The caller may not be handed raw tokens',
    remedy: 'Call the API through `/proxy/…`, or make a caller key with `--allow-tokens`.',
  },
  caller_throttled: {
    status: 429,
    oauthError: 'temporarily_unavailable',
    retry: 'later',
    actor: 'caller',
    exit: 4,
    title: 'The caller asks more than it may at once',
    remedy: 'Wait as long as `Retry-After` says; an operator can raise the limits of the caller.',
  },
  caller_exists: {
    status: 409,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is a caller of that name',
    remedy: 'Choose another name, or revoke that one with `evergrant callers revoke NAME`.',
  },
  issuer_unknown: {
    status: 404,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is no such issuer',
    remedy: 'Name one that stands under `issuers:` in the configuration.',
  },
  caller_unknown: {
    status: 404,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is no such caller',
    remedy: 'See `evergrant callers list` for those there are.',
  },
})
