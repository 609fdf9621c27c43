import { newId } from '../kernel/index.ts'
import type { AlarmContext } from './evaluate.ts'
import type { AlarmMessage } from './message.ts'
import type { ClaimedDelivery, DeliveryOutcome } from './ports.ts'
import type { Receiver } from './receiver.ts'

/** Messages taken at a time. */
const takenAtOnce = 20
/** For how long others leave a taken message alone (ms): longer than sending it may take. */
const leaseMs = 60_000
/** For sending one message (ms). */
const sendingMs = 30_000
/** Pause after the first failure, doubled with each further one up to the longest (ms). */
const pauseMs = { first: 10_000, longest: 3_600_000 } as const
/** The longest a receiver may ask to be left alone (ms). */
const longestAskedMs = 86_400_000

/**
 * Sends a bounded piece of the messages that are due, each to be taken by one process alone, and
 * notes what came of it. What fails is tried again later, by a pause that grows and is half chance,
 * or by the receiver’s Retry-After; after `giveUpAfterMs` it is given up. A process that dies in
 * between leaves a message to be sent again: receivers tell by its id.
 *
 * @param options.failing Keys of receivers that failed in this round, which it adds to: they are
 *   left alone for the rest of it, so that one that hangs does not keep the others waiting.
 */
export async function deliverAlarms(
  context: AlarmContext,
  {
    giveUpAfterMs,
    signal,
    failing,
  }: {
    readonly giveUpAfterMs: number
    readonly signal: AbortSignal
    readonly failing: Set<string>
  },
): Promise<{ readonly more: boolean }> {
  const { store, clock, random, emit } = context
  const receivers = new Map(context.receivers().map((receiver) => [receiver.key, receiver]))
  const now = clock.now()
  const attemptId = newId('att', now, random)
  const targets = [...receivers.keys()].filter((key) => !failing.has(key))
  const claim = { attemptId, targets, limit: takenAtOnce, leaseMs, now }
  const taken = targets.length === 0 ? [] : await store.claimDeliveries(claim)
  await Promise.all(
    taken.map(async (delivery) => {
      const receiver = receivers.get(delivery.target)
      if (receiver !== undefined) {
        const options = { receiver, attemptId, giveUpAfterMs, signal }
        if (!(await deliver(context, delivery, options))) failing.add(receiver.key)
      }
    }),
  )
  // Those of receivers that are configured no more, or of services that are gone.
  const count = await store.buryDeliveries(now - giveUpAfterMs - leaseMs, 100, now)
  if (count > 0) emit({ type: 'alarm.deliveries_dropped', at: now, count })
  return { more: taken.length > 0 && !signal.aborted }
}

/** Sends one; false when that failed. */
async function deliver(
  { store, clock, random, emit }: AlarmContext,
  delivery: ClaimedDelivery,
  {
    receiver,
    attemptId,
    giveUpAfterMs,
    signal,
  }: {
    readonly receiver: Receiver
    readonly attemptId: string
    readonly giveUpAfterMs: number
    readonly signal: AbortSignal
  },
): Promise<boolean> {
  const deadline = new AbortController()
  const cancel = clock.schedule(sendingMs, () => deadline.abort(new Error('it took too long')))
  const sent = await receiver
    .send(JSON.parse(delivery.body) as AlarmMessage, AbortSignal.any([signal, deadline.signal]))
    .finally(cancel)
  // Ended in the middle of it: another process, or the next one, sends it when the lease is over.
  if (sent.kind === 'failed' && signal.aborted) return false
  const at = clock.now()
  const { id: deliveryId, alarmId, attempts, createdAt } = delivery
  const told = { at, alarmId, deliveryId, receiver: receiver.label }
  let outcome: DeliveryOutcome = { kind: 'delivered' }
  if (sent.kind === 'failed') {
    const waitMs = Math.min(
      Math.max(sent.retryAfterMs ?? 0, pauseAfter(attempts, random)),
      longestAskedMs,
    )
    outcome =
      at + waitMs > createdAt + giveUpAfterMs
        ? { kind: 'dead', detail: sent.detail }
        : { kind: 'retry', at: Math.ceil(at + waitMs), detail: sent.detail }
  }
  if (!(await store.settleDelivery(deliveryId, attemptId, outcome, at)))
    return sent.kind === 'delivered'
  const attempt = attempts + 1
  if (outcome.kind === 'delivered') emit({ type: 'alarm.delivered', ...told, attempt })
  else if (outcome.kind === 'dead') {
    emit({ type: 'alarm.delivery_dead', ...told, detail: outcome.detail })
  } else {
    const { detail, at: retryAt } = outcome
    emit({ type: 'alarm.delivery_failed', ...told, attempt, detail, retryAt })
  }
  return sent.kind === 'delivered'
}

function pauseAfter(attempts: number, random: AlarmContext['random']): number {
  const whole = Math.min(pauseMs.first * 2 ** attempts, pauseMs.longest)
  const [byte = 0] = random(1)
  return whole / 2 + (whole / 2) * (byte / 256)
}
