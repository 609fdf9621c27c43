import type { CollectionName } from '../directory/index.ts'
import { err, EvergrantError, ok, type Result } from '../kernel/index.ts'
import { countRows, isAboutCounting } from './count-collection.ts'
import type { PageDefect } from './scan-page.ts'
import { send, type SendDependencies } from './send.ts'
import type { ShardSource } from './shard-counts.ts'

/** Graph's next links repeat the filter and add a page token, within the same limit. */
export const pageTokenRoom = 400

/** Some names of what is to be cut, and how long Graph took for a page of them. */
export interface Sample {
  readonly names: readonly string[]
  readonly fetchMs: number
}

/** What is to be cut, by the beginnings of which text, and where Graph is asked for it. */
export interface ShardQuestions {
  readonly collection: CollectionName
  readonly property: string
  countUrl(filter: string): string
  sampleUrl(filter: string | undefined): string
}

/** Makes what a planner asks. @param whole The sample of all there is, had before. */
export function createShardSource(
  deps: SendDependencies,
  questions: ShardQuestions,
  whole: Sample,
): ShardSource {
  return {
    count: async (filter) => {
      try {
        return await countRows(deps, questions.countUrl(filter), questions.collection)
      } catch (error) {
        if (!(error instanceof EvergrantError) || !isAboutCounting(error)) throw error
        return { refused: error.detail }
      }
    },
    sample: async (filter) =>
      (filter === undefined ? whole : await sampleNames(deps, questions, filter)).names,
  }
}

/** Asks for names; none where Graph refuses, since they steer a plan and nothing else. */
export async function sampleNames(
  deps: SendDependencies,
  { collection, property, sampleUrl }: ShardQuestions,
  filter?: string,
): Promise<Sample> {
  const url = sampleUrl(filter)
  const place = { collection, page: 0 }
  const startedAt = deps.clock.monotonic()
  try {
    const headers = { consistencylevel: 'eventual' }
    const sent = await send(deps, url, headers, place, ({ body }) => readNames(body, property))
    if (sent.kind !== 'answer') return { names: [], fetchMs: deps.clock.monotonic() - startedAt }
    return { names: sent.value, fetchMs: sent.fetchMs }
  } catch (error) {
    if (!(error instanceof EvergrantError) || !isAboutCounting(error)) throw error
    return { names: [], fetchMs: deps.clock.monotonic() - startedAt }
  }
}

function readNames(body: Buffer, property: string): Result<readonly string[], PageDefect> {
  try {
    const { value } = JSON.parse(body.toString('utf8')) as { readonly value?: unknown }
    if (Array.isArray(value)) {
      const names = value.map((row: unknown) => (row as Record<string, unknown> | null)?.[property])
      return ok(names.filter((name) => typeof name === 'string'))
    }
  } catch {
    // Told below.
  }
  return err({ detail: `expected a page of objects with their ${property}` })
}
