/** A complete answer, before the wire and its accidents. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | string
  /** The compressed body, where it is kept. */
  readonly gzipped?: () => Promise<Buffer>
  /** Rows in `value`, when the answer is a page of a collection. */
  readonly rows?: number
}

/** What the simulator takes a request for. */
export type RequestKind =
  'metadata' | 'keys' | 'instance' | 'token' | 'users' | 'user' | 'count' | 'other'

/** A request as the simulator reads it. */
export interface SimulatedRequest {
  readonly method: string
  readonly kind: RequestKind
  /** Scheme, host and port the client used: links in answers lead back there. */
  readonly origin: string
  /** Path and query as sent. */
  readonly url: string
  /** Path alone, percent-decoded. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Form or JSON body of a POST. */
  readonly body: string
  /** The id this answer carries. */
  readonly requestId: string
  /** The simulator's time when the request came. */
  readonly receivedAt: number
}

/** A header's text; the first, when it was sent several times. */
export function headerOf(request: SimulatedRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** Which side a kind of request belongs to; errors look different there. */
export function isGraphKind(kind: RequestKind, path: string): boolean {
  return kind === 'users' || kind === 'user' || kind === 'count' || /^\/(v1\.0|beta)\b/.test(path)
}

/** Tells what a path is. */
export function kindOf(path: string): RequestKind {
  if (/^\/(?:v1\.0|beta)\/users$/.test(path)) return 'users'
  if (/^\/(?:v1\.0|beta)\/users\/\$count$/.test(path)) return 'count'
  if (/^\/(?:v1\.0|beta)\/users\/[^/]+$/.test(path)) return 'user'
  if (/^\/[^/]+\/oauth2\/v2\.0\/token$/.test(path)) return 'token'
  if (/^\/[^/]+\/(?:v2\.0\/)?\.well-known\/openid-configuration$/.test(path)) return 'metadata'
  if (/^\/[^/]+\/discovery\/v2\.0\/keys$/.test(path)) return 'keys'
  if (path === '/common/discovery/instance') return 'instance'
  return 'other'
}
