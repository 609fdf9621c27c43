import { z } from 'zod'
import { errorCodeSchema, instant } from './fields.ts'

/** How the keys of one `iss` stand, as the API sends it. */
export const issuerHealthSchema = z
  .object({
    issuer: z.string().describe('Name in the configuration'),
    iss: z.string().describe('As tokens have it; at Entra there are two for each tenant'),
    state: z
      .enum(['unasked', 'fresh', 'idle', 'failing', 'stale', 'unusable'])
      .describe(
        '`unasked`: no token of it came yet. `idle`: older than an hour, and nobody needed them. `failing`: the last fetch failed. `stale`: it fails for so long that they are older than an hour. `unusable`: there are none that may serve.',
      ),
    warning: z.string().nullable(),
    keys: z.array(z.string()).describe('Their names (`kid`)'),
    skipped_keys: z.array(z.string()).describe('Published, but not used, and why'),
    age_seconds: z.int().nullable(),
    fetched_at: instant.nullable(),
    next_fetch_at: instant.nullable().describe('At the first use after that'),
    usable_until: instant.nullable(),
    stale_since: instant.nullable(),
    failed_at: instant.nullable(),
    failure: z.string().nullable(),
    fetches: z.int(),
    failures: z.int(),
  })
  .meta({ id: 'IssuerHealth' })

/** A refused token, as the API sends it. */
export const refusalSchema = z
  .object({
    at: instant,
    issuer: z.string().nullable(),
    stage: z.string(),
    code: errorCodeSchema,
    expected: z.string(),
    seen: z.string().describe('Local parts of addresses masked'),
    remedy: z.string(),
    fingerprint: z.string().describe('Beginning of the SHA-256 of the token'),
    key_id: z.string().nullable(),
    token_id: z.string().nullable().describe('`uti` or `jti`, for finding it in the issuer’s logs'),
    request_id: z.string().nullable().describe('As the caller was told it'),
  })
  .meta({ id: 'BearerRefusal' })
