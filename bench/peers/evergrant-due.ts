import { createEvergrant, type AnyEvent, type Evergrant } from '../../src/server/index.ts'
import { watchLoop, type LoopDelay } from '../loop-delay.ts'
import { serve } from '../serve.ts'
import { connectionName } from '../workspace.ts'
import { maxRssMiB } from './import-side.ts'
import { scope } from './token-side.ts'

/** What a service with many grants is told, in this order. */
export type DueOrder =
  | { readonly do: 'start'; readonly configPath: string }
  /** Waits until so many grants were renewed that nobody asked for. */
  | { readonly do: 'drain'; readonly due: number }

/** How the service came up. */
export interface StartOutcome {
  /** From the start of the process until a caller had its first token. */
  readonly startUpMs: number
}

/** How the due grants were renewed. */
export interface DrainOutcome {
  /** From the start of the sweep's thread until the last grant was renewed. */
  readonly drainMs: number
  /** Of that, until the first one was. */
  readonly firstMs: number
  /** Of the main thread, meanwhile. */
  readonly delay: LoopDelay
  readonly maxRssMiB: number
}

let evergrant: Evergrant | undefined
let told: (event: AnyEvent) => void = () => {}

/** Resolves when the sweep's thread starts. */
const sweeping = new Promise<void>((resolve) => {
  process.once('worker', () => resolve())
})

serve(async (order: DueOrder): Promise<StartOutcome | DrainOutcome> => {
  if (order.do === 'drain') return drain(order.due)
  evergrant = await createEvergrant({
    config: order.configPath,
    keepAlive: true,
    onEvent: (event) => told(event),
  })
  await evergrant.connection(connectionName(0)).getToken(scope)
  return { startUpMs: performance.now() }
})

async function drain(due: number): Promise<DrainOutcome> {
  const finished = Promise.withResolvers<void>()
  let renewed = 0
  let firstAt: number | undefined
  let lastAt = 0
  told = (event) => {
    if (event.type === 'grant.kept_alive') {
      renewed++
      lastAt = performance.now()
      firstAt ??= lastAt
    } else if (event.type === 'job.failed' || event.type === 'grant.refresh_failed') {
      finished.reject(new Error(JSON.stringify(event)))
    } else if (event.type === 'job.finished' && renewed >= due) {
      finished.resolve()
    }
  }
  await sweeping
  const startedAt = performance.now()
  const stop = watchLoop()
  await finished.promise
  const delay = stop()
  if (renewed !== due) throw new Error(`${renewed} grants were renewed, but ${due} were due`)
  return {
    drainMs: lastAt - startedAt,
    firstMs: (firstAt ?? Number.NaN) - startedAt,
    delay,
    maxRssMiB: maxRssMiB(),
  }
}
