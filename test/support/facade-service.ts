import type { Facade, TraceRecord } from '../../src/gateway/index.ts'
import { compose } from '../../src/server/index.ts'
import type { GenerationTopic, Store } from '../../src/store/index.ts'
import { startService } from './service-fixture.ts'

/** A running service with a façade over a simulated tenant’s `contoso-graph`. */
export interface FacadeService {
  readonly url: string
  readonly issuer: string
  readonly facade: Facade
  /** Traces so far. */
  traces(): readonly TraceRecord[]
  /** Resolves when this process has noticed a change of that topic. */
  noticed(topic: GenerationTopic): Promise<void>
  /** Does something as another process on the store would. */
  elsewhere(work: (store: Store) => Promise<unknown>): Promise<void>
  close(): Promise<void>
}

/** Starts it on a free port. */
export async function startFacade(): Promise<FacadeService> {
  let recorded: TraceRecord[] = []
  const { workspace, serving, url, close } = await startService({
    serving: { onTrace: (trace) => (recorded = [...recorded, trace.toRecord()]) },
  })
  const { facade, composition } = serving
  return {
    url,
    issuer: `${url}/oauth/contoso-graph`,
    facade,
    traces: () => recorded,
    noticed: async (topic) =>
      await new Promise((resolve) => {
        const end = composition.store.watchGenerations(({ topics }) => {
          if (!topics.includes(topic)) return
          end()
          resolve()
        })
      }),
    elsewhere: async (work) => {
      const other = await compose({ configPath: workspace.configPath, env: {}, role: 'main' })
      try {
        await work(other.store)
      } finally {
        await other.close()
      }
    },
    close,
  }
}
