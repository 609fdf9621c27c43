import { z } from 'zod'
import { connectionPresets, connectionToFile, type ProviderConfig } from '../../config/index.ts'
import { consentCallback } from '../consent-address.ts'
import { requireConnection } from '../connection-view.ts'
import { cutPage, fromCursor, pageOf, paging } from './fields.ts'
import { defineOperation, type ApiOperation } from './operation.ts'

const providerSchema = z
  .object({
    name: z.string(),
    type: z.enum(['entra', 'oidc', 'oauth2']),
    tenant: z.string().nullable().describe('Of `entra` alone'),
    issuer: z.string().nullable().describe('Of `oidc` alone'),
    redirect_uri: z
      .string()
      .describe('To be registered with the application of a connection to which people consent'),
  })
  .meta({ id: 'Provider' })

const presetSchema = z
  .object({
    name: z.string(),
    description: z.string(),
    entry: z
      .record(z.string(), z.unknown())
      .describe('A definition that lacks nothing but `provider`, `tenant` and `client`'),
  })
  .meta({ id: 'ConnectionPreset' })

/** What a connection is made of, and what becomes of it elsewhere. */
export const draftOperations: readonly ApiOperation[] = [
  defineOperation({
    id: 'providers.list',
    method: 'GET',
    path: '/api/v1/providers',
    operation: 'connections.read',
    summary: 'The providers that are configured, by name',
    status: 200,
    errors: [],
    query: z.object(paging),
    response: pageOf(providerSchema),
    handle: async ({ composition: { config }, publicUrl }, { limit, cursor }) => {
      const [after = ''] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const rows = Object.values(config.providers)
        .filter(({ name }) => name > after)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      const redirectUri = consentCallback(publicUrl())
      return cutPage(rows, limit, {
        toJson: (provider) => ({ ...providerToJson(provider), redirect_uri: redirectUri }),
        placeOf: ({ name }) => [name],
      })
    },
  }),
  defineOperation({
    id: 'presets.list',
    method: 'GET',
    path: '/api/v1/connection-presets',
    operation: 'connections.read',
    summary: 'Connections that are ready but for provider, tenant and client',
    status: 200,
    errors: [],
    query: z.object(paging),
    response: pageOf(presetSchema),
    handle: async (_context, { limit, cursor }) => {
      const [after = ''] = cursor === undefined ? [] : fromCursor(cursor, 1)
      const rows = Object.entries(connectionPresets)
        .filter(([name]) => name > after)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
      return cutPage(rows, limit, {
        toJson: ([name, preset]) => {
          const whole = preset.entry({ provider: '', client: { id: '', credentials: [] } })
          const { provider: _provider, client: _client, ...entry } = whole
          return { name, description: preset.description, entry }
        },
        placeOf: ([name]) => [name],
      })
    },
  }),
  defineOperation({
    id: 'connections.export',
    method: 'GET',
    path: '/api/v1/connections/{name}/export',
    operation: 'connections.read',
    summary: 'A connection as an entry of `evergrant.yaml`',
    description:
      'Sealed secrets do not come: references to environment variables stand in their place.',
    status: 200,
    errors: ['connection_unknown'],
    params: z.object({ name: z.string().min(1).max(64) }),
    response: z.object({
      yaml: z.string(),
      variables: z.array(z.string()).describe('Environment variables to be set'),
    }),
    handle: async ({ composition }, { name }) => {
      const { yaml, variables } = connectionToFile(requireConnection(composition, name).config)
      return { yaml, variables: [...variables] }
    },
  }),
]

function providerToJson(
  provider: ProviderConfig,
): Omit<z.input<typeof providerSchema>, 'redirect_uri'> {
  const { name, type } = provider
  return {
    name,
    type,
    tenant: type === 'entra' ? provider.tenant : null,
    issuer: type === 'oidc' ? provider.issuer : null,
  }
}
