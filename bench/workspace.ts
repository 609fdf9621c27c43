import { rmSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKey } from '../src/vault/index.ts'
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

/**
 * Writes what Evergrant needs to know of a simulated tenant, with so many connections to it, and
 * returns the path of the configuration.
 */
export async function writeConfig(
  folder: string,
  facts: SimulatorFacts,
  connections: number,
): Promise<string> {
  const path = join(folder, 'evergrant.yaml')
  const entries = Array.from(
    { length: connections },
    (_, index) => `  ${connectionName(index)}:
    provider: lab
    client: { id: ${facts.client.id}, credentials: [{ secret: { file: ./client-secret } }] }
    grant: client_credentials
`,
  )
  await writeFile(join(folder, 'evergrant.key'), generateKey().reveal(), { mode: 0o600 })
  await writeFile(join(folder, 'client-secret'), facts.client.secret, { mode: 0o600 })
  await writeFile(
    path,
    `store: sqlite:./evergrant.db
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
providers:
  lab: { type: entra, tenant: ${facts.tenant}, authority: ${facts.authority}, graph: ${facts.graph} }
connections:
${entries.join('')}`,
  )
  return path
}
