import { describe, expect, it } from 'vitest'
import { configJsonSchema, type JsonSchema } from './json-schema.ts'

/** Paths of fields without a sentence of description, and of mappings open to unknown keys. */
function gaps(schema: JsonSchema, path: string): string[] {
  const { properties, additionalProperties: entry, items, oneOf = [], anyOf = [] } = schema
  const fields = Object.entries(properties ?? {})
  return [
    ...(properties !== undefined && entry !== false ? [`${path} is open`] : []),
    ...fields
      .filter(([, field]) => !/^[A-Z`].*\.$/.test(field.description ?? ''))
      .map(([name]) => `${path}.${name} is not described`),
    ...fields.flatMap(([name, field]) => gaps(field, `${path}.${name}`)),
    ...(typeof entry === 'object' ? gaps(entry, `${path}.*`) : []),
    ...(items === undefined ? [] : gaps(items, `${path}[]`)),
    ...[...oneOf, ...anyOf].flatMap((option) => gaps(option, path)),
  ]
}

describe('the JSON Schema', () => {
  it('describes every field in a sentence and accepts no unknown one', () => {
    expect(gaps(configJsonSchema(), '')).toEqual([])
  })

  it('says that a reference has exactly one of env, file and exec', () => {
    const key = configJsonSchema().properties?.['encryption']?.properties?.['keys']?.items
    expect(key?.oneOf).toEqual([
      { required: ['env'] },
      { required: ['file'] },
      { required: ['exec'] },
    ])
  })
})
