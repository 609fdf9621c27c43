import { tokenFailure, type TokenFailure } from './token-failure.ts'

type Reason = readonly [reason: string, remedy?: string]

const noRoute: Reason = [
  'the connection timed out',
  'Check firewall and proxy between here and the provider.',
]
const untrusted =
  'Add the authority’s certificate to `network.ca` (or NODE_EXTRA_CA_CERTS); verification is never switched off.'
const unknownAuthority: Reason = ['its certificate’s authority is unknown', untrusted]

/** Codes of Node and undici that can come at any moment of a request. */
const anyMoment: Readonly<Record<string, Reason>> = {
  ECONNRESET: ['the connection was reset'],
  EPIPE: ['the connection was reset'],
  UND_ERR_SOCKET: ['the connection broke'],
  ETIMEDOUT: noRoute,
  EHOSTUNREACH: ['there is no route to it'],
  ENETUNREACH: ['there is no network'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['it does not speak TLS on that port', 'Check scheme and port.'],
}

/** Codes of Node, OpenSSL and undici that come before a connection stands: nothing was sent. */
const beforeSending: Readonly<Record<string, Reason>> = {
  ENOTFOUND: [
    'its name does not resolve',
    'Check the host name, DNS and whether a proxy is needed.',
  ],
  EAI_AGAIN: ['the name server does not answer', 'Check DNS on this machine.'],
  ECONNREFUSED: ['nothing listens there', 'Check host and port, and that the server runs.'],
  UND_ERR_CONNECT_TIMEOUT: noRoute,
  UND_ERR_PRX_CONN: ['the proxy broke the connection', 'Check the proxy of `network.proxy`.'],
  UND_ERR_PRX_TLS: [
    'the proxy’s certificate is for another name',
    'Use the name in `network.proxy` that the proxy’s certificate was made for.',
  ],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is self-signed', untrusted],
  SELF_SIGNED_CERT_IN_CHAIN: ['its certificate chain ends in an unknown authority', untrusted],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  CERT_UNTRUSTED: unknownAuthority,
  CERT_REVOKED: ['its certificate was revoked'],
  CERT_SIGNATURE_FAILURE: ['its certificate is broken'],
  CERT_HAS_EXPIRED: [
    'its certificate has expired',
    'Have the certificate renewed, and check this machine’s clock.',
  ],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', 'Check this machine’s clock.'],
  INVALID_CA: ['its certificate’s authority may not issue certificates', untrusted],
  INVALID_PURPOSE: ['its certificate is for another purpose'],
  PATH_LENGTH_EXCEEDED: ['its certificate chain is too long', untrusted],
  CERT_CHAIN_TOO_LONG: ['its certificate chain is too long', untrusted],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'its certificate is for another name',
    'Use the name the certificate was made for.',
  ],
}

/** What Node and undici say in words alone, before a connection stands. */
const wordsBeforeSending: readonly {
  readonly words: RegExp
  readonly reason: (match: RegExpExecArray) => Reason
}[] = [
  {
    words: /^bad port$/,
    reason: () => [
      'fetch never calls that port',
      'Use another port: this one belongs to another protocol (see the Fetch standard, “port blocking”).',
    ],
  },
  {
    words: /^Proxy response \((\d{3})\) !== 200/,
    reason: ([, status]) => [
      `the proxy refused the connection with ${status}`,
      status === '407'
        ? 'Check user and password of `network.proxy`.'
        : 'Check that the proxy of `network.proxy` lets this machine through to the provider.',
    ],
  },
  {
    words: /^Client network socket disconnected before secure TLS connection/,
    reason: () => ['the connection was reset before TLS stood'],
  },
]

/** What Node was doing when nothing can have been sent yet. */
const callsBeforeSending: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo'])

/**
 * Says readably why a host could not be reached: which host, which code, what that means. Its
 * effect is `none` when the request certainly did not leave: name, connection, proxy or TLS
 * failed.
 */
export function describeTransportError(cause: unknown, url: URL): TokenFailure {
  const errors = [...unwrap(cause)]
  for (const error of errors) {
    for (const { words, reason } of wordsBeforeSending) {
      const match = words.exec(textOf(error, 'message') ?? '')
      if (match !== null) return unreachable(url, reason(match), undefined, 'none')
    }
  }
  const code = errors.map(codeOf).find((found) => found !== undefined)
  const early = beforeSending[code ?? '']
  const isEarly =
    early !== undefined || errors.some((error) => callsBeforeSending.has(textOf(error, 'syscall')))
  const reason = early ?? anyMoment[code ?? ''] ?? ['the request failed below HTTP']
  return unreachable(url, reason, code, isEarly ? 'none' : 'unknown')
}

function unreachable(
  url: URL,
  [reason, remedy]: Reason,
  code: string | undefined,
  effect: TokenFailure['effect'],
): TokenFailure {
  return tokenFailure(
    'unreachable',
    `${url.host} could not be reached: ${reason}${code === undefined ? '' : ` (${code})`}`,
    { effect, ...(remedy === undefined ? {} : { remedy }) },
  )
}

/** An error, the first of its aggregated errors, and its causes, outermost first. */
function* unwrap(error: unknown, depth = 0): Generator<object> {
  if (typeof error !== 'object' || error === null || depth > 5) return
  yield error
  const { cause, errors } = error as { cause?: unknown; errors?: unknown }
  if (Array.isArray(errors)) yield* unwrap(errors[0], depth + 1)
  yield* unwrap(cause, depth + 1)
}

function codeOf(error: object): string | undefined {
  const code = textOf(error, 'code')
  return code !== undefined && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : undefined
}

function textOf(error: object, name: 'code' | 'message' | 'syscall'): string | undefined {
  const value = (error as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'string' ? value : undefined
}
