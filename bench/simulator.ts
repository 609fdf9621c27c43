import type { SimulatorOptions, SimulatorStats } from '../src/simulator/index.ts'
import { startChild } from './child.ts'

/** Where a simulated tenant is, and the application that may ask it. */
export interface SimulatorFacts {
  readonly authority: string
  readonly graph: string
  /** Address of the control API. */
  readonly control: string
  readonly tenant: string
  readonly client: { readonly id: string; readonly secret: string }
  /** PEM of its own trust anchor, where it speaks https. */
  readonly certificate: string | undefined
}

/**
 * Runs `use` against a simulator in a process of its own, so that its work and memory count for no
 * side.
 */
export async function withSimulator<T>(
  options: SimulatorOptions,
  use: (facts: SimulatorFacts) => Promise<T>,
): Promise<T> {
  const child = startChild('./simulator-child.ts')
  try {
    return await use(await child.ask<SimulatorFacts>(options, 30_000))
  } finally {
    await child.end()
  }
}

/** Drives a simulator by its control API. */
export async function control(
  facts: SimulatorFacts,
  operation: string,
  body: object,
): Promise<void> {
  const response = await fetch(`${facts.control}/${operation}`, {
    method: 'POST',
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  })
  if (!response.ok) throw new Error(`the simulator refused ${operation}: ${response.status}`)
}

/** What a simulator has answered so far. */
export async function readStats(facts: SimulatorFacts): Promise<SimulatorStats> {
  const response = await fetch(`${facts.control}/stats`, { signal: AbortSignal.timeout(10_000) })
  return (await response.json()) as SimulatorStats
}

/** A token for Graph, asked for without any library. */
export async function fetchToken(facts: SimulatorFacts): Promise<string> {
  const response = await fetch(`${facts.authority}/${facts.tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: facts.client.id,
      client_secret: facts.client.secret,
      scope: 'https://graph.microsoft.com/.default',
    }),
    signal: AbortSignal.timeout(10_000),
  })
  const { access_token: token } = (await response.json()) as { readonly access_token?: string }
  if (token === undefined) throw new Error(`the simulator gave no token: ${response.status}`)
  return token
}
