import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { startServing, type Serving } from '../../src/server/index.ts'
import { generateKey } from '../../src/vault/index.ts'

/** What a service of the benchmark is started with. */
export interface BenchService {
  readonly folder: string
  /** Files with secrets, by their names in the folder. */
  readonly secrets: Readonly<Record<string, string>>
  /** The configuration from `providers:` on. */
  readonly config: string
}

/**
 * Starts the service as `evergrant serve` runs it, a log line for every request included, written
 * to where nobody reads it.
 */
export async function startBenchService({
  folder,
  secrets,
  config,
}: BenchService): Promise<Serving> {
  const configPath = join(folder, 'evergrant.yaml')
  const files = { 'evergrant.key': generateKey().reveal(), ...secrets }
  for (const [name, secret] of Object.entries(files)) {
    await writeFile(join(folder, name), secret, { mode: 0o600 })
  }
  await writeFile(
    configPath,
    `store: sqlite:./evergrant.db
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
server: { listen: "127.0.0.1:0" }
${config}`,
  )
  return startServing({
    configPath,
    env: {},
    logTo: pino.destination({
      dest: 1,
      sync: false,
      minLength: 65_536,
      maxWrite: 131_072,
      periodicFlush: 1_000,
    }),
  })
}
