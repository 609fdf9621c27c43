import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Identified } from '../../src/identity/index.ts'
import type { Clock } from '../../src/kernel/index.ts'
import { compose, type Composition } from '../../src/server/index.ts'
import { openBearer, type Bearer } from '../../src/server/open-bearer.ts'
import { generateKey } from '../../src/vault/index.ts'
import { importUsers, type SampleAccount } from '../contract/accounts.contract.ts'

/** A composition whose issuers a test chooses, over a store that it fills. */
export interface BearerFixture {
  readonly folder: string
  readonly configPath: string
  readonly composition: Composition
  readonly bearer: Bearer
  /** Imports users as those of a tenant; returns their ids. */
  importUsers(tenant: string, accounts: readonly SampleAccount[]): Promise<readonly string[]>
  /** Another configuration for the same store; its bearer, made anew. */
  reconfigure(parts: BearerConfig): Promise<Bearer>
  close(): Promise<void>
}

/** Parts of a configuration, as written. */
export interface BearerConfig {
  readonly issuers: string
  readonly more?: string
  readonly secrets?: Readonly<Record<string, string>>
  /** The clock that tokens, keys and what is remembered go by; the store’s by default. */
  readonly clock?: Clock
}

/** Writes a configuration with these issuers and composes it. */
export async function makeBearerFixture(parts: BearerConfig): Promise<BearerFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'evergrant-bearer-'))
  const configPath = join(folder, 'evergrant.yaml')
  await writeFile(join(folder, 'evergrant.key'), generateKey().reveal(), { mode: 0o600 })
  const write = async ({ issuers, more = '', secrets = {} }: BearerConfig): Promise<void> => {
    for (const [name, value] of Object.entries(secrets)) {
      await writeFile(join(folder, name), value, { mode: 0o600 })
    }
    await writeFile(
      configPath,
      `store: sqlite:./evergrant.db
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
${more}
issuers:
${issuers}`,
    )
  }
  await write(parts)
  const composition = await compose({ configPath, role: 'main', env: {} })
  const open = ({ clock = composition.clock }: BearerConfig): Bearer => {
    const { config, store, secrets, engine, fetch } = composition
    return openBearer(config, {
      transport: { fetch, clock },
      accounts: store.accounts,
      secrets,
      engine,
    })
  }
  return {
    folder,
    configPath,
    composition,
    bearer: open(parts),
    importUsers: (tenant, accounts) => importUsers(composition.store, accounts, { tenant }),
    reconfigure: async (next) => {
      await write(next)
      await composition.reloadConfig()
      return open(next)
    },
    close: async () => {
      await composition.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What came of a token, in one line. */
export async function outcomeOf(bearer: Bearer, token: string): Promise<string> {
  const identified: Identified = await bearer.identifier.identify(token)
  if (!identified.ok) return `${identified.error.stage}: ${identified.error.code}`
  const { account, role } = identified.value
  return `${account?.id ?? 'no account'}${role === undefined ? '' : `, ${role}`}`
}
