import {
  EvergrantError,
  isCertainlyGone,
  type Clock,
  type ProcessIdentity,
} from '../kernel/index.ts'
import { nodeLeaseMs, type KeyStore, type NodeRecord } from '../store/index.ts'

/** What a rotation works with. */
export interface RotationContext {
  readonly keys: KeyStore
  readonly clock: Clock
  /** Tells which nodes on this host have died, before their lease is over. */
  readonly identity: ProcessIdentity
  /** Ids of this process's ring. */
  readonly keyIds: readonly string[]
  /** Makes this process seal with the key that the store names. */
  readonly beat: () => Promise<void>
}

/** One step of a rotation, told as it happens. */
export type RotationStep =
  | {
      readonly step: 'switching'
      readonly from: string
      readonly to: string
      readonly nodes: number
    }
  | { readonly step: 'switched'; readonly nodes: number }
  | { readonly step: 'resealed'; readonly values: number }
  | { readonly step: 'forgotten'; readonly keyId: string }
  | {
      readonly step: 'done'
      readonly sealingKey: string
      readonly resealed: number
      /**
       * Values that no key of this ring opens: they stay as they are, and their key is still
       * needed.
       */
      readonly unopened: number
      /** Keys that still seal something; empty when every other key may leave the ring. */
      readonly stillNeeded: readonly string[]
    }

/** How long nodes may take to change over (ms); one that died elsewhere is known by its lease. */
const changeoverMs = nodeLeaseMs + 15_000
/** How often the nodes are looked at meanwhile (ms). */
const lookEveryMs = 250
const pageSize = 200
/** Rounds of re-sealing: a second one finds what was written during the first, a third nothing. */
const longestRounds = 5

/**
 * Changes the key that seals and seals everything anew with it, while other processes run: first
 * every live node must hold the key, then each is seen to seal with it, then values are re-sealed
 * page by page, each by compare-and-swap, so that nothing written meanwhile is lost. May be stopped
 * and run again at any point.
 *
 * @param to The key to seal with from now on.
 * @throws `key_missing` when this ring lacks it, `key_not_everywhere` naming the nodes that lack it
 *   or do not change over in time. Nothing was re-sealed then, and everything still opens; where a
 *   node that lacks the key came meanwhile, the old key seals again.
 */
export async function* rotateKeys(
  context: RotationContext,
  to: string,
): AsyncGenerator<RotationStep, void, undefined> {
  const { keys, keyIds, beat } = context
  if (!keyIds.includes(to)) {
    throw new EvergrantError(
      'key_missing',
      `expected key "${to}" in "encryption.keys", which holds ${keyIds.map((id) => `"${id}"`).join(', ')}`,
    )
  }
  const from = await keys.sealingKey()
  const nodes = await liveNodes(context)
  const without = nodes.filter((node) => !node.keyIds.includes(to))
  if (without.length > 0) throw notEverywhere(to, without, 'lack it')
  yield { step: 'switching', from, to, nodes: nodes.length }
  await keys.setSealingKey(to)
  await beat()
  yield { step: 'switched', nodes: await changeOver(context, from, to) }

  let resealed = 0
  let unopened = 0
  for (let round = 0; round < longestRounds; round++) {
    unopened = 0
    let inRound = 0
    let after: string | undefined
    do {
      const page = await keys.reseal(after, pageSize)
      inRound += page.resealed
      unopened += page.unopened
      after = page.next
      if (page.resealed > 0) yield { step: 'resealed', values: resealed + inRound }
    } while (after !== undefined)
    resealed += inRound
    if (inRound === 0) break
  }

  const counts = await keys.countByKey()
  const stillNeeded = [...counts.keys()].filter((id) => id !== to)
  for (const keyId of new Set([from, ...keyIds])) {
    if (keyId === to || counts.has(keyId)) continue
    await keys.forgetKey(keyId)
    yield { step: 'forgotten', keyId }
  }
  yield { step: 'done', sealingKey: to, resealed, unopened, stillNeeded }
}

async function liveNodes({
  keys,
  clock,
  identity,
}: RotationContext): Promise<readonly NodeRecord[]> {
  const nodes = await keys.listNodes(clock.now() - nodeLeaseMs)
  return nodes.filter(({ owner }) => !isCertainlyGone(owner, identity))
}

/** Waits until every live node has said that it seals with the key; returns how many there are. */
async function changeOver(context: RotationContext, from: string, to: string): Promise<number> {
  const { keys, clock, beat } = context
  const deadline = clock.monotonic() + changeoverMs
  for (;;) {
    const nodes = await liveNodes(context)
    const without = nodes.filter((node) => !node.keyIds.includes(to))
    if (without.length > 0) {
      // It came while we looked, and cannot open what is sealed from now on.
      await keys.setSealingKey(from)
      await beat()
      throw notEverywhere(to, without, 'lack it')
    }
    const late = nodes.filter((node) => node.sealsWith !== to)
    if (late.length === 0) return nodes.length
    if (clock.monotonic() >= deadline) throw notEverywhere(to, late, 'still seal with another')
    await clock.sleep(lookEveryMs)
  }
}

function notEverywhere(keyId: string, nodes: readonly NodeRecord[], what: string): EvergrantError {
  const shown = nodes.slice(0, 5).map(({ owner }) => `process ${owner.pid} (${owner.instanceId})`)
  const more = nodes.length > shown.length ? ` and ${nodes.length - shown.length} more` : ''
  return new EvergrantError(
    'key_not_everywhere',
    `every live process must hold key "${keyId}" and seal with it, but ${shown.join(', ')}${more} ${what}`,
  )
}
