import { defineErrors } from './definition.ts'

/** Errors of the service itself: its address, its requests, its life. */
export const serviceErrors = defineErrors({
  route_unknown: {
    status: 404,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is nothing at that address',
    remedy: 'See `/api/openapi.json` for the addresses there are.',
  },
  request_invalid: {
    status: 400,
    oauthError: 'invalid_request',
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'The request does not fit the operation',
    remedy: 'Correct the field that is named; `/api/openapi.json` describes the operation.',
  },
  request_too_large: {
    status: 413,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'The request’s body is larger than the operation takes',
    remedy: 'Send less at once.',
  },
  media_type_unsupported: {
    status: 415,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'The request’s body is of a type that the operation does not read',
    remedy: 'Send JSON with `Content-Type: application/json`.',
  },
  reload_needs_restart: {
    status: 409,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The changed configuration needs a restart',
    remedy: 'Restart the service, or set the named fields back and reload the rest.',
  },
  service_draining: {
    status: 503,
    retry: 'later',
    actor: 'evergrant',
    exit: 4,
    title: 'This node is shutting down',
    remedy: 'Ask again; another node, or this one after its restart, answers.',
  },
  listen_failed: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'The service cannot listen at that address',
    remedy: 'Correct `server.listen`, or end what listens there already.',
  },
  tls_invalid: {
    status: 500,
    retry: 'never',
    actor: 'operator',
    exit: 2,
    title: 'Certificate and key of the service cannot be used',
    remedy:
      'Put a certificate chain and its unencrypted private key, both PEM, where `server.tls` reads them.',
  },
  service_not_running: {
    status: 503,
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'No service answers there',
    remedy: 'Start it with `evergrant serve`, or name its address.',
  },
})
