import { request } from 'undici'
import { serve } from '../serve.ts'
import { fetchToken } from '../simulator.ts'
import { firstPage, maxRssMiB, type ImportJob, type ImportOutcome } from './import-side.ts'

interface Page {
  readonly '@odata.nextLink'?: string
  readonly value: readonly unknown[]
}

// The floor beneath every import: the pages, one after the other, and their rows into nothing.
serve(async (job: ImportJob): Promise<ImportOutcome> => {
  const headers = { authorization: `Bearer ${await fetchToken(job.simulator)}` }
  const start = performance.now()
  let rows = 0
  let next: string | undefined = firstPage(job)
  while (next !== undefined) {
    const { statusCode, body } = await request(next, { headers })
    const bytes = Buffer.from(await body.arrayBuffer())
    if (statusCode !== 200) throw new Error(`a page was answered with ${statusCode}`)
    if (job.parse) {
      const page = JSON.parse(bytes.toString('utf8')) as Page
      rows += page.value.length
      next = page['@odata.nextLink']
    } else {
      next = findNextLink(bytes)
    }
  }
  const elapsedMs = performance.now() - start
  return { elapsedMs, maxRssMiB: maxRssMiB(), rows: job.parse ? rows : undefined }
})

/** Finds the next link, which stands before the rows, without looking at them. */
function findNextLink(page: Buffer): string | undefined {
  const head = page.subarray(0, 4_096).toString('latin1').split('"value":[', 1)[0] ?? ''
  const quoted = /"@odata\.nextLink":("[^"]+")/.exec(head)?.[1]
  return quoted === undefined ? undefined : (JSON.parse(quoted) as string)
}
