import { readFile } from 'node:fs/promises'
import {
  createSecretReader,
  loadConfig,
  type Config,
  type ConnectionConfig,
  type SecretReader,
} from '../config/index.ts'
import { nearestName, type ConnectionDefinition } from '../grants/index.ts'
import {
  EvergrantError,
  systemClock,
  systemRandom,
  type Clock,
  type RandomBytes,
} from '../kernel/index.ts'
import { checkCredentialExpiry, checkPermissions, checkToken } from './diagnose-connection.ts'
import { checkClock, checkReach } from './diagnose-network.ts'
import {
  checkDisk,
  checkKeys,
  checkNode,
  checkSecrets,
  checkStore,
  unfilledFields,
} from './diagnose-place.ts'
import { failedCheck, type Check } from './diagnosis.ts'
import { openOutbound } from './open-outbound.ts'
import type { Outbound } from './outbound.ts'
import { graphUrlOf } from './probe-graph.ts'
import { resolveConnection } from './resolve-connections.ts'

/** What to diagnose, and in which world. */
export interface DiagnoseOptions {
  /** Absolute path of the configuration file. */
  readonly configPath: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The one connection to look at. Default: all of them. */
  readonly connection?: string
  readonly clock?: Clock
  readonly random?: RandomBytes
  /** Default: the version that runs. */
  readonly nodeVersion?: string
}

/**
 * Checks everything an import needs, from Node.js to Graph's permissions, and yields each finding
 * as soon as it is there. It goes on past what fails as far as the rest makes sense, obtains one
 * token a connection past cache and store, and changes nothing: no store is made, no grant
 * touched.
 *
 * @throws EvergrantError `connection_unknown`
 */
export async function* diagnose(options: DiagnoseOptions): AsyncGenerator<Check, void, undefined> {
  const { configPath, env, clock = systemClock, random = systemRandom } = options
  yield checkNode(options.nodeVersion ?? process.version)

  let config: Config
  try {
    config = await loadConfig(configPath, { readFile, workingDirectory: '/' })
  } catch (error) {
    yield failedCheck('config', error)
    return
  }
  const names = chooseConnections(config, options.connection)
  yield { check: 'config', status: 'ok', found: describeConfig(configPath, config) }
  const unfilled = unfilledFields(config)
  if (unfilled.length > 0) {
    const found = `still as \`init\` wrote them: ${unfilled.join(', ')}`
    const remedy = 'Put the ids of the application’s Overview page there.'
    yield { check: 'config', status: 'warn', found, remedy }
  }

  const { checks: keyChecks, keys } = await checkKeys(config, env)
  yield* keyChecks
  const secrets = createSecretReader({ env, readFile, clock })
  yield await checkStore(config, keys, { clock, random, secrets })
  if (config.store.type === 'sqlite') yield await checkDisk(config.store.path)

  let outbound: Outbound
  try {
    outbound = await openOutbound(config, { secrets, clock, env, readFile })
  } catch (error) {
    yield failedCheck('network', error)
    return
  }
  const visited = new Set<string>()
  try {
    for (const name of names) {
      const connection = config.connections[name]
      if (connection === undefined) continue
      yield* await checkSecrets(config, env, name)
      yield* checkCredentialExpiry(config, name, clock.now())
      yield* checkConnection(config, connection, secrets, outbound, clock, visited)
    }
  } finally {
    await outbound.close()
  }
}

/** The hosts of a connection and a token of it; what only a person’s consent can prove is left out. */
async function* checkConnection(
  config: Config,
  connection: ConnectionConfig,
  secrets: SecretReader,
  outbound: Outbound,
  clock: Clock,
  visited: Set<string>,
): AsyncGenerator<Check, void, undefined> {
  const { name } = connection
  const definition = resolveConnection(connection, {
    providers: config.providers,
    profiles: new Map(),
    readSecret: (reference, askedBy) => secrets.read(reference, askedBy),
  })
  yield* checkHosts(config, definition, outbound, clock, visited)
  if (definition.forTenant !== undefined || definition.grant === 'authorization_code') {
    const why =
      definition.forTenant === undefined
        ? 'its tokens rest on a person’s consent'
        : 'it is a template'
    const found = `not asked for, since ${why}: \`evergrant connections test ${name}${definition.forTenant === undefined ? '' : '@TENANT'}\` tries it`
    yield { check: 'token', status: 'ok', found, connection: name }
    return
  }
  const { checks, token } = await checkToken(definition, outbound, clock)
  yield* checks
  if (token !== undefined) yield* await checkPermissions(definition, token, outbound, clock)
}

function chooseConnections(config: Config, wanted: string | undefined): readonly string[] {
  const names = Object.keys(config.connections)
  if (wanted === undefined) return names
  if (names.includes(wanted)) return [wanted]
  const meant = nearestName(wanted, names)
  throw new EvergrantError(
    'connection_unknown',
    `there is no connection ${JSON.stringify(wanted)}; ${
      meant === undefined
        ? `known are ${names.slice(0, 10).join(', ')}`
        : `did you mean "${meant}"?`
    }`,
  )
}

function describeConfig(path: string, config: Config): string {
  const names = Object.keys(config.connections)
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '')
  return `${path}: ${names.length} connection${names.length === 1 ? '' : 's'} (${shown})`
}

/** The way to the authority, our clock against it, and the way to Graph; each host once. */
async function* checkHosts(
  config: Config,
  definition: ConnectionDefinition,
  { fetch }: Outbound,
  clock: Clock,
  visited: Set<string>,
): AsyncGenerator<Check, void, undefined> {
  const metadata = await metadataUrl(config, definition, fetch, clock)
  if (metadata !== undefined && !visited.has(metadata.origin)) {
    visited.add(metadata.origin)
    const way = await checkReach('authority', metadata, clock)
    yield* way
    if (way.every(({ status }) => status !== 'fail')) {
      yield await checkClock(metadata, { fetch, clock })
    }
  }
  const graphUrl = graphUrlOf(definition)
  if (graphUrl === undefined || visited.has(`graph ${graphUrl}`)) return
  visited.add(`graph ${graphUrl}`)
  yield* await checkReach('graph', new URL(graphUrl), clock)
}

/** Where the provider publishes its metadata; also what is asked for the time. */
async function metadataUrl(
  config: Config,
  { name, provider }: ConnectionDefinition,
  fetch: typeof globalThis.fetch,
  clock: Clock,
): Promise<URL | undefined> {
  const configured = config.providers[config.connections[name]?.provider ?? '']
  if (configured?.type === 'oidc') return wellKnown(configured.issuer)
  // Entra's endpoints are known without asking anyone.
  const server = await provider.server({ fetch, clock })
  return server.ok ? wellKnown(server.value.issuer) : undefined
}

function wellKnown(issuer: string): URL {
  return new URL(`${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`)
}
