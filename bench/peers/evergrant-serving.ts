import { setTimeout } from 'node:timers/promises'
import type { Serving } from '../../src/server/index.ts'
import { watchLoop, type LoopDelay } from '../loop-delay.ts'
import { serve } from '../serve.ts'
import type { SimulatorFacts } from '../simulator.ts'
import { startBenchService } from './service-folder.ts'

/** What the service is told; the first order starts it. */
export type ServingOrder =
  | {
      readonly do: 'start'
      readonly api: string
      readonly folder: string
      readonly tokens: string
      readonly simulator: SimulatorFacts
    }
  /** Begins the import and the watch of the event loop, or the watch alone. */
  | { readonly do: 'watch'; readonly imports: boolean }
  | { readonly do: 'report' }

/** What it answers. */
export interface ServingReport {
  readonly port: number
  readonly headers: Readonly<Record<string, string>>
  readonly delay?: LoopDelay
  /** State of the import and rows it has committed. */
  readonly state?: string
  readonly rows?: number
}

let serving: Serving
let key = ''
let runId: string | undefined
let unwatch: (() => LoopDelay) | undefined

// The service as `evergrant serve` runs it, with an API to call and a directory to import.
serve(async (order: ServingOrder): Promise<ServingReport> => {
  if (order.do === 'start') await start(order)
  const port = Number(new URL(serving.url).port)
  const headers = { authorization: `Bearer ${key}` }
  if (order.do === 'start') return { port, headers }
  if (order.do === 'watch') {
    unwatch?.()
    if (order.imports) {
      const run = await ask('POST', '/api/v1/imports', { name: 'nightly' })
      runId = String(run['id'])
      // The thread of an import takes a moment to load; from its first page on it is at work.
      const path = `/api/v1/imports/${runId}`
      while (Number((await ask('GET', path))['rows']) === 0) await setTimeout(20)
    }
    unwatch = watchLoop()
    return { port, headers }
  }
  const delay = unwatch?.()
  unwatch = undefined
  const run = runId === undefined ? undefined : await ask('GET', `/api/v1/imports/${runId}`)
  return {
    port,
    headers,
    ...(delay === undefined ? {} : { delay }),
    ...(run === undefined ? {} : { state: String(run['state']), rows: Number(run['rows']) }),
  }
})

async function start({
  api,
  folder,
  tokens,
  simulator,
}: Extract<ServingOrder, { do: 'start' }>): Promise<void> {
  serving = await startBenchService({
    folder,
    secrets: { 'client-secret': 'secret', 'graph-secret': simulator.client.secret },
    config: `providers:
  lab: { type: oauth2, tokenEndpoint: "${tokens}/token" }
  contoso: { type: entra, tenant: "${simulator.tenant}", authority: "${simulator.authority}", graph: "${simulator.graph}" }
connections:
  api:
    provider: lab
    client: { id: bench, credentials: [{ secret: { file: ./client-secret } }] }
    grant: client_credentials
    scope: all
    upstream: { url: "${api}", rejected: [microsoft] }
  graph:
    provider: contoso
    client: { id: ${simulator.client.id}, credentials: [{ secret: { file: ./graph-secret } }] }
    grant: client_credentials
    resource: https://graph.microsoft.com
imports:
  nightly: { connection: graph, collections: [users], to: store }
`,
  })
  const added = await serving.callerDesk.add({ name: 'bench', connections: '*', role: 'admin' })
  key = added.key.reveal()
}

async function ask(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${serving.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const said = (await answer.json()) as Record<string, unknown>
  if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(said)}`)
  return said
}
