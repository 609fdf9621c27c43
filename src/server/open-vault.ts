import type { Config, SecretReader } from '../config/index.ts'
import { EvergrantError } from '../kernel/index.ts'
import { createVault, readKey, type Vault } from '../vault/index.ts'

/** Opens the key ring of a configuration. @throws EvergrantError `key_*`, `secret_unavailable` */
export async function openVault(config: Config, secrets: SecretReader): Promise<Vault> {
  const keys = []
  for (const [position, { id, source }] of config.encryption.keys.entries()) {
    const askedBy = `encryption.keys[${position}]`
    try {
      keys.push(readKey(id, await secrets.read(source, askedBy)))
    } catch (error) {
      throw keyError(error)
    }
  }
  return createVault(keys)
}

/** A key that is not there is told as such: `init` and `keys new` make one. */
function keyError(error: unknown): unknown {
  if (!(error instanceof EvergrantError) || error.code !== 'secret_unavailable') return error
  return new EvergrantError('key_missing', error.detail, { cause: error })
}
