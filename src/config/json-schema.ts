import { z } from 'zod'
import { configSchema } from './config-schema.ts'
import type { FieldPath } from './yaml-source.ts'

/** As much of JSON Schema 2020-12 as the configuration's schema uses. */
export interface JsonSchema {
  readonly $schema?: string
  readonly title?: string
  readonly description?: string
  readonly type?: string
  readonly const?: string
  readonly enum?: readonly string[]
  readonly default?: string | boolean | number | object
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly propertyNames?: JsonSchema
  readonly items?: JsonSchema
  readonly oneOf?: readonly JsonSchema[]
  readonly anyOf?: readonly JsonSchema[]
}

let made: JsonSchema | undefined

/** The configuration's JSON Schema (draft 2020-12), for editors and for the reference. */
export function configJsonSchema(): JsonSchema {
  made ??= {
    title: 'evergrant.yaml',
    ...(z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema),
  }
  return made
}

/**
 * Finds the part of the schema that governs a path; among alternatives the one whose `type` the
 * data names, or whose form the data has. Undefined where the schema knows nothing of the path.
 */
export function schemaAt(path: FieldPath, data: unknown): JsonSchema | undefined {
  let schema: JsonSchema | undefined = configJsonSchema()
  let value = data
  schema = choose(schema, value)
  for (const segment of path) {
    if (schema === undefined) return undefined
    const next: JsonSchema | undefined = child(schema, segment)
    value = member(value, segment)
    schema = next === undefined ? undefined : choose(next, value)
  }
  return schema
}

function child(schema: JsonSchema, segment: PropertyKey): JsonSchema | undefined {
  if (typeof segment === 'number') return schema.items
  const name = String(segment)
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, name)) {
    return schema.properties[name]
  }
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined
}

function choose(schema: JsonSchema, value: unknown): JsonSchema {
  const form = schema.anyOf?.find((option) => option.type === formOf(value))
  if (form !== undefined) return form
  const type = member(value, 'type')
  return (
    (type === undefined
      ? undefined
      : schema.oneOf?.find((option) => option.properties?.['type']?.const === type)) ?? schema
  )
}

/** The `type` that JSON Schema gives a value. */
export function formOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return value === null ? 'null' : typeof value
}

/** Reads one member of anything; undefined where there is none. Never reaches a prototype. */
export function member(value: unknown, segment: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment))
    return undefined
  return (value as Record<PropertyKey, unknown>)[segment]
}

/** The keys of a mapping; none of anything else. */
export function keysOf(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.keys(value)
    : []
}
