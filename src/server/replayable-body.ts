/** A request’s body, for one sending or several. */
export interface KeptBody {
  /** Whether it can be sent more than once. */
  readonly isReplayable: boolean
  /** The part of `RequestInit` that sends it; empty where `fetch` has to find it itself. */
  toSend(): RequestInit
}

/**
 * Keeps the body that `fetch` would send of these arguments. Text, bytes, `Blob`, `FormData` and
 * `URLSearchParams` are kept as they are now, whatever the caller does with them afterwards. A
 * stream, an iterable and the body of a `Request` can be sent once.
 */
export function keepBody(input: string | URL | Request, init: RequestInit | undefined): KeptBody {
  const body: unknown = init?.body
  if (body === undefined || body === null) {
    // With `null` said outright, a Request goes without the body it has.
    const isNone = body === null || !(input instanceof Request) || input.body === null
    return { isReplayable: isNone, toSend: () => ({}) }
  }
  const kept = snapshot(body)
  if (kept === undefined) return { isReplayable: false, toSend: () => ({}) }
  return { isReplayable: true, toSend: () => ({ body: kept }) }
}

function snapshot(body: unknown): NonNullable<RequestInit['body']> | undefined {
  if (typeof body === 'string' || body instanceof Blob) return body
  if (body instanceof URLSearchParams) return new URLSearchParams(body)
  if (body instanceof FormData) return copyForm(body)
  if (body instanceof ArrayBuffer) return body.slice(0)
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice()
  }
  return undefined
}

function copyForm(form: FormData): FormData {
  const copy = new FormData()
  for (const [name, value] of form) {
    if (typeof value === 'string') copy.append(name, value)
    else copy.append(name, value, value.name)
  }
  return copy
}
