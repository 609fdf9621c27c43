/** What went wrong, to stand after “could not be reached: ”, and what to do about it. */
export type Reason = readonly [reason: string, remedy?: string]

const noRoute: Reason = [
  'the connection timed out',
  'Check firewall and proxy between here and the provider.',
]
const untrusted =
  'Add the authority’s certificate to `network.ca` (or NODE_EXTRA_CA_CERTS); verification is never switched off.'
const proxyAddress = 'Check `network.proxy`, or HTTPS_PROXY and NO_PROXY, and that the proxy runs.'
const proxyCredentials = 'Check user and password of `network.proxy`, or those in HTTPS_PROXY.'
const proxyPermit =
  'Have the proxy let this machine through to the provider, or name the provider in NO_PROXY.'
const unknownAuthority: Reason = ['its certificate’s authority is unknown', untrusted]

/** Codes of Node and undici that can come at any moment of a request. */
export const anyMoment: Readonly<Record<string, Reason>> = {
  ECONNRESET: ['the connection was reset'],
  EPIPE: ['the connection was reset'],
  UND_ERR_SOCKET: ['the connection broke'],
  ETIMEDOUT: noRoute,
  EHOSTUNREACH: ['there is no route to it'],
  ENETUNREACH: ['there is no network'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['it does not speak TLS on that port', 'Check scheme and port.'],
}

/**
 * Codes of Node, OpenSSL, undici and of the way out (`PROXY_…`, `CONNECT_RESET`) that come before a
 * connection stands: nothing was sent.
 */
export const beforeSending: Readonly<Record<string, Reason>> = {
  ENOTFOUND: [
    'its name does not resolve',
    'Check the host name, DNS and whether a proxy is needed.',
  ],
  EAI_AGAIN: ['the name server does not answer', 'Check DNS on this machine.'],
  ECONNREFUSED: ['nothing listens there', 'Check host and port, and that the server runs.'],
  UND_ERR_CONNECT_TIMEOUT: noRoute,
  CONNECT_RESET: ['the connection was reset while it was opened'],
  PROXY_AUTH_REQUIRED: ['the proxy refuses our credentials, or wants some', proxyCredentials],
  PROXY_TUNNEL_REFUSED: ['the proxy does not permit it', proxyPermit],
  PROXY_TARGET_UNREACHABLE: ['the proxy cannot reach it', proxyPermit],
  PROXY_REFUSED: ['nothing listens where the proxy should be', proxyAddress],
  PROXY_UNRESOLVED: ['the name of the proxy does not resolve', proxyAddress],
  PROXY_UNREACHABLE: ['the proxy cannot be reached', proxyAddress],
  PROXY_TLS: ['the proxy’s certificate is not trusted', untrusted],
  PROXY_RESET: ['the proxy hung up', proxyAddress],
  PROXY_TIMEOUT: ['the proxy gave no answer in time', proxyAddress],
  PROXY_ANSWER_INVALID: ['what should be the proxy does not answer CONNECT', proxyAddress],
  UND_ERR_PRX_CONN: ['the proxy hung up', proxyAddress],
  UND_ERR_PRX_TLS: ['the proxy’s certificate is not trusted', untrusted],
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
export const wordsBeforeSending: readonly {
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
      status === '407' ? proxyCredentials : proxyPermit,
    ],
  },
  {
    words: /^Client network socket disconnected before secure TLS connection/,
    reason: () => ['the connection was reset before TLS stood'],
  },
]
