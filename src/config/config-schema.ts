import { z } from 'zod'
import { alarmSchema } from './alarm-schema.ts'
import { connectionSchema } from './connection-schema.ts'
import { mapName, must, text } from './fields.ts'
import { importSchema } from './import-schema.ts'
import { issuerSchema } from './issuer-schema.ts'
import { networkSchema } from './network-schema.ts'
import { providerSchema } from './provider-schema.ts'
import { oneSecretPlace, placeFields } from './secret-schema.ts'
import { serverSchema } from './server-schema.ts'
import { storeSchema } from './store-schema.ts'

const keySchema = oneSecretPlace(
  z.strictObject({
    id: must(text('an id'), (id) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/.test(id), {
      expected: 'an id of 1 to 32 characters: A-Z, a-z, 0-9, ".", "_" and "-"',
      remedy: 'Name the key shortly, such as k1; the name stands in every value it seals.',
    }).describe(
      'Name of the key, unique, 1 to 32 characters; it stands in every value the key seals, so never reuse it for another key.',
    ),
    ...placeFields('key: 32 bytes in base64'),
  }),
).describe('One encryption key; exactly one of `env`, `file` and `exec` says where it stands.')

/** The configuration as written; the one source of types, messages, JSON Schema and reference. */
export const configSchema = z
  .strictObject({
    store: storeSchema,
    encryption: z
      .strictObject({
        keys: must(z.array(keySchema).meta({ minItems: 1 }), (keys) => keys.length > 0, {
          expected: 'at least one key',
          remedy: 'Make one with `evergrant keys new` and name it here.',
        }).describe('The key ring: the first key seals, all open. At least one.'),
      })
      .describe('How secrets and tokens are sealed in the store.'),
    server: serverSchema,
    network: networkSchema,
    providers: z
      .record(mapName(), providerSchema)
      .default({})
      .describe('Authorization servers, by a name of your choice.'),
    connections: z
      .record(mapName(), connectionSchema)
      .default({})
      .describe('What tokens are obtained for, by a name of your choice.'),
    imports: z
      .record(mapName(), importSchema)
      .default({})
      .describe('Imports, by a name of your choice, which is the name of their runs.'),
    issuers: z
      .record(mapName(), issuerSchema)
      .default({})
      .describe('Whose access tokens are accepted from callers, by a name of your choice.'),
    alarms: alarmSchema,
  })
  .describe('Configuration of Evergrant.')

/** The configuration as the schema reads it, before references and defaults are resolved. */
export type ConfigFile = z.output<typeof configSchema>
