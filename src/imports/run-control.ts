import { EvergrantError } from '../kernel/index.ts'

/** Thrown inside a run when someone asked it to stop or cancel, or another process took it over. */
export class RunStopped extends Error {
  override readonly name = 'RunStopped'
  readonly why: 'stop' | 'cancel' | 'lost'

  constructor(why: 'stop' | 'cancel' | 'lost') {
    super(`the run was asked to ${why}`)
    this.why = why
  }
}

/** Carries the wish that a run end early to the places that can obey it. */
export interface RunControl {
  /** Aborts waits at once, with `RunStopped`. Requests in flight are allowed to finish. */
  readonly waits: AbortSignal
  /** Aborts everything at once; only for a run that was lost. */
  readonly everything: AbortSignal
  /** Notes a wish; `lost` outranks `cancel`, which outranks `stop`. */
  request(why: 'stop' | 'cancel' | 'lost'): void
  /** @throws RunStopped when the run is to end. Called between pages. */
  checkpoint(): void
  /** Aborts what is still under way when the run has ended, such as a page fetched ahead. */
  end(): void
}

/** Makes the control of one run. */
export function createRunControl(): RunControl {
  const rank = { stop: 1, cancel: 2, lost: 3 } as const
  const waits = new AbortController()
  const everything = new AbortController()
  let asked: keyof typeof rank | undefined
  return {
    waits: waits.signal,
    everything: everything.signal,
    request: (why) => {
      if (asked !== undefined && rank[asked] >= rank[why]) return
      asked = why
      waits.abort(new RunStopped(why))
      if (why === 'lost') everything.abort(new RunStopped(why))
    },
    checkpoint: () => {
      if (asked !== undefined) throw new RunStopped(asked)
    },
    end: () => {
      waits.abort(new RunStopped('lost'))
      everything.abort(new RunStopped('lost'))
    },
  }
}

/** Tells an expected error of ours from a fault, wrapping the fault as `internal`. */
export function asEvergrantError(error: unknown): EvergrantError {
  if (error instanceof EvergrantError) return error
  const detail = error instanceof Error ? error.message : String(error)
  return new EvergrantError('internal', detail, { cause: error })
}
