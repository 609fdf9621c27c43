import { EvergrantError, isEvergrantError, type Clock, type ProcessOwner } from '../kernel/index.ts'
import type { KeyStore } from '../store/index.ts'
import type { Vault } from '../vault/index.ts'

/** How often a node says that it lives (ms). */
export const beatEveryMs = 5_000

/** How long a store that is away is waited for by whoever leaves (ms). */
const leavingMs = 1_000

/** A process on the list of those that have the store open. */
export interface Node {
  /** Beats now, and obeys the sealing key that the store names. */
  beat(): Promise<void>
  /** Stops beating and leaves the list. Idempotent; never throws. */
  leave(): Promise<void>
}

/**
 * Joins the list of live nodes and takes over the sealing key of the store, before anything is
 * sealed. It goes on beating until it leaves: an import of hours seals too, and whoever rotates
 * keys counts on hearing of everyone who does. A store that is away for a while is met again by the
 * next beat.
 *
 * @throws `key_wrong` when the ring lacks the key that every node shall seal with.
 */
export async function joinNodes(
  keys: KeyStore,
  vault: Vault,
  owner: ProcessOwner,
  clock: Clock,
): Promise<Node> {
  let cancel: (() => void) | undefined
  let hasLeft = false

  const beat = async (): Promise<void> => {
    const node = { owner, keyIds: vault.keyIds, sealsWith: vault.sealingKeyId }
    const wanted = await keys.beat(node, clock.now())
    if (wanted === vault.sealingKeyId) return
    if (!vault.keyIds.includes(wanted)) throw lacks(wanted, vault.keyIds)
    vault.sealWith(wanted)
    // Whoever rotates keys waits for every node to say that it has changed over.
    await keys.beat({ ...node, sealsWith: wanted }, clock.now())
  }
  const schedule = (): void => {
    cancel = clock.schedule(beatEveryMs, () => {
      void beat()
        .catch((error: unknown) => {
          if (!isEvergrantError(error)) throw error
        })
        .finally(() => {
          if (!hasLeft) schedule()
        })
    })
  }

  await beat()
  schedule()
  return {
    beat,
    leave: async () => {
      if (hasLeft) return
      hasLeft = true
      cancel?.()
      const left = keys.leave(owner.instanceId).catch(() => {})
      // Whoever does not leave the list is taken for gone when it no longer beats.
      const late = Promise.withResolvers<void>()
      const cancelLate = clock.schedule(leavingMs, () => late.resolve())
      await Promise.race([left, late.promise])
      cancelLate()
    },
  }
}

function lacks(wanted: string, held: readonly string[]): EvergrantError {
  const ring = held.map((id) => `"${id}"`).join(', ')
  return new EvergrantError(
    'key_wrong',
    `every process on this store seals with key "${wanted}", but the ring holds ${ring}`,
    { remedy: `Add key "${wanted}" to \`encryption.keys\` of this process too.` },
  )
}
