import { kindOf, type Answer, type SimulatedRequest } from './answer.ts'
import { graphError, graphHeaders } from './graph-errors.ts'
import type { World } from './world.ts'

/** Requests that one batch may hold. */
const mostItems = 20

interface BatchItem {
  readonly id: string
  readonly method: string
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly dependsOn?: readonly string[]
}

interface BatchReply {
  readonly id: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/**
 * Answers `POST /$batch`: each item judged, charged and throttled alone, by `answer`; the batch
 * itself is 200 whatever became of them. Replies come in another order than the items, as they
 * may.
 */
export function answerBatch(
  world: World,
  request: SimulatedRequest,
  answer: (item: SimulatedRequest) => Answer,
): Answer {
  const items = readItems(request.body)
  if (typeof items === 'string') return graphError(request, 400, 'BadRequest', items)
  const replies = new Map<string, BatchReply>()
  let latencyMs = 0
  for (const item of items) {
    const failed = item.dependsOn?.find((id) => !isSuccess(replies.get(id)?.status))
    const one = requestOf(world, request, item)
    const answered =
      failed !== undefined
        ? failedDependency(one)
        : one.kind === 'batch'
          ? graphError(one, 400, 'BadRequest', 'A batch cannot hold another one.')
          : answer(one)
    latencyMs = Math.max(latencyMs, answered.latencyMs ?? 0)
    replies.set(item.id, replyOf(item, answered))
  }
  return {
    status: 200,
    headers: { ...graphHeaders(request), 'Content-Type': 'application/json' },
    body: JSON.stringify({ responses: [...replies.values()].toReversed() }),
    latencyMs,
  }
}

/** The items of a body; a text tells what is wrong with it. */
function readItems(text: string): readonly BatchItem[] | string {
  const requests = requestsOf(text)
  if (!Array.isArray(requests) || requests.length === 0 || requests.length > mostItems) {
    return `Expected "requests" with 1 to ${mostItems} requests.`
  }
  const items = requests as readonly Partial<BatchItem>[]
  const known = new Set<string>()
  for (const { dependsOn = [], id, method, url } of items) {
    if (typeof id !== 'string' || typeof method !== 'string' || typeof url !== 'string') {
      return 'Every request of a batch needs "id", "method" and "url".'
    }
    if (known.has(id)) return `The request id '${id}' is used twice in the batch.`
    const unknown = dependsOn.find((other) => !known.has(other))
    if (unknown !== undefined) return `The request '${id}' depends on '${unknown}', not before it.`
    known.add(id)
  }
  return items as readonly BatchItem[]
}

function requestsOf(text: string): unknown {
  try {
    return (JSON.parse(text) as { readonly requests?: unknown }).requests
  } catch {
    return undefined
  }
}

/** An item as if it had come alone, with the token of the batch. */
function requestOf(world: World, batch: SimulatedRequest, item: BatchItem): SimulatedRequest {
  const [, version = 'v1.0'] = batch.path.split('/')
  const url = `/${version}/${item.url.replace(/^\/+/, '')}`
  const [path = '', search = ''] = url.split('?', 2)
  const own = Object.entries(item.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
  const { authorization } = batch.headers
  return {
    ...batch,
    method: item.method.toUpperCase(),
    kind: kindOf(path),
    url,
    path: decodedPath(path),
    query: new URLSearchParams(search),
    headers: { ...(Object.fromEntries(own) as Record<string, string>), authorization },
    body: item.body === undefined ? '' : JSON.stringify(item.body),
    requestId: world.newRequestId(),
  }
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function replyOf({ id }: BatchItem, { body, headers, status }: Answer): BatchReply {
  const text = body.toString()
  const isJson = headers['Content-Type']?.startsWith('application/json') === true
  return { id, status, headers, body: isJson ? (JSON.parse(text) as unknown) : text }
}

function isSuccess(status = 500): boolean {
  return status >= 200 && status < 300
}

function failedDependency(request: SimulatedRequest): Answer {
  const message = 'A request that this one depends on failed.'
  return graphError(request, 424, 'FailedDependency', message)
}
