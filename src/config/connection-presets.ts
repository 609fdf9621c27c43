import { graphResources } from './graph-resources.ts'

/** What a preset cannot know. */
export interface PresetOptions {
  /** A key of `providers`, of type `entra`. */
  readonly provider: string
  /** In place of the provider’s tenant; `*` makes a template. */
  readonly tenant?: string
  readonly client: {
    readonly id: string
    /** Credentials as the schema takes them, such as `{ secret: { env: NAME } }`. */
    readonly credentials: readonly Readonly<Record<string, unknown>>[]
  }
}

/** A connection that lacks nothing but provider, tenant and client. */
export interface ConnectionPreset {
  /** What it is for, in one sentence. */
  readonly description: string
  /** Makes the entry, for `parseConnection`, which checks it. */
  entry(options: PresetOptions): Record<string, unknown>
}

/** The presets there are. */
export type ConnectionPresetName = 'graph-import' | 'csp-partner'

/** Connections ready but for provider, tenant and client. */
export const connectionPresets: Readonly<Record<ConnectionPresetName, ConnectionPreset>> = {
  'graph-import': {
    description:
      'Imports the directory through Microsoft Graph as the application itself; needs User.Read.All, Group.Read.All for groups, and Application.Read.All for service principals.',
    entry: (options) => ({
      ...whose(options),
      grant: 'client_credentials',
      refresh: { before: '5m' },
    }),
  },
  'csp-partner': {
    description:
      'Acts for a partner of the Cloud Solution Provider program in Partner Center, Microsoft Graph and Azure Resource Manager (global cloud), by the consent of an administrator.',
    entry: (options) => ({
      ...whose(options),
      grant: 'authorization_code',
      upstreams: {
        partner: api('https://api.partnercenter.microsoft.com'),
        graph: api(graphResources.global),
        arm: api('https://management.azure.com'),
      },
      refresh: { before: '5m' },
    }),
  },
}

function whose({ provider, tenant, client }: PresetOptions): Record<string, unknown> {
  return {
    provider,
    ...(tenant === undefined ? {} : { tenant }),
    client: { id: client.id, credentials: client.credentials },
  }
}

/** An API whose tokens are named by its own address. */
function api(address: string): Record<string, unknown> {
  return { url: address, resource: address }
}

/** Tells whether a text names a preset. */
export function isConnectionPreset(text: string): text is ConnectionPresetName {
  return Object.hasOwn(connectionPresets, text)
}
