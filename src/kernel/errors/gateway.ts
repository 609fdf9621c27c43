import { defineErrors } from './definition.ts'

/** Errors of the gateway: calls to APIs through named connections. */
export const gatewayErrors = defineErrors({
  upstream_required: {
    status: 400,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'The connection has several upstreams and the call names none',
    remedy: 'Name one in the address: `/proxy/CONNECTION:UPSTREAM/…`.',
    meaning: 'The connection serves several APIs, and the address does not say which.',
  },
  upstream_unknown: {
    status: 404,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'The connection has no such upstream',
    remedy:
      'Name one of the connection’s upstreams that has a `url`; `evergrant connections show NAME` lists them.',
    meaning: 'The connection has no upstream of that name, or that one has no `url`.',
  },
  target_invalid: {
    status: 400,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'The address cannot be forwarded safely',
    remedy:
      'Send a plain path below `/proxy/CONNECTION/`: without `.` and `..` segments, empty segments, encoded slashes or control characters.',
    meaning: 'The path could be read in two ways, so that it was not sent anywhere.',
  },
  path_not_allowed: {
    status: 403,
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The upstream does not allow this path',
    remedy: 'Call a path that the upstream’s `paths` name, or add this one to them.',
    meaning: 'The upstream lists the paths that may be called, and this is none of them.',
  },
  method_not_allowed: {
    status: 405,
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The upstream does not allow this method',
    remedy: 'Use a method that the upstream’s `methods` name, or add this one to them.',
    meaning: 'The upstream lists the methods that may be used, and this is none of them.',
  },
  egress_refused: {
    status: 502,
    retry: 'never',
    actor: 'operator',
    exit: 3,
    title: 'The upstream’s name leads to an address that is not allowed',
    remedy:
      'Set `allowPrivate: true` on the upstream if it really is in a private network; otherwise see what its name resolves to.',
    meaning:
      'The name of the API resolves to a private or local address, which is not called unless that is said to be meant.',
    steps: [
      'See what the name resolves to: the message says it.',
      'If the API really is in a private network, set `allowPrivate: true` on the upstream.',
      'If it is not, find out who answers for that name.',
    ],
  },
  upstream_unreachable: {
    status: 502,
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'The API could not be reached',
    remedy:
      'Check the upstream’s `url`, the network, proxy and name resolution between here and the API.',
    meaning: 'No connection to the API came about. The token is not to blame.',
    steps: [
      'See with `evergrant connections test NAME` which step fails.',
      'Check the `url` of the upstream, and network, proxy and name resolution between here and the API.',
    ],
  },
  upstream_timeout: {
    status: 504,
    retry: 'later',
    actor: 'evergrant',
    exit: 4,
    title: 'The API did not answer in time',
    remedy: 'Try again; an upstream that needs longer gets it by its `timeouts`.',
    meaning: 'The API took the call and sent no answer in time. It may have done what was asked.',
  },
  upstream_answer_invalid: {
    status: 502,
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'The API’s answer is not HTTP that can be passed on',
    remedy:
      'See that the upstream’s `url` is that of the API and nothing else answers in its place.',
    meaning: 'What came back is no HTTP that could be passed on.',
  },
  upstream_busy: {
    status: 503,
    retry: 'later',
    actor: 'evergrant',
    exit: 4,
    title: 'The upstream has as many calls under way as it may',
    remedy: 'Try again as `Retry-After` says, or raise the upstream’s `concurrency`.',
    meaning: 'As many calls to this API are under way as its `concurrency` allows.',
  },
  circuit_open: {
    status: 503,
    retry: 'later',
    actor: 'evergrant',
    exit: 4,
    title: 'The API failed again and again; it is left alone for a moment',
    remedy: 'Try again as `Retry-After` says; calls go through as soon as one succeeds.',
    meaning: 'The API failed several times in a row; for a few seconds it is left alone.',
  },
  token_unavailable: {
    status: 503,
    retry: 'later',
    actor: 'operator',
    exit: 4,
    title: 'No living token could be had for the call',
    remedy: 'See what `evergrant connections show NAME` says; the call was not sent.',
    meaning:
      'The gateway has no living token for the call, so it did not send it. The detail says what the provider answered.',
    steps: [
      'See `evergrant connections show NAME` for what the provider said and who must act.',
      'Do what stands there; calls go through again as soon as there is a token.',
    ],
  },
  request_malformed: {
    status: 400,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'The request is not HTTP that can be served',
    remedy: 'Send a well-formed HTTP/1.1 request.',
    meaning: 'The bytes that came are no HTTP request that can be read in one way.',
  },
  request_timeout: {
    status: 408,
    retry: 'later',
    actor: 'caller',
    exit: 4,
    title: 'The request’s body stopped coming',
    remedy: 'Send the request again, and its body without a long pause.',
    meaning: 'The rest of the request’s body did not come in time.',
  },
  upstream_refused_token: {
    status: 401,
    oauthError: 'invalid_token',
    retry: 'later',
    actor: 'operator',
    exit: 3,
    title: 'The API refused the token, and a newer one did not help',
    remedy:
      'See the trace that `Evergrant-Trace` names; `evergrant connections show NAME` tells how the connection stands.',
    meaning:
      'The API said that the token is not good, a new one was taken, and the API refused that one as well.',
    steps: [
      'See what happened in the trace that `Evergrant-Trace` names: `evergrant traces show ID`.',
      'See with `evergrant connections test NAME` whether resource, tenant, permissions and roles fit the API.',
    ],
  },
  trace_unknown: {
    status: 404,
    retry: 'never',
    actor: 'caller',
    exit: 2,
    title: 'There is no such trace',
    remedy:
      'Traces are kept for a bounded number of calls; `evergrant traces list` shows those there are.',
    meaning: 'No trace has that id, or it was dropped for newer ones.',
  },
})
