import { z } from 'zod'
import { connectionSchema } from './connection-schema.ts'
import { exactlyOneOf, filePath, mapName, must, text, variableName } from './fields.ts'
import { providerSchema } from './provider-schema.ts'

const keySchema = exactlyOneOf(
  z.strictObject({
    id: must(text('an id'), (id) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/.test(id), {
      expected: 'an id of 1 to 32 characters: A-Z, a-z, 0-9, ".", "_" and "-"',
      remedy: 'Name the key shortly, such as k1; the name stands in every value it seals.',
    }).describe(
      'Name of the key, unique, 1 to 32 characters; it stands in every value the key seals, so never reuse it for another key.',
    ),
    env: variableName()
      .optional()
      .describe('Environment variable that holds the key: 32 bytes in base64.'),
    file: filePath()
      .optional()
      .describe('File that holds the key, 32 bytes in base64, relative to the configuration file.'),
  }),
  ['env', 'file'],
  {
    expected: 'exactly one of "env" and "file"',
    remedy: 'Say where the key stands: { id: k1, file: ./evergrant.key } or { id: k1, env: NAME }.',
  },
).describe('One encryption key; exactly one of `env` and `file` says where it stands.')

/** The configuration as written; the one source of types, messages, JSON Schema and reference. */
export const configSchema = z
  .strictObject({
    store: must(
      must(
        z.string('"sqlite:" and the path of the database'),
        (value) => value.startsWith('sqlite:') && value.length > 7,
        {
          expected: '"sqlite:" and the path of the database, such as sqlite:./evergrant.db',
          remedy: 'Write sqlite:PATH; this version keeps its data in SQLite.',
        },
      ),
      (value) => filePath().safeParse(value.slice(7)).success && value !== 'sqlite::memory:',
      {
        expected:
          '"sqlite:" and a path, absolute or relative to this file, without "~" or variables',
        remedy: 'Write the path of a file out: no shell reads this file.',
      },
    )
      .meta({ pattern: '^sqlite:.+' })
      .describe(
        'Where Evergrant keeps its data: `sqlite:PATH`, relative to the configuration file; made when absent.',
      ),
    encryption: z
      .strictObject({
        keys: must(z.array(keySchema).meta({ minItems: 1 }), (keys) => keys.length > 0, {
          expected: 'at least one key',
          remedy: 'Make one with `evergrant keys new` and name it here.',
        }).describe('The key ring: the first key seals, all open. At least one.'),
      })
      .describe('How secrets and tokens are sealed in the store.'),
    providers: z
      .record(mapName(), providerSchema)
      .default({})
      .describe('Authorization servers, by a name of your choice.'),
    connections: z
      .record(mapName(), connectionSchema)
      .default({})
      .describe('What tokens are obtained for, by a name of your choice.'),
  })
  .describe('Configuration of Evergrant.')

/** The configuration as the schema reads it, before references and defaults are resolved. */
export type ConfigFile = z.output<typeof configSchema>
