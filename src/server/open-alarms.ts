import { readFile } from 'node:fs/promises'
import type { SecureContext } from 'node:tls'
import { deliverAlarms, evaluateAlarms, type AlarmContext } from '../alarms/index.ts'
import { systemRandom } from '../kernel/index.ts'
import { assess } from './alarm-facts.ts'
import { openReceivers } from './alarm-receivers.ts'
import type { AnyEvent, Composition } from './compose.ts'
import { createCredentialEnds } from './credential-ends.ts'
import type { IssuerHealth } from './issuer-health.ts'
import { trustAlso } from './outbound-authorities.ts'
import { createOwnJobs } from './start-jobs.ts'

/** How often everything is looked at (ms). */
const everyMs = 60_000
/** From an event to a look: what it tells is in the store by then, and several are one (ms). */
const settleMs = 500
/** The same after a renewal, which comes often and seldom ends an alarm (ms). */
const renewedMs = 5_000
/** How long alarms that are over are kept (ms). */
const keptMs = 90 * 86_400_000

/** After these something may have begun or be over. */
const telling: ReadonlySet<AnyEvent['type']> = new Set<AnyEvent['type']>([
  'grant.lapsed',
  'grant.refresh_unknown',
  'grant.revoked',
  'grant.reinstated',
  'grant.orphaned',
  'grant.candidate_activated',
  'import.run_completed',
  'import.run_failed',
  'import.run_interrupted',
  'import.run_given_up',
  'identity.keys_unavailable',
  'identity.keys_recovered',
])

/** Alarms of a running service. */
export interface Alarms {
  /** Looks at everything now, and sends what is due. */
  wake(): Promise<void>
  close(): Promise<void>
}

/**
 * Starts looking for what a person must know, every minute and after events that tell of it. Every
 * node does: what one has raised, ended or sent, the store keeps the others from doing again.
 */
export async function openAlarms(
  composition: Composition,
  {
    health,
    publicUrl,
  }: { readonly health: () => readonly IssuerHealth[]; readonly publicUrl: () => string },
): Promise<Alarms> {
  const { store, clock, events } = composition
  const context = await openAlarmContext(composition, publicUrl)
  const ends = createCredentialEnds(composition)
  const sources = { composition, ends, health }
  const ending = new AbortController()
  let openAlarmsCount = 0
  const jobs = createOwnJobs(composition)
  await jobs.add(
    {
      name: 'alarms',
      runDue: async ({ signal }) => {
        try {
          openAlarmsCount = await evaluateAlarms(context, (open) => assess(sources, open))
          await store.alarms.sweepAlarms(clock.now() - keptMs, 100)
        } finally {
          // What was raised before must go out whatever is wrong with looking.
          await deliverAll(composition, context, AbortSignal.any([signal, ending.signal]))
        }
        return { more: false }
      },
    },
    { everyMs },
  )
  let next: { readonly inMs: number; readonly cancel: () => void } | undefined
  const lookIn = (inMs: number): void => {
    if (ending.signal.aborted || (next !== undefined && next.inMs <= inMs)) return
    next?.cancel()
    const look = (): void => {
      next = undefined
      void jobs.wake('alarms')
    }
    next = { inMs, cancel: clock.schedule(inMs, look) }
  }
  const stopListening = events.on(({ type }) => {
    if (telling.has(type)) lookIn(settleMs)
    else if (type === 'grant.refreshed' && openAlarmsCount > 0) lookIn(renewedMs)
  })
  return {
    wake: () => jobs.wake('alarms'),
    close: async () => {
      stopListening()
      next?.cancel()
      ending.abort(new Error('the service is being stopped'))
      await jobs.stop()
    },
  }
}

async function deliverAll(
  { config }: Composition,
  context: AlarmContext,
  signal: AbortSignal,
): Promise<void> {
  const { giveUpAfterMs } = config.alarms
  const failing = new Set<string>()
  for (;;) {
    const { more } = await deliverAlarms(context, { giveUpAfterMs, signal, failing })
    if (!more) return
  }
}

/**
 * What alarms are raised and told with, and who is told.
 *
 * @throws EvergrantError `config_invalid` for a certificate of `network.ca` that cannot be read
 */
export async function openAlarmContext(
  composition: Composition,
  publicUrl: () => string,
): Promise<AlarmContext> {
  const { store, clock, events } = composition
  const secureContext = await trustedByMail(composition)
  return {
    store: store.alarms,
    clock,
    random: systemRandom,
    emit: events.emit,
    // Made anew: a reload puts other ones in their place.
    receivers: () => openReceivers(composition, secureContext),
    service: publicUrl,
  }
}

/** Mail servers are reached directly, but trusted as everything else is. */
async function trustedByMail({ config }: Composition): Promise<SecureContext | undefined> {
  const { ca } = config.network
  const texts = await Promise.all(ca.map((path) => readFile(path, 'utf8')))
  return trustAlso(texts, (position) => `"${ca[position]}"`)
}
