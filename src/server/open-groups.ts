import type { ConnectionHandle, GrantEngine } from '../grants/index.ts'
import { guardSource, type AskedGroups, type GroupsOf } from '../identity/index.ts'
import { isEvergrantError, type Clock } from '../kernel/index.ts'
import { readRetryAfter, type Transport } from '../oauth/index.ts'
import { createConnectionFetch } from './connection-fetch.ts'
import { peekText } from './peek-text.ts'
import { graphUrlOf } from './probe-graph.ts'

/** What groups are asked with. */
export interface GroupsOptions {
  readonly engine: Pick<GrantEngine, 'connection'>
  readonly transport: Transport
}

/** Ids that one request to Graph may ask about. */
const mostIds = 20
/** How long all answers about one caller may take (ms). */
const deadlineMs = 5_000
/** Largest answer that is read; twenty ids are far less (bytes). */
const mostBytes = 65_536
/** After a failure that names no time (ms): soon where it passes by itself, else slowly. */
const soonMs = 1_000
const slowlyMs = 30_000

type Question = Parameters<GroupsOf>[0]

/**
 * Opens what tells, with the token of a connection, which of some groups somebody is in, directly
 * or through other groups. Graph is asked about these groups alone, and by an address that is made
 * from the configuration: what a token says of where to ask is never looked at.
 *
 * @param connection `name`, or `template@tenant`; a template alone is asked for the caller’s
 *   tenant.
 * @see https://learn.microsoft.com/en-us/graph/api/directoryobject-checkmembergroups
 */
export function openGroups(
  connection: string,
  { engine, transport: { fetch, clock } }: GroupsOptions,
): GroupsOf {
  return guardSource<Question, AskedGroups>(async (question) => {
    try {
      return await ask(question)
    } catch (error) {
      if (isEvergrantError(error)) {
        const { code, retryAfterMs, definition } = error
        const pause = definition.retry === 'later' ? soonMs : slowlyMs
        // Callers read it: what the provider has to say of our client is not for them.
        const detail = `the connection that groups are asked with gives no token (${code})`
        return { kind: 'unavailable', detail, retryAfterMs: retryAfterMs ?? pause }
      }
      throw error
    }
  }, clock)

  function handleFor(tenantId: string): ConnectionHandle {
    try {
      return engine.connection(connection)
    } catch (error) {
      if (!isEvergrantError(error) || error.code !== 'tenant_required') throw error
      return engine.connection(`${connection}@${tenantId}`)
    }
  }

  async function ask({ tenantId, objectId, principal, groupIds }: Question): Promise<AskedGroups> {
    const handle = handleFor(tenantId)
    const graph = graphUrlOf(handle.definition)
    if (graph === undefined) {
      const detail = `connection "${connection}" has no tokens for Microsoft Graph`
      return { kind: 'unavailable', detail, retryAfterMs: slowlyMs }
    }
    const send = createConnectionFetch(handle, { fetch, clock, origins: [graph] })
    const collection = principal === 'application' ? 'servicePrincipals' : 'users'
    const url = `${graph}/v1.0/${collection}/${encodeURIComponent(objectId)}/checkMemberGroups`
    const groups = new Set<string>()
    const late = new AbortController()
    const cancel = clock.schedule(deadlineMs, () => late.abort())
    try {
      for (let at = 0; at < groupIds.length; at += mostIds) {
        const answer = await send(url, {
          method: 'POST',
          redirect: 'manual',
          headers: { 'content-type': 'application/json', accept: 'application/json' },
          body: JSON.stringify({ groupIds: groupIds.slice(at, at + mostIds) }),
          signal: late.signal,
        })
        const found = await readGroups(answer, clock)
        if (found === undefined) return refusedBy(answer, new URL(graph).host, clock.now())
        for (const id of found) groups.add(id)
      }
      return { kind: 'told', groups }
    } catch (error) {
      if (isEvergrantError(error)) throw error
      const { host } = new URL(graph)
      const what = late.signal.aborted
        ? `gave no whole answer within ${deadlineMs / 1_000} seconds`
        : 'could not be reached'
      return { kind: 'unavailable', detail: `${host} ${what}`, retryAfterMs: soonMs }
    } finally {
      cancel()
    }
  }
}

/** Codes by which Graph says that it does not know an object. */
const notFound = new Set<unknown>(['Request_ResourceNotFound', 'ResourceNotFound'])

/**
 * Ids of groups in lower case; undefined when the answer is none. Whom Graph does not know is in no
 * group, as the account may have been deleted since the import; any other 404 is of another server,
 * or of another address, and says nothing of the caller.
 */
async function readGroups(answer: Response, clock: Clock): Promise<readonly string[] | undefined> {
  if (answer.status !== 200 && answer.status !== 404) return undefined
  const text = await peekText(answer, clock, { bytes: mostBytes, milliseconds: deadlineMs })
  answer.body?.cancel().catch(() => {})
  try {
    const { value, error } = JSON.parse(text) as {
      readonly value?: unknown
      readonly error?: { readonly code?: unknown }
    }
    if (answer.status === 404) return notFound.has(error?.code) ? [] : undefined
    if (!Array.isArray(value) || value.some((id) => typeof id !== 'string')) return undefined
    return value.map((id) => String(id).toLowerCase())
  } catch {
    return undefined
  }
}

function refusedBy({ status, headers, body }: Response, host: string, now: number): AskedGroups {
  body?.cancel().catch(() => {})
  const asked = readRetryAfter(headers, now)
  const passes = status === 429 || status >= 500
  return {
    kind: 'unavailable',
    detail: `${host} answered ${status} when it was asked for the groups of the caller`,
    retryAfterMs: asked ?? (passes ? soonMs : slowlyMs),
    // It may answer rightly of others.
    ...(asked === undefined ? { isOwn: true } : {}),
  }
}
