import { z } from 'zod'
import { EvergrantError } from '../kernel/index.ts'
import { issuerHealthSchema, refusalSchema } from './api/issuer-schema.ts'
import { askService, type ServiceQuestion } from './ask-service.ts'

/** How the keys of an `iss` stand, as a service tells it. */
export type ToldIssuer = z.infer<typeof issuerHealthSchema>

/** A refused token, as a service tells it. */
export type ToldRefusal = z.infer<typeof refusalSchema>

/** Pages of issuers that are read at most: more than any configuration has. */
const mostPages = 100

/**
 * Asks a running service how the keys of its issuers stand.
 *
 * @throws EvergrantError as `askService`
 */
export async function askIssuers(question: ServiceQuestion): Promise<readonly ToldIssuer[]> {
  const page = z.object({ items: z.array(issuerHealthSchema), next: z.string().nullable() })
  const all: ToldIssuer[] = []
  let cursor = ''
  for (let pages = 0; pages < mostPages; pages++) {
    const path = `/api/v1/issuers?limit=500${cursor}`
    const { items, next } = read(page, await askService(path, question, 'GET'))
    all.push(...items)
    if (next === null) break
    cursor = `&cursor=${encodeURIComponent(next)}`
  }
  return all
}

/** Has a running service fetch the keys of an issuer now. @throws EvergrantError as `askService` */
export async function refreshIssuer(
  issuer: string,
  question: ServiceQuestion,
): Promise<readonly ToldIssuer[]> {
  const path = `/api/v1/issuers/${encodeURIComponent(issuer)}/refresh`
  const answer = z.object({ issuers: z.array(issuerHealthSchema) })
  return read(answer, await askService(path, question)).issuers
}

/** Asks a running service which tokens it refused last. @throws EvergrantError as `askService` */
export async function askRefusals(
  issuer: string | undefined,
  question: ServiceQuestion,
): Promise<readonly ToldRefusal[]> {
  const query = issuer === undefined ? '' : `&issuer=${encodeURIComponent(issuer)}`
  const text = await askService(`/api/v1/issuers/refusals?limit=100${query}`, question, 'GET')
  return read(z.object({ items: z.array(refusalSchema) }), text).items
}

function read<T extends z.ZodType>(schema: T, text: string): z.output<T> {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    const detail = 'the service answered, but not as this version does'
    throw new EvergrantError('service_not_running', detail, { cause })
  }
}
