import { readFile } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { createSecretReader } from '../config/index.ts'
import { isEvergrantError, systemClock, systemRandom } from '../kernel/index.ts'
import { openConfiguredStore } from './open-store.ts'
import { openVault } from './open-vault.ts'
import type { LookupFailure, LookupOrder } from './prepare-lookups.ts'

const { config, env, role, columns } = workerData as LookupOrder

try {
  const secrets = createSecretReader({ env, readFile, clock: systemClock })
  const vault = await openVault(config, secrets)
  const outside = { clock: systemClock, random: systemRandom }
  const store = await openConfiguredStore(config, { vault, secrets, role, ...outside })
  try {
    await store.accounts.prepareLookups(columns)
    await store.checkpoint()
  } finally {
    await store.close()
  }
} catch (error) {
  if (!isEvergrantError(error)) throw error
  const { code, detail, remedy } = error
  parentPort?.postMessage({ code, detail, remedy } satisfies LookupFailure)
}
