import { access } from 'node:fs/promises'
import type { Config, SecretReader } from '../config/index.ts'
import { EvergrantError, systemClock, systemRandom } from '../kernel/index.ts'
import { createVault, type VaultKey } from '../vault/index.ts'
import { checkAgainst, type SubjectComparison } from './check-against.ts'
import { openConfiguredStore } from './open-store.ts'

/**
 * Compares two configurations over the accounts in the store of the running one.
 *
 * @throws EvergrantError `usage` when there is no store yet, `store_*`, `key_wrong`
 */
export async function compareConfigured(
  running: Config,
  next: Config,
  { keys, secrets }: { readonly keys: readonly VaultKey[]; readonly secrets: SecretReader },
): Promise<readonly SubjectComparison[]> {
  if (running.store.type === 'sqlite') await requireFile(running.store.path)
  const store = await openConfiguredStore(running, {
    vault: createVault(keys),
    clock: systemClock,
    random: systemRandom,
    secrets,
    role: 'main',
  })
  try {
    return await checkAgainst(running, next, store.accounts)
  } finally {
    await store.close()
  }
}

async function requireFile(path: string): Promise<void> {
  try {
    await access(path)
  } catch (cause) {
    throw new EvergrantError(
      'usage',
      `there is no store at "${path}", so that no account is known`,
      {
        cause,
        remedy: 'Import users first: `evergrant import CONNECTION users`.',
      },
    )
  }
}
