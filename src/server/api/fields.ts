import { z } from 'zod'
import { EvergrantError, errorRegistry, remedyActors, type ErrorCode } from '../../kernel/index.ts'

/** An instant on the wire: RFC 3339, in UTC. */
export const instant = z.string().meta({ format: 'date-time' })

/** Every code of the registry. */
export const errorCodeSchema = z
  .enum(Object.keys(errorRegistry).toSorted() as [ErrorCode, ...ErrorCode[]])
  .meta({ id: 'ErrorCode' })

/** What is to be done, next to `remedy`. */
export const guidance = {
  meaning: z
    .string()
    .nullable()
    .describe('What a number of the provider’s means: whose sign-in, which tenant’s policy'),
  steps: z.array(z.string()).describe('What to do, in this order; at least one'),
  link: z.string().nullable().describe('Where the other side says more'),
  actor: z.enum(remedyActors).describe('Who must act; `subject` is the person who signs in'),
}

/** A problem (RFC 9457) with our members. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: errorCodeSchema,
    remedy: z.string(),
    ...guidance,
    retry_after: z.int().optional().describe('Seconds to wait before trying again'),
    request_id: z.string().optional(),
    stage: z.string().optional().describe('Of a bearer token: the first stage that did not hold'),
    expected: z.string().optional().describe('What would have passed there'),
    seen: z.string().optional().describe('What was there; never the token'),
    upstream: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Problem' })

/** Query of every list. */
export const paging = {
  limit: z.coerce.number().int().min(1).max(500).default(100).describe('How many at most'),
  cursor: z.string().max(2_000).optional().describe('`next` of the page before'),
}

/** A page of a list: `next` is null at its end. */
export function pageOf<T extends z.ZodType>(
  item: T,
): z.ZodObject<{ items: z.ZodArray<T>; next: z.ZodNullable<z.ZodString> }> {
  return z.object({ items: z.array(item), next: z.string().nullable() })
}

/** A flag in a query. */
export const flag = z.enum(['true', 'false']).transform((text) => text === 'true')

/** An epoch instant as it goes out. */
export const toWire = (at: number): string => new Date(at).toISOString()

/** An instant as it comes in. @throws EvergrantError `request_invalid` */
export function fromWire(field: string, text: string): number {
  const at = Date.parse(text)
  if (/^\d{4}-\d\d-\d\dT/.test(text) && Number.isFinite(at)) return at
  throw new EvergrantError(
    'request_invalid',
    `"${field}": expected an instant of RFC 3339, but saw ${JSON.stringify(text.slice(0, 60))}`,
  )
}

/** A cursor that says nothing to whoever holds it. */
export const toCursor = (place: readonly string[]): string =>
  Buffer.from(JSON.stringify(place)).toString('base64url')

/** Reads a cursor that stands for so many texts. @throws EvergrantError `request_invalid` */
export function fromCursor(cursor: string, length: number): readonly string[] {
  try {
    const place: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (
      Array.isArray(place) &&
      place.length === length &&
      // Nothing that is stored has U+0000 or half a character, and no database would look for it.
      place.every((part) => typeof part === 'string' && !part.includes('\0') && part.isWellFormed())
    ) {
      return place
    }
  } catch {
    // Told below.
  }
  throw new EvergrantError(
    'request_invalid',
    '"cursor": expected the "next" of a page of this list, but saw something else',
  )
}

/** Cuts one row more than was asked for into a page. */
export function cutPage<T, W>(
  rows: readonly T[],
  limit: number,
  { toJson, placeOf }: { toJson: (row: T) => W; placeOf: (row: T) => readonly string[] },
): { items: W[]; next: string | null } {
  const kept = rows.slice(0, limit)
  const last = kept.at(-1)
  const next = rows.length > limit && last !== undefined ? toCursor(placeOf(last)) : null
  return { items: kept.map(toJson), next }
}
