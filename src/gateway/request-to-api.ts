import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { AccessToken } from '../kernel/index.ts'
import { requestHeaders } from './forward-headers.ts'
import type { ProxyTarget } from './parse-target.ts'
import type { UpstreamLane } from './upstream-plan.ts'

/**
 * A caller’s request as it is sent to the API: what may pass of it, with the token where the
 * upstream wants it. `upgrade` names the protocol that is asked for instead of HTTP.
 */
export function requestToApi(
  { basePath, headers: templates, query: renderQuery }: UpstreamLane,
  { path, query }: ProxyTarget,
  { method = 'GET', headers, rawHeaders }: IncomingMessage,
  token: AccessToken,
  body: Buffer | Readable | null,
  upgrade?: string,
): Dispatcher.DispatchOptions {
  const list = requestHeaders(rawHeaders, headers.connection, templates.names)
  templates.append(list, token)
  const length = headers['content-length']
  if (body !== null && !Buffer.isBuffer(body) && length !== undefined) {
    list.push('content-length', length)
  }
  const whole = basePath + path
  const rest = renderQuery === undefined ? query : renderQuery(query, token)
  return {
    path: (whole === '' ? '/' : whole) + rest,
    method,
    headers: list,
    body,
    ...(upgrade === undefined ? {} : { upgrade }),
    // The deadlines are ours: one watch for all of them.
    headersTimeout: 0,
    bodyTimeout: 0,
  }
}
