import type { Proof, TrialProgress } from '../grants/index.ts'
import { isEvergrantError } from '../kernel/index.ts'
import type { ConsentContext } from './context.ts'
import type { ConsentRung, ConsentSession } from './ports.ts'

/** What is known of a rung that had its turn. */
type TriedOutcome = Exclude<ConsentRung['outcome'], 'waiting'>

/** A trial whose progress is kept with its session. */
export interface FollowedTrial extends TrialProgress {
  /** The rungs as they are now. */
  rungs(): readonly ConsentRung[]
  /** Resolves with the rungs once all is kept; those that had no turn are unverified. */
  settled(): Promise<readonly ConsentRung[]>
}

/**
 * Keeps each rung with the session as it begins and ends, in order, and tells of it once it is
 * kept. A store that is away for a moment does not hold the trial up: the end of the session writes
 * all of them again.
 *
 * @param planned Names of the rungs that are to come; others are added as they are tried.
 */
export function followTrial(
  { id, linkId, connection, tenant }: ConsentSession,
  planned: readonly string[],
  { store, clock, emit }: Pick<ConsentContext, 'store' | 'clock' | 'emit'>,
): FollowedTrial {
  const rungs = new Map<string, ConsentRung>(
    planned.map((name) => [name, { name, outcome: 'waiting', requestIds: [] }]),
  )
  const all = (): readonly ConsentRung[] => [...rungs.values()]
  let keeping = Promise.resolve()
  const keep = async (
    before: Promise<void>,
    snapshot: readonly ConsentRung[],
    { at, rung, outcome }: { at: number; rung: string; outcome: TriedOutcome },
  ): Promise<void> => {
    await before
    try {
      await store.noteConsent(id, { rungs: snapshot })
    } catch (error) {
      if (!isEvergrantError(error)) throw error
    }
    const about = { connection, tenant, sessionId: id, ...(linkId === undefined ? {} : { linkId }) }
    emit({ type: 'consent.rung', at, ...about, rung, outcome })
  }
  const change = (rung: ConsentRung & { readonly outcome: TriedOutcome }): void => {
    const at = clock.now()
    rungs.set(rung.name, { ...rung, at })
    const snapshot = all()
    keeping = keep(keeping, snapshot, { at, rung: rung.name, outcome: rung.outcome })
    // Whoever awaits the end hears of a fault.
    keeping.catch(() => {})
  }
  return {
    begins: (name) => change({ name, outcome: 'running', requestIds: [] }),
    ended: (proof) => change(asRung(proof)),
    rungs: all,
    settled: async () => {
      await keeping
      return all().map((rung) =>
        rung.outcome === 'waiting' || rung.outcome === 'running'
          ? { ...rung, outcome: 'unverified', detail: 'it had no turn', at: clock.now() }
          : rung,
      )
    },
  }
}

function asRung({
  proof,
  outcome,
  error,
  detail,
  requestIds = [],
}: Proof): ConsentRung & Pick<Proof, 'outcome'> {
  const seen = error?.detail ?? detail
  return {
    name: proof,
    outcome,
    ...(seen === undefined ? {} : { detail: seen }),
    ...(error === undefined ? {} : { code: error.code, remedy: error.remedy }),
    requestIds,
  }
}
