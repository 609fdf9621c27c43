import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/index.ts'
import { generateKey } from '../../src/vault/index.ts'
import { runCommand, type CommandOutcome } from './command.ts'
import { emptyDatabase, type TestDatabase } from './postgres.ts'
import { startService, type ServiceProcess } from './service-process.ts'

/** Which database the services share. */
export type StoreKind = 'SQLite' | 'PostgreSQL'

/** The upstreams of every authorization_code connection; Entra's has the first three. */
export const upstreams = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'] as const

/** What Entra knows as resources besides Graph. */
const entraResources: Readonly<Record<string, string>> = {
  one: 'https://management.azure.com',
  two: 'https://api.partnercenter.microsoft.com',
  three: 'https://vault.azure.net',
}

/** The scopes that a token for an upstream is asked for by. */
export const scopeOf = (profile: Profile, upstream: string): string =>
  `${profile === 'overlap' ? (entraResources[upstream] ?? '') : `https://${upstream}.example`}/.default`

/** The scopes of the application's own connection, `app`. */
export const appScopes = 'https://graph.microsoft.com/.default'

/**
 * The connections whose grant rests on a refresh token: at Entra, where a used one stays valid
 * (`overlap`); at a provider that ends everything when a used one comes again (`strict`); at one
 * that lets it come once more for half a minute (`graced`).
 */
export type Profile = 'overlap' | 'strict' | 'graced'

/** A store, a simulated world, and the configuration that services share. */
export interface SharedWorld {
  readonly folder: string
  readonly configPath: string
  readonly simulator: Simulator
  readonly database: TestDatabase | undefined
  /** Starts one more service; it is closed with the world. */
  service(options?: Parameters<typeof startService>[1]): Promise<ServiceProcess>
  /**
   * Gives a connection a refresh token, proven and activated as an operator would; its upstreams
   * have no token yet.
   */
  adopt(profile: Profile): Promise<void>
  evergrant(
    args: readonly string[],
    input?: string | (() => Promise<string>),
  ): Promise<CommandOutcome>
  /** Writes the configuration anew with more providers, and more text below `connections:`. */
  define(providers: Readonly<Record<string, string>>, connections: string): Promise<void>
  /** How a connection stands, as `connections show --json` tells. */
  show(connection: string): Promise<Readonly<Record<string, unknown>>>
  /** Requests to token endpoints since `from`. */
  tokenRequests(from?: number): ReturnType<Simulator['control']['tokenRequests']>
  close(): Promise<void>
}

/** How long the `graced` provider accepts a used refresh token again (seconds). */
const graceSeconds = 30

const clientSecret = 'services~secret.of.the.client'

/** Makes the world. */
export async function makeWorld(
  store: StoreKind,
  options: SimulatorOptions & { readonly database?: TestDatabase } = {},
): Promise<SharedWorld> {
  const { database: given, ...simulated } = options
  const folder = await mkdtemp(join(tmpdir(), 'evergrant-services-'))
  const application = { id: 'services', secrets: [{ value: clientSecret }] }
  const simulator = await startSimulator({
    issuers: [
      { name: 'strict', rotation: { model: 'strict' as const }, applications: [application] },
      {
        name: 'graced',
        rotation: { model: 'strict' as const, graceSeconds },
        applications: [application],
      },
    ].map((issuer) => ({ ...issuer, accounts: [{ userPrincipalName: 'alex@services.example' }] })),
    ...simulated,
  })
  const database = store === 'SQLite' ? undefined : (given ?? (await emptyDatabase()))
  await writeFile(join(folder, 'evergrant.key'), generateKey().reveal(), { mode: 0o600 })
  await writeFile(join(folder, 'secret'), simulator.client.secret, { mode: 0o600 })
  await writeFile(join(folder, 'services-secret'), clientSecret, { mode: 0o600 })
  if (database !== undefined) {
    await writeFile(join(folder, 'password'), database.password().reveal(), { mode: 0o600 })
  }
  const configPath = join(folder, 'evergrant.yaml')
  const configure = async (withUpstreams: boolean): Promise<void> =>
    await writeFile(configPath, configText(simulator, database, withUpstreams))
  await configure(true)
  const services: ServiceProcess[] = []
  const evergrant: SharedWorld['evergrant'] = async (args, input = '') =>
    await runCommand(args, { cwd: folder, input })
  const succeed = async (args: readonly string[], input?: string): Promise<CommandOutcome> => {
    const outcome = await evergrant(args, input)
    if (outcome.exit !== 0) throw new Error(`evergrant ${args.join(' ')}: ${outcome.note}`)
    return outcome
  }
  if (database !== undefined) await succeed(['migrate'])

  return {
    folder,
    configPath,
    simulator,
    database,
    service: async (how) => {
      const service = await startService(configPath, how)
      services.push(service)
      return service
    },
    adopt: async (profile) => {
      const { control } = simulator
      const token =
        profile === 'overlap'
          ? control.issueRefreshToken({})
          : control.issueRefreshToken({
              tenant: profile,
              clientId: 'services',
              scope: 'openid offline_access',
            })
      // Proven for its main target alone, so that every upstream still needs a redemption.
      await configure(false)
      await succeed(['connections', 'adopt', profile], token)
      await configure(true)
    },
    evergrant,
    define: async (providers, connections) => {
      const lines = Object.entries(providers).map(([name, entry]) => `  ${name}: ${entry}\n`)
      const text = configText(simulator, database, true)
      const whole = text.replace('connections:\n', `${lines.join('')}connections:\n${connections}`)
      await writeFile(configPath, whole)
    },
    show: async (connection) =>
      (await succeed(['connections', 'show', connection, '--json'])).json() as Record<
        string,
        unknown
      >,
    tokenRequests: (from = 0) => simulator.control.tokenRequests().slice(from),
    close: async () => {
      await Promise.all(services.map((service) => service.close()))
      await simulator.close()
      await database?.dispose()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function configText(
  simulator: Simulator,
  database: TestDatabase | undefined,
  withUpstreams: boolean,
): string {
  const store =
    database === undefined
      ? 'sqlite:./evergrant.db'
      : `{ url: "${database.url}", password: { file: ./password } }`
  const connection = (name: Profile, provider: string, client: string, secret: string): string => {
    const known = name === 'overlap' ? Object.keys(entraResources) : upstreams
    const targets = known.map(
      (one) => `      ${one}: { resource: "${scopeOf(name, one).replace('/.default', '')}" }`,
    )
    const main = name === 'overlap' ? 'https://graph.microsoft.com' : 'https://main.example'
    return `
  ${name}:
    provider: ${provider}
    client: { id: ${client}, credentials: [{ secret: { file: ./${secret} } }] }
    grant: authorization_code
    resource: ${main}
${withUpstreams ? `    upstreams:\n${targets.join('\n')}\n` : ''}`
  }
  return `store: ${store}
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
providers:
  contoso:
    type: entra
    tenant: ${simulator.tenant}
    authority: ${simulator.urls.authority}
    graph: ${simulator.urls.graph}
  strict: { type: oidc, issuer: "${simulator.urls.oidc('strict')}" }
  graced:
    type: oidc
    issuer: "${simulator.urls.oidc('graced')}"
    rotation: { model: strict, grace: ${graceSeconds}s }
connections:
  app:
    provider: contoso
    client: { id: ${simulator.client.id}, credentials: [{ secret: { file: ./secret } }] }
    grant: client_credentials
${connection('overlap', 'contoso', simulator.client.id, 'secret')}
${connection('strict', 'strict', 'services', 'services-secret')}
${connection('graced', 'graced', 'services', 'services-secret')}`
}
