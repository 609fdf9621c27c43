import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import {
  Client,
  HTTPMessageHandler,
  PageIterator,
  type PageCollection,
} from '@microsoft/microsoft-graph-client'
import { serve } from '../serve.ts'
import { fetchToken } from '../simulator.ts'
import { firstPage, maxRssMiB, type ImportJob, type ImportOutcome } from './import-side.ts'

// How the SDK's users write it, and kindly so: a token that never needs renewal, no retries and no
// telemetry in the way, a generous buffer, one flush to the disk at the very end.
serve(async (job: ImportJob): Promise<ImportOutcome> => {
  const headers = { Authorization: `Bearer ${await fetchToken(job.simulator)}` }
  const start = performance.now()
  // `flush`: on the disk before it is closed.
  const stream = createWriteStream(join(job.folder, 'users.ndjson'), {
    highWaterMark: 1024 * 1024,
    flush: true,
  })
  const client = overHttp(job.simulator.graph)
  const request = client.api(firstPage(job)).headers(headers)
  let rows = 0
  const iterator = new PageIterator(
    client,
    (await request.get()) as PageCollection,
    (row: unknown) => {
      rows++
      return stream.write(`${JSON.stringify(row)}\n`)
    },
    { headers },
  )
  await iterator.iterate()
  // The iterator pauses where the buffer is full.
  while (!iterator.isComplete()) {
    if (stream.writableNeedDrain) await once(stream, 'drain')
    await iterator.resume()
  }
  stream.end()
  await finished(stream)
  return { elapsedMs: performance.now() - start, maxRssMiB: maxRssMiB(), rows }
})

/**
 * A client of a Graph that speaks plain HTTP. The SDK takes a link for absolute by `https://` alone
 * and would put any other below its own base address, so it gets next links without their root.
 */
function overHttp(baseUrl: string): Client {
  const client = Client.initWithMiddleware({ baseUrl, middleware: new HTTPMessageHandler() })
  const api = client.api.bind(client)
  client.api = (link) => api(link.replace(`${baseUrl}/v1.0`, ''))
  return client
}
