import { operationTable, type Operations } from './api-types.ts'
import { EvergrantAnswerInvalid, problemOf } from './problem.ts'

/** Where the service is, and who calls it. */
export interface ClientOptions {
  /** Where the service is reached, such as `https://evergrant.example`. */
  readonly url: string
  /**
   * A caller key (`egk_…`), or what gives one; asked for every request. Absent in the console,
   * whose session goes with a cookie that no script can read.
   */
  readonly key?: string | (() => string | Promise<string>)
  /** Further headers, asked for every request. */
  readonly headers?: () => Readonly<Record<string, string>>
  /** In place of the platform’s `fetch`. */
  readonly fetch?: typeof globalThis.fetch
}

/** Ends a request. */
export interface CallOptions {
  readonly signal?: AbortSignal
}

/** Names of operations. */
export type OperationId = keyof Operations

/** Sends requests to the API. */
export interface Sender {
  /** Sends one operation and reads its result. @throws EvergrantProblem, EvergrantAnswerInvalid */
  call<Id extends OperationId>(
    id: Id,
    input: Operations[Id]['input'],
    options?: CallOptions,
  ): Promise<Operations[Id]['result']>
  /** Opens a path of the API and leaves its body unread. @throws EvergrantProblem */
  open(path: string, init: RequestInit): Promise<Response>
}

interface Place {
  readonly method: string
  readonly path: string
  readonly query: readonly string[]
  readonly hasBody: boolean
}

/** Makes the sender of a client. */
export function createSender(options: ClientOptions): Sender {
  const base = options.url.replace(/\/+$/, '')
  const { key, headers: further, fetch: send = fetch } = options

  async function open(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    for (const [name, value] of Object.entries(further?.() ?? {})) headers.set(name, value)
    if (key !== undefined) {
      headers.set('authorization', `Bearer ${typeof key === 'string' ? key : await key()}`)
    }
    // A redirect would take the key to wherever it leads.
    const answer = await send(`${base}${path}`, { ...init, headers, redirect: 'manual' })
    if (answer.status >= 200 && answer.status < 300) return answer
    if (answer.status < 400) {
      throw new EvergrantAnswerInvalid(answer.status, 'it leads elsewhere')
    }
    throw await problemOf(answer)
  }

  return {
    open,
    call: async (id, input, { signal } = {}) => {
      const place: Place = operationTable[id]
      const { path, body } = divide(place, input)
      const answer = await open(path, {
        method: place.method,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body }),
        ...(signal === undefined ? {} : { signal }),
      })
      const result = answer.status === 204 ? undefined : await resultOf(answer)
      return result as Operations[typeof id]['result']
    },
  }
}

async function resultOf(answer: Response): Promise<unknown> {
  try {
    return await answer.json()
  } catch (cause) {
    // A body that broke off or was given up is no stranger's.
    if (!(cause instanceof SyntaxError)) throw cause
    throw new EvergrantAnswerInvalid(answer.status, 'it is not JSON')
  }
}

/** A value as one segment of a path. */
function segmentOf(value: string): string {
  // `.` and `..` name no segment, however they are written: URLs take them away.
  if (value === '' || value === '.' || value === '..') {
    throw new TypeError(`expected a name, but saw ${JSON.stringify(value)}`)
  }
  return encodeURIComponent(value)
}

/** Puts every field of an input where it belongs: path, query or body. */
function divide(
  place: Place,
  input: Readonly<Record<string, unknown>>,
): { readonly path: string; readonly body?: string } {
  const used = new Set<string>()
  const path = place.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    used.add(name)
    return segmentOf(String(input[name]))
  })
  const query = new URLSearchParams()
  for (const name of place.query) {
    used.add(name)
    const value = input[name] as string | number | boolean | undefined
    if (value !== undefined) query.set(name, String(value))
  }
  const search = query.size === 0 ? '' : `?${query.toString()}`
  if (!place.hasBody) return { path: `${path}${search}` }
  const rest = Object.entries(input).filter(
    ([name, value]) => !used.has(name) && value !== undefined,
  )
  return { path: `${path}${search}`, body: JSON.stringify(Object.fromEntries(rest)) }
}
