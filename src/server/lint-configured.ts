import type { Config, SecretReader } from '../config/index.ts'
import { systemClock, systemRandom } from '../kernel/index.ts'
import type { VaultKey } from '../vault/index.ts'
import { checkStore } from './diagnose-place.ts'
import { lintIssuers, type IssuerWarning } from './lint-issuers.ts'

/**
 * Finds what the store shows of a configuration’s issuers. Opens it only if it is there and an
 * issuer asks for accounts, as any command would; one that cannot be opened is a warning.
 */
export async function lintConfigured(
  config: Config,
  { keys, secrets }: { readonly keys: readonly VaultKey[]; readonly secrets: SecretReader },
): Promise<readonly IssuerWarning[]> {
  const asks = Object.values(config.issuers).some(
    ({ match, access }) => match.length > 0 || access.length > 0,
  )
  if (!asks) return []
  // Counting reads every account, which may take longer than a service would allow itself.
  const role = 'bulk' as const
  const world = { clock: systemClock, random: systemRandom, secrets, role }
  const { check, store } = await checkStore(config, keys, world)
  try {
    const warnings = await lintIssuers(config, store?.accounts)
    if (check.status !== 'fail') return warnings
    const { found, remedy = '' } = check
    return [...warnings, { askedBy: 'store', found: `Not looked at: ${found}.`, remedy }]
  } finally {
    await store?.close()
  }
}
