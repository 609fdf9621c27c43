import { startSimulator, type SimulatorOptions } from '../src/simulator/index.ts'
import { serve } from './serve.ts'
import type { SimulatorFacts } from './simulator.ts'

serve(async (options: SimulatorOptions): Promise<SimulatorFacts> => {
  const { certificate, client, tenant, urls } = await startSimulator(options)
  const { authority, graph, http } = urls
  return { authority, graph, control: `${http}/_control`, tenant, client, certificate }
})
