import { z } from 'zod'
import { operations as accessOperations } from '../../access/index.ts'
import { errorDefinition, type ErrorCode } from '../../kernel/index.ts'
import { problemSchema } from './fields.ts'
import type { ApiOperation } from './operation.ts'
import { surfaces } from './surfaces.ts'

type Json = Readonly<Record<string, unknown>>

/** An OpenAPI 3.1 document, as far as we look into it. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, Json>>
    readonly securitySchemes: Json
  }
  readonly [member: string]: unknown
}

/** Codes that every operation may yield. */
const always = [
  'request_invalid',
  'caller_unauthenticated',
  'caller_throttled',
  'store_unavailable',
] as const satisfies readonly ErrorCode[]

/** Codes that every operation with a body may yield besides. */
const ofBodies = ['request_too_large', 'media_type_unsupported'] as const

/** Describes operations, and the surfaces beside them, as an OpenAPI 3.1 document. */
export function describeApi(operations: readonly ApiOperation[]): OpenApiDocument {
  const schemas: Record<string, Json> = {}
  const refTo = (schema: z.ZodType, io: 'input' | 'output'): Json => {
    const {
      $schema: _,
      $defs = {},
      id,
      ...body
    } = rewritten(z.toJSONSchema(schema, { io })) as {
      readonly $schema?: string
      readonly $defs?: Readonly<Record<string, Json>>
      readonly id?: string
    }
    for (const [name, { id: _id, ...one }] of Object.entries($defs)) schemas[name] = one
    if (id === undefined) return body
    schemas[id] = body
    return { $ref: `#/components/schemas/${id}` }
  }
  // What goes out may gain fields.
  const openRef = (schema: z.ZodType): Json => refTo(schema, 'input')
  openRef(problemSchema)
  const paths: Record<string, Record<string, Json>> = {}
  for (const operation of operations) {
    const { id, method, path, summary, description, params, query, body, response } = operation
    const least = accessOperations[operation.operation]
    const needs =
      operation.operation === 'tokens.issue'
        ? 'Needs a permit for the connection and for raw tokens.'
        : least === 'none'
          ? 'Needs no role.'
          : `Needs the role ${least}.`
    paths[path] ??= {}
    paths[path][method.toLowerCase()] = {
      operationId: id,
      tags: [id.split('.', 1)[0]],
      summary,
      description: description === undefined ? needs : `${description}\n\n${needs}`,
      'x-evergrant-role': least,
      ...(operation.isOpen === true
        ? { security: [{}, { callerKey: [] }, { callerKeyHeader: [] }] }
        : {}),
      parameters: [...parametersOf('path', params, refTo), ...parametersOf('query', query, refTo)],
      ...(body === undefined
        ? {}
        : {
            requestBody: {
              required: !body.safeParse({}).success,
              content: { 'application/json': { schema: refTo(body, 'input') } },
            },
          }),
      responses: {
        [operation.status]: {
          description: 'Done.',
          ...(operation.isStream === true
            ? { content: { 'text/event-stream': { schema: { type: 'string' } } } }
            : response === undefined
              ? {}
              : { content: { 'application/json': { schema: openRef(response) } } }),
        },
        ...problemsOf([
          ...always,
          ...(body === undefined ? [] : ofBodies),
          ...(least === 'none' ? [] : (['role_missing'] as const)),
          ...operation.errors,
        ]),
      },
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Evergrant',
      version: '1',
      description:
        'Fields are snake_case, instants RFC 3339. Lists come in pages: pass `next` as `cursor` until it is null. Errors are problems (RFC 9457) with a `code` that is never renamed and a `remedy`.',
    },
    security: [{ callerKey: [] }, { callerKeyHeader: [] }],
    paths: { ...paths, ...surfaces },
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).toSorted(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        callerKey: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A caller key (`egk_…`), a session (`egs_…`), or an access token of an accepted issuer',
        },
        callerKeyHeader: { type: 'apiKey', in: 'header', name: 'Evergrant-Key' },
      },
    },
  }
}

function parametersOf(
  place: 'path' | 'query',
  schema: z.ZodObject | undefined,
  refTo: (schema: z.ZodType, io: 'input' | 'output') => Json,
): readonly Json[] {
  if (schema === undefined) return []
  const { properties = {}, required = [] } = refTo(schema, 'input') as {
    readonly properties?: Readonly<Record<string, Json>>
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, { description, ...one }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: one,
  }))
}

/** Problems by their status, with the codes that mean it. */
function problemsOf(codes: readonly ErrorCode[]): Json {
  const byStatus = new Map<number, ErrorCode[]>()
  for (const code of new Set(codes)) {
    const { status } = errorDefinition(code)
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, those]) => [
      status,
      {
        description: those.map((code) => `\`${code}\`: ${errorDefinition(code).title}.`).join(' '),
        'x-evergrant-codes': those,
        content: {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        },
      },
    ]),
  )
}

/** References between schemas as they are within the document. */
function rewritten(schema: unknown): unknown {
  return JSON.parse(
    JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'),
  ) as unknown
}
