import { rmSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '../src/kernel/index.ts'
import { createVault, generateKey, readKey, type Vault } from '../src/vault/index.ts'
import type { SimulatorFacts } from './simulator.ts'

const folders = new Set<string>()

// Gigabytes may stand there: Ctrl-C and faults remove them as well.
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Runs `use` in a new folder and removes it afterwards, whatever happens. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'evergrant-bench-'))
  folders.add(folder)
  try {
    return await use(folder)
  } finally {
    folders.delete(folder)
    await rm(folder, { recursive: true, force: true })
  }
}

/** Name of a connection in the configuration `writeConfig` writes. */
export function connectionName(index: number): string {
  return `graph-${index}`
}

/** A database for whoever keeps its data in PostgreSQL. */
export interface PostgresDatabase {
  /** `postgres://user@host:port/database` */
  readonly url: string
  readonly password: string
}

/** What a configuration is for. */
export interface ConfigOptions {
  /** How many connections of the application itself (1 by default). */
  readonly connections?: number
  /** Where the data is kept; a SQLite file beside the configuration by default. */
  readonly database?: PostgresDatabase
  /** Name of one more connection: a template for the users of any tenant. */
  readonly template?: string
}

/**
 * Writes what Evergrant needs to know of a simulated tenant, and returns the path of the
 * configuration.
 */
export async function writeConfig(
  folder: string,
  facts: Pick<SimulatorFacts, 'authority' | 'client' | 'graph' | 'tenant'>,
  { connections = 1, database, template }: ConfigOptions = {},
): Promise<string> {
  const path = join(folder, 'evergrant.yaml')
  const client = `{ id: ${facts.client.id}, credentials: [{ secret: { file: ./client-secret } }] }`
  const entries = Array.from(
    { length: connections },
    (_, index) => `  ${connectionName(index)}:
    provider: lab
    client: ${client}
    grant: client_credentials
`,
  )
  if (template !== undefined) {
    entries.push(`  ${template}:
    provider: lab
    tenant: '*'
    client: ${client}
    grant: authorization_code
    resource: https://graph.microsoft.com
`)
  }
  const store =
    database === undefined
      ? 'sqlite:./evergrant.db'
      : `{ url: "${database.url}", password: { file: ./password } }`
  await writeFile(join(folder, keyFile), generateKey().reveal(), { mode: 0o600 })
  await writeFile(join(folder, 'client-secret'), facts.client.secret, { mode: 0o600 })
  if (database !== undefined) {
    await writeFile(join(folder, 'password'), database.password, { mode: 0o600 })
  }
  await writeFile(
    path,
    `store: ${store}
encryption: { keys: [{ id: ${keyId}, file: ./${keyFile} }] }
providers:
  lab: { type: entra, tenant: ${facts.tenant}, authority: ${facts.authority}, graph: ${facts.graph} }
connections:
${entries.join('')}`,
  )
  return path
}

const keyId = 'k1'
const keyFile = 'evergrant.key'

/** The vault that the configuration in a folder describes. */
export async function openVault(folder: string): Promise<Vault> {
  const text = await readFile(join(folder, keyFile), 'utf8')
  return createVault([readKey(keyId, new Secret(text))])
}
