import { readFile } from 'node:fs/promises'
import { createSecretReader, loadConfig } from '../config/index.ts'
import { createTokenVerifier, explainToken, type Explanation } from '../identity/index.ts'
import { systemClock } from '../kernel/index.ts'
import { openIssuers } from './open-issuers.ts'
import { openOutbound } from './open-outbound.ts'

/** What a token is judged by. */
export interface ExplainConfiguredOptions {
  readonly configPath: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Judges a token by the issuers of a configuration, as a live request is; opens no store.
 *
 * @throws EvergrantError `config_*`, `provider_misconfigured`, `secret_unavailable`
 */
export async function explainConfigured(
  token: string,
  { configPath, env }: ExplainConfiguredOptions,
): Promise<Explanation> {
  const clock = systemClock
  const config = await loadConfig(configPath, { readFile, workingDirectory: '/' })
  const secrets = createSecretReader({ env, readFile, clock })
  const outbound = await openOutbound(config, { secrets, clock, env, readFile })
  try {
    const issuers = openIssuers(config, { fetch: outbound.fetch, clock })
    const verifier = createTokenVerifier({ issuers, clock, capacity: 0 })
    return await explainToken(token, verifier, clock.now())
  } finally {
    await outbound.close()
  }
}
