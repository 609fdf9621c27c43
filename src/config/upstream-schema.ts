import { z } from 'zod'
import { duration, flag, listOf, wholeNumber } from './fields.ts'
import { pathPattern } from './path-pattern-field.ts'
import { rejectedSchema } from './rejection-schema.ts'
import { headerName, parameterName, template } from './template-field.ts'
import { baseUrl } from './urls.ts'

const methodNames = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'QUERY',
  'SEARCH',
  'PROPFIND',
  'PROPPATCH',
  'REPORT',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
  'MERGE',
] as const

/** Durations and bounds of one call, as an upstream has them by default. */
const timeouts = z
  .strictObject({
    connect: duration({ least: '10ms', most: '1m' })
      .prefault('10s')
      .describe('For a connection to open, from 10ms to 1m.'),
    headers: duration({ least: '10ms', most: '1h' })
      .prefault('60s')
      .describe('For an answer to begin, from 10ms to 1h.'),
    idle: duration({ least: '10ms', most: '1h' })
      .prefault('60s')
      .describe('Between two pieces of a body, either way, from 10ms to 1h.'),
  })
  .prefault({})
  .describe('How long a call waits.')

/** How the gateway calls an API; every field needs `url`. */
const gatewayFields = {
  headers: z
    .record(headerName(), template())
    .default({})
    .describe(
      'Headers to set; `{token}` stands for the access token. Where neither they nor `query` place the token, `authorization: Bearer {token}` is set as well. What a caller sends of the same name is replaced.',
    ),
  query: z
    .record(parameterName(), template())
    .default({})
    .describe('Query parameters to set; `{token}` stands for the access token.'),
  methods: listOf(z.enum(methodNames), 1, {
    expected: 'at least one method',
    remedy: 'Name one, or remove the line: then all may be called.',
  })
    .optional()
    .describe('Methods that may be called, in upper case. Default: all.'),
  paths: listOf(pathPattern(), 1, {
    expected: 'at least one pattern',
    remedy: 'Write one, or remove the line: then all paths may be called.',
  })
    .optional()
    .describe(
      'Patterns of the paths below `url` that may be called: `*` within a segment, `**` across segments. Default: all.',
    ),
  rejected: rejectedSchema,
  replayUnsafe: flag()
    .default(false)
    .describe(
      'Whether a request whose method is not idempotent, such as POST, is sent again when a rule recognised a refused token in an answer with 5xx, 2xx or 3xx. An `Idempotency-Key` allows it for one request.',
    ),
  normalise: flag()
    .default(false)
    .describe(
      'Whether a refused token that could not be repaired is told to the caller as 401 (RFC 6750), whatever the API answered.',
    ),
  links: z
    .enum(['rewrite', 'keep'])
    .optional()
    .describe(
      'Whether links of the API’s own origin (`@odata.nextLink`, `@odata.deltaLink`, `Location`) are pointed back at the gateway. Default: `rewrite` for Microsoft Graph, else `keep`.',
    ),
  allowPrivate: flag()
    .default(false)
    .describe(
      'Whether the name in `url` may resolve to private addresses. An address written in `url` permits itself.',
    ),
  http2: flag()
    .default(false)
    .describe('Whether HTTP/2 is spoken where the API offers it (https only).'),
  timeouts,
  concurrency: wholeNumber(1, 10_000)
    .optional()
    .describe('How many requests may be under way at once, from 1 to 10000. Default: no bound.'),
}

/** The names of the fields that mean something only where there is a `url`. */
export const gatewayFieldNames: readonly string[] = Object.keys(gatewayFields)

/** What an upstream says of the gateway. */
export const upstreamFields = {
  url: baseUrl()
    .optional()
    .describe(
      'Base URL of the API; https, or http on this machine only. Absent where only tokens are wanted.',
    ),
  ...gatewayFields,
}
