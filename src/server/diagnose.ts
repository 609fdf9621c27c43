import { readFile } from 'node:fs/promises'
import { createSecretReader, loadConfig, type Config, type SecretReader } from '../config/index.ts'
import { unknownConnection, type ConnectionDefinition } from '../grants/index.ts'
import { systemClock, systemRandom, type Clock, type RandomBytes } from '../kernel/index.ts'
import type { Store } from '../store/index.ts'
import {
  openConnectionRegistry,
  type ConnectionRegistry,
  type RegisteredConnection,
} from './connection-registry.ts'
import { checkImportPermissions } from './check-import-permissions.ts'
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
import { consoleRedirectUri } from './console-paths.ts'
import { lintIssuers } from './lint-issuers.ts'
import { openOutbound } from './open-outbound.ts'
import type { Outbound } from './outbound.ts'
import { graphUrlOf } from './probe-graph.ts'
import { readAppRoles } from './read-app-roles.ts'
import { refusedImports } from './refused-imports.ts'
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
  const { check: storeCheck, store } = await checkStore(config, keys, { clock, random, secrets })
  yield storeCheck
  if (options.connection === undefined) {
    for (const error of await refusedImports(config, secrets)) yield failedCheck('imports', error)
  }
  try {
    if (config.store.type === 'sqlite') yield await checkDisk(config.store.path)
    const known = await knownConnections(config, store, secrets)
    yield* known.checks
    const chosen = chooseConnections(known.connections, options.connection)
    if (options.connection === undefined) {
      yield* checkIssuers(config, store)
      yield* checkConsole(config)
    }

    let outbound: Outbound
    try {
      outbound = await openOutbound(config, { secrets, clock, env, readFile })
    } catch (error) {
      yield failedCheck('network', error)
      return
    }
    const visited = new Set<string>()
    // With the connections of the store in place, as if all of them stood in the file.
    const whole = { ...config, connections: byName(known.connections) }
    try {
      for (const { config: connection, definition } of chosen) {
        const { name } = connection
        yield* await checkSecrets(whole, env, name, (slot) =>
          Promise.resolve(store?.connections.readSecret(name, slot)),
        )
        yield* checkCredentialExpiry(whole, name, clock.now())
        yield* checkConnection(whole, definition, outbound, clock, visited)
      }
    } finally {
      await outbound.close()
    }
  } finally {
    await store?.close()
  }
}

/** Whose people can sign in to the console, and what has to be registered for that. */
function* checkConsole({ issuers, server }: Config): Generator<Check, void, undefined> {
  const { enabled, issuers: named } = server.console
  const names = Object.values(issuers)
    .filter(({ name, client }) => client !== undefined && (named === undefined || name in named))
    .map(({ name }) => name)
  if (!enabled || names.length === 0) return
  const uri = consoleRedirectUri(server.publicUrl)
  const found = `people of ${listOf(names)} sign in; the redirect URI to register there is ${uri}`
  yield { check: 'console', status: 'ok', found }
}

/** What the imported directory shows of issuers. */
async function* checkIssuers(
  config: Config,
  store: Store | undefined,
): AsyncGenerator<Check, void, undefined> {
  const names = Object.keys(config.issuers)
  if (names.length === 0) return
  const check = 'issuers'
  try {
    const warnings = await lintIssuers(config, store?.accounts)
    for (const { askedBy, found, remedy } of warnings) {
      yield { check, status: 'warn', found: `${askedBy}: ${found}`, remedy }
    }
    if (warnings.length > 0) return
    const seen = store === undefined ? ', not yet held against any account' : ''
    yield { check, status: 'ok', found: `${listOf(names)}${seen}` }
  } catch (error) {
    yield failedCheck(check, error)
  }
}

type Known = Pick<RegisteredConnection, 'config' | 'definition'>

/** The connections of the file, and those of the store where it could be opened. */
async function knownConnections(
  config: Config,
  store: Store | undefined,
  secrets: SecretReader,
): Promise<{ readonly connections: readonly Known[]; readonly checks: readonly Check[] }> {
  const ofFile = (): readonly Known[] =>
    Object.values(config.connections).map((one) => ({
      config: one,
      definition: resolveConnection(one, {
        providers: config.providers,
        profiles: new Map(),
        readSecret: (reference, askedBy) => secrets.read(reference, askedBy),
      }),
    }))
  if (store === undefined) return { connections: ofFile(), checks: [] }
  let registry: ConnectionRegistry
  try {
    registry = await openConnectionRegistry(config, store.connections, secrets)
  } catch (error) {
    return { connections: ofFile(), checks: [failedCheck('store', error)] }
  }
  const connections = registry.all()
  const stored = connections.filter(({ origin }) => origin === 'store')
  const unusable = registry.unusable().map(({ name, detail }): Check => {
    const remedy = `Correct it with \`evergrant connections edit ${name}\`, or take it away with \`evergrant connections remove ${name}\`.`
    return { check: 'connections', status: 'warn', connection: name, found: detail, remedy }
  })
  if (stored.length === 0) return { connections, checks: unusable }
  const found = `${countOf(stored.length)} more in the store (${listOf(stored.map((one) => one.config.name))})`
  return { connections, checks: [{ check: 'connections', status: 'ok', found }, ...unusable] }
}

const byName = (connections: readonly Known[]): Config['connections'] =>
  Object.fromEntries(connections.map(({ config }) => [config.name, config]))

/** The hosts of a connection and a token of it; what only a person’s consent can prove is left out. */
async function* checkConnection(
  config: Config,
  definition: ConnectionDefinition,
  outbound: Outbound,
  clock: Clock,
  visited: Set<string>,
): AsyncGenerator<Check, void, undefined> {
  const { name } = definition
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
  if (token === undefined) return
  yield* await checkPermissions(definition, token, outbound, clock)
  const roles = readAppRoles(token)
  if (roles !== undefined) yield* checkImportPermissions(config.imports, name, roles)
}

function chooseConnections(
  connections: readonly Known[],
  wanted: string | undefined,
): readonly Known[] {
  if (wanted === undefined) return connections
  const names = connections.map(({ config }) => config.name)
  const found = connections.find(({ config }) => config.name === wanted)
  if (found !== undefined) return [found]
  throw unknownConnection(wanted, names)
}

function describeConfig(path: string, config: Config): string {
  const names = Object.keys(config.connections)
  return `${path}: ${countOf(names.length)} (${listOf(names)})`
}

const countOf = (amount: number): string => `${amount} connection${amount === 1 ? '' : 's'}`
const listOf = (names: readonly string[]): string =>
  names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '')

/** The way to the authority, our clock against it, and the way to Graph; each host once. */
async function* checkHosts(
  config: Config,
  definition: ConnectionDefinition,
  outbound: Outbound,
  clock: Clock,
  visited: Set<string>,
): AsyncGenerator<Check, void, undefined> {
  const { fetch } = outbound
  const metadata = await metadataUrl(config, definition, fetch, clock)
  if (metadata !== undefined && !visited.has(metadata.origin)) {
    visited.add(metadata.origin)
    const way = await checkReach('authority', metadata, outbound, clock)
    yield* way
    if (way.every(({ status }) => status !== 'fail')) {
      yield await checkClock(metadata, { fetch, clock })
    }
  }
  const graphUrl = graphUrlOf(definition)
  if (graphUrl === undefined || visited.has(`graph ${graphUrl}`)) return
  visited.add(`graph ${graphUrl}`)
  yield* await checkReach('graph', new URL(graphUrl), outbound, clock)
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
