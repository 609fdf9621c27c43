import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createSecretReader, loadConfig, type Config } from '../config/index.ts'
import type { Explanation } from '../identity/index.ts'
import { isEvergrantError, systemClock } from '../kernel/index.ts'
import { compose } from './compose.ts'
import { openBearer } from './open-bearer.ts'
import { openOutbound } from './open-outbound.ts'

/** What a token is judged by. */
export interface ExplainConfiguredOptions {
  /** Absolute. */
  readonly configPath: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether accounts are looked up in the store. */
  readonly isAccountWanted: boolean
}

/**
 * Judges a token by the issuers of a configuration, as a live request is, its account included
 * where the store is there; a store is never made. What could not be looked up is said.
 *
 * @throws EvergrantError `config_*`, `provider_misconfigured`, `secret_unavailable`
 */
export async function explainConfigured(
  token: string,
  { configPath, env, isAccountWanted }: ExplainConfiguredOptions,
): Promise<Explanation> {
  const config = await loadConfig(configPath, { readFile, workingDirectory: '/' })
  if (!isAccountWanted) return explainAlone(token, config, env, undefined)
  if (config.store.type === 'sqlite' && !existsSync(config.store.path)) {
    return explainAlone(token, config, env, 'there is no store yet')
  }
  try {
    return await explainComposed(token, configPath, env)
  } catch (error) {
    if (!isEvergrantError(error) || !isAboutStore(error.code)) throw error
    return explainAlone(token, config, env, error.detail)
  }
}

/** Whether the store is what is wrong: the token can be judged all the same, but for its account. */
function isAboutStore(code: string): boolean {
  return /^(?:store_|schema_|key_)/.test(code)
}

async function explainComposed(
  token: string,
  configPath: string,
  env: ExplainConfiguredOptions['env'],
): Promise<Explanation> {
  const composition = await compose({ configPath, role: 'main', env })
  try {
    const { config, store, secrets, engine, clock, fetch } = composition
    const { accounts } = store
    const bearer = openBearer(config, { transport: { fetch, clock }, accounts, secrets, engine })
    return await bearer.explain(token)
  } finally {
    await composition.close()
  }
}

/** Without a store: everything but who it is. */
async function explainAlone(
  token: string,
  config: Config,
  env: ExplainConfiguredOptions['env'],
  because: string | undefined,
): Promise<Explanation> {
  const clock = systemClock
  const secrets = createSecretReader({ env, readFile, clock })
  const outbound = await openOutbound(config, { secrets, clock, env, readFile })
  try {
    const transport = { fetch: outbound.fetch, clock }
    const told = await openBearer(config, { transport, accounts: undefined, secrets }).explain(
      token,
    )
    if (because === undefined || told.issuer === undefined) return told
    return { ...told, remarks: [...told.remarks, `No account was looked up: ${because}.`] }
  } finally {
    await outbound.close()
  }
}
