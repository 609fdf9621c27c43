import type { CallerLimits } from '../access/index.ts'
import { createFacade, type BeginFacadeTrace, type Facade } from '../gateway/index.ts'
import { systemRandom } from '../kernel/index.ts'
import type { Composition } from './compose.ts'

/** The façade of a composition, and the end of what it listens to. */
export interface OpenFacade {
  readonly facade: Facade
  close(): void
}

/** Makes the façade of a composition; it notices what other processes revoke within a second. */
export function openFacade(
  composition: Pick<Composition, 'store' | 'clock' | 'engine' | 'events'>,
  options: {
    /** How callers reach the service from outside; no trailing slash. */
    readonly publicUrl: () => string
    readonly limits: CallerLimits
    readonly beginTrace: BeginFacadeTrace
  },
): OpenFacade {
  const { store, clock, engine, events } = composition
  const facade = createFacade({
    ...options,
    store: store.facades,
    clock,
    random: systemRandom,
    emit: events.emit,
    connection: (address, target) => engine.connection(address, target),
  })
  const close = store.watchGenerations(({ topics }) => {
    if (topics.includes('facades')) facade.forget()
  })
  return { facade, close }
}
