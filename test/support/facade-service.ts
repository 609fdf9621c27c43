import { createTraceRecorder, recordFacadeTraces, type Facade } from '../../src/gateway/index.ts'
import type { TraceRecord } from '../../src/gateway/index.ts'
import { systemRandom } from '../../src/kernel/index.ts'
import { compose, facadeRoutes, openFacade, type OpenFacade } from '../../src/server/index.ts'
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
  let url = ''
  let opened: OpenFacade | undefined
  let recorded: TraceRecord[] = []
  let watch: Store['watchGenerations'] | undefined
  const service = await startService({
    service: (composition) => {
      watch = (listener) => composition.store.watchGenerations(listener)
      const recorder = createTraceRecorder({
        clock: composition.clock,
        random: systemRandom,
        emit: composition.events.emit,
        onEnd: (trace) => (recorded = [...recorded, trace.toRecord()]),
      })
      opened = openFacade(composition, {
        publicUrl: () => url,
        limits: {},
        beginTrace: recordFacadeTraces(recorder),
      })
      return { parts: [facadeRoutes(opened.facade)] }
    },
  })
  const { workspace, close } = service
  if (opened === undefined) throw new Error('the service made no façade')
  const { facade, close: closeFacade } = opened
  ;({ url } = service)
  return {
    url,
    issuer: `${url}/oauth/contoso-graph`,
    facade,
    traces: () => recorded,
    noticed: async (topic) =>
      await new Promise((resolve) => {
        const end = watch?.(({ topics }) => {
          if (!topics.includes(topic)) return
          end?.()
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
    close: async () => {
      closeFacade()
      await close()
    },
  }
}
