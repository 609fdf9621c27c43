/**
 * What of a caller’s request never passes: its credentials and cookies for us, what belongs to one
 * connection alone (RFC 9110 section 7.6.1), what undici writes itself, where the call came from,
 * what names another path than the one that was checked, and headers of ours.
 */
const droppedFromRequest = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'cookie2',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'host',
  'content-length',
  'expect',
  'max-forwards',
  'forwarded',
  'forwarded-for',
  'via',
  'x-forwarded',
  'x-real-ip',
  'x-remote-ip',
  'x-remote-addr',
  'x-originating-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  'x-azure-clientip',
  'x-azure-socketip',
  'x-rewrite-url',
])

/**
 * What of an answer never passes: what belongs to one connection alone, and what would make a
 * browser or client change how it deals with our own origin.
 */
const droppedFromAnswer = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'set-cookie',
  'set-cookie2',
  'strict-transport-security',
  'public-key-pins',
  'alt-svc',
  'clear-site-data',
])

const droppedPrefixes = ['x-forwarded-', 'evergrant-', 'x-original-', 'x-envoy-external-']

/** Lower-case forms of names as they are written; what most requests bring is known by then. */
const knownNames = new Map<string, string>()

function lowerCase(name: string): string {
  const known = knownNames.get(name)
  if (known !== undefined) return known
  const lower = name.toLowerCase()
  if (knownNames.size < 2_000) knownNames.set(name, lower)
  return lower
}

/** Many servers (CGI, WSGI) take `X_Forwarded_For` for `X-Forwarded-For`. */
function asRead(name: string): string {
  return name.includes('_') ? name.replaceAll('_', '-') : name
}

/** Whether a request’s header passes, by its lower-case name; filled as names are met. */
const passing = new Map<string, boolean>()

function passes(name: string): boolean {
  const known = passing.get(name)
  if (known !== undefined) return known
  const read = asRead(name)
  const does =
    !droppedFromRequest.has(read) && !droppedPrefixes.some((prefix) => read.startsWith(prefix))
  if (passing.size < 2_000) passing.set(name, does)
  return does
}

/**
 * Returns the headers of a request that pass, as a flat list with room for more.
 *
 * @param raw As Node’s `rawHeaders`.
 * @param connection The value of `Connection`: what it lists does not pass either.
 * @param replaced Lower-case names that are set by us.
 */
export function requestHeaders(
  raw: readonly string[],
  connection: string | undefined,
  replaced: ReadonlySet<string>,
): string[] {
  const listed = connection === undefined ? undefined : listedIn(connection)
  const kept: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = lowerCase(raw[i] as string)
    if (!passes(name) || replaced.has(asRead(name)) || listed?.has(name) === true) continue
    kept.push(name, raw[i + 1] as string)
  }
  return kept
}

/** Headers of an answer as undici delivers them: lower-case names. */
export type IncomingHeaders = Readonly<Record<string, string | string[] | undefined>>

/** Whether an answer is a stream of events, which may be silent for long. */
export function isEventStream(headers: IncomingHeaders): boolean {
  const type = headers['content-type']
  return typeof type === 'string' && type.toLowerCase().startsWith('text/event-stream')
}

/** Returns the headers of an answer that pass, as a flat list with room for more. */
export function answerHeadersToPass(headers: IncomingHeaders): string[] {
  const connection = headers['connection']
  const listed =
    connection === undefined
      ? undefined
      : listedIn(typeof connection === 'string' ? connection : connection.join(','))
  const kept: string[] = []
  for (const name in headers) {
    if (droppedFromAnswer.has(name) || listed?.has(name) === true) continue
    if (name.startsWith('evergrant-')) continue
    const value = headers[name]
    if (typeof value === 'string') kept.push(name, value)
    else if (value !== undefined) for (const one of value) kept.push(name, one)
  }
  return kept
}

const nothingListed: ReadonlySet<string> = new Set()

/**
 * The names in a `Connection` header. Framing and content never depend on it: a caller must not
 * take them out by listing them.
 */
function listedIn(connection: string): ReadonlySet<string> {
  if (connection === 'keep-alive' || connection === 'close' || connection === 'Keep-Alive') {
    return nothingListed
  }
  const names = connection
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => !name.startsWith('content-') && name !== 'date')
  return new Set(names)
}
