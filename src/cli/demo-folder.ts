import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EvergrantError } from '../kernel/index.ts'
import type { Simulator } from '../simulator/index.ts'
import { generateKey } from '../vault/index.ts'
import { demoMatch } from './demo-bearer.ts'
import { demoPartnerConfig } from './demo-consent.ts'
import { demoApi, demoRule } from './demo-gateway.ts'

const marker = '# Written by `evergrant demo`; the next demo replaces this folder’s files.'
const ownFiles = [
  'evergrant.yaml',
  'evergrant.key',
  'client-secret',
  'evergrant.db',
  'evergrant.db-wal',
  'evergrant.db-shm',
  'open-console.html',
]
/** Empties the folder of an earlier demo; refuses a folder that holds anything else of ours. */
export async function clearDemoFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (cause) {
    throw new EvergrantError(
      'destination_unwritable',
      `${folder}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { remedy: 'Name a folder this user may write with `--dir`.', cause },
    )
  }
  const config = await readFile(join(folder, 'evergrant.yaml'), 'utf8').catch(() => marker)
  if (!config.startsWith(marker)) {
    throw new EvergrantError(
      'usage',
      `${folder} holds a configuration that no demo wrote; it stays untouched`,
      { remedy: 'Name another folder with `--dir`.' },
    )
  }
  for (const name of ownFiles) await rm(join(folder, name), { force: true })
}

/**
 * Writes the configuration of a demo against a simulated tenant, its key and its secret.
 *
 * @param withPartner Whether a partner’s connection stands in it, which somebody has to consent to.
 * @returns The path of the configuration.
 */
export async function writeDemoFolder(
  folder: string,
  simulator: Simulator,
  { withPartner = false }: { readonly withPartner?: boolean } = {},
): Promise<string> {
  const configPath = join(folder, 'evergrant.yaml')
  await writeFile(join(folder, 'evergrant.key'), `${generateKey().reveal()}\n`, { mode: 0o600 })
  await writeFile(join(folder, 'client-secret'), `${simulator.client.secret}\n`, { mode: 0o600 })
  await writeFile(
    configPath,
    `${marker}
store: sqlite:./evergrant.db
encryption:
  keys:
    - id: demo
      file: ./evergrant.key
providers:
  contoso:
    type: entra
    tenant: ${simulator.tenant}
    authority: ${simulator.urls.authority} # a real tenant needs neither of these two
    graph: ${simulator.urls.graph}
connections:
  contoso-graph:
    provider: contoso
    client:
      id: ${simulator.client.id}
      credentials:
        - secret: { file: ./client-secret }
    grant: client_credentials
    resource: https://graph.microsoft.com
  ${demoApi}:
    provider: contoso
    client:
      id: ${simulator.client.id}
      credentials:
        - secret: { file: ./client-secret }
    grant: client_credentials
    resource: https://management.azure.com
    upstream:
      url: ${simulator.urls.http}/arm
      rejected:
        - ${demoRule}
${withPartner ? demoPartnerConfig(simulator) : ''}issuers:
  contoso:
    type: entra
    tenants: [${simulator.tenant}]
    authority: ${simulator.urls.authority} # a real tenant needs no such line
    audiences: [api://${simulator.client.id}]
    match:
      - ${demoMatch}
`,
  )
  return configPath
}
