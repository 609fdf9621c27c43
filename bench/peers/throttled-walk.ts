import { request } from 'undici'
import { serve } from '../serve.ts'
import { fetchToken } from '../simulator.ts'
import type { ThrottledJob, ThrottledOutcome } from './throttled-side.ts'

/** So often one request is sent again before its walk is given up, as clients commonly do. */
const mostRetries = 10

interface Page {
  readonly '@odata.nextLink'?: string
  readonly value: readonly { readonly id: string }[]
}

// Cursors that know nothing of one another: a walk for each first letter, and one for the rest.
serve(async (job: ThrottledJob): Promise<ThrottledOutcome> => {
  const { columns, cursors, pageSize, simulator, waits } = job
  const headers = {
    authorization: `Bearer ${await fetchToken(simulator)}`,
    consistencylevel: 'eventual',
  }
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz')
  const begins = (letter: string): string => `startsWith(userPrincipalName,'${letter}')`
  const without = (some: readonly string[]): string => `not(${some.map(begins).join(' or ')})`
  const filters = [
    ...letters.map(begins),
    `${without(letters.slice(0, 13))} and ${without(letters.slice(13))}`,
  ]
  const walks = filters.map(
    (filter) =>
      `${simulator.graph}/v1.0/users?$select=${columns.join(',')}&$top=${pageSize}&$count=true&$filter=${encodeURIComponent(filter)}`,
  )
  const ids = new Set<string>()
  const start = performance.now()
  await Promise.all(
    Array.from({ length: cursors }, async () => {
      for (;;) {
        const first = walks.shift()
        if (first === undefined) return
        await walk(first)
      }
    }),
  )
  return { elapsedMs: performance.now() - start, rows: ids.size }

  async function walk(first: string): Promise<void> {
    let next: string | undefined = first
    let retries = 0
    while (next !== undefined) {
      const { body, headers: told, statusCode } = await request(next, { headers })
      if (statusCode === 200) {
        const page = (await body.json()) as Page
        for (const { id } of page.value) ids.add(id)
        next = page['@odata.nextLink']
        retries = 0
        continue
      }
      await body.dump()
      if (retries++ === mostRetries) return
      if (waits) await sleep(Number(told['retry-after'] ?? 1) * 1_000)
    }
  }
})

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
