import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { createTraceRecorder } from '../gateway/index.ts'
import { systemClock, systemRandom } from '../kernel/index.ts'
import { openTelemetry, type Telemetry } from './telemetry.ts'

/** A collector that takes connections and never answers, or none at all. */
async function hungCollector(): Promise<{ url: string; close: () => Promise<unknown> }> {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1/traces`,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

async function open(url: string, timeoutMs: number, failures: string[]): Promise<Telemetry> {
  const telemetry = await openTelemetry(
    { url, serviceName: 'evergrant', ratio: 1, timeoutMs },
    {
      clock: systemClock,
      isConnection: () => true,
      onFailure: (reason) => failures.push(reason),
    },
  )
  const recorder = createTraceRecorder({
    clock: systemClock,
    random: systemRandom,
    emit: () => {},
    onEnd: telemetry.trace,
  })
  recorder.begin('call').end('served', 200)
  return telemetry
}

describe('telemetry', () => {
  it('ends at its deadline although the collector hangs', async () => {
    const collector = await hungCollector()
    const telemetry = await open(collector.url, 5_000, [])
    const began = performance.now()
    await telemetry.close(20)
    expect(performance.now() - began).toBeLessThan(2_000)
    await collector.close()
  })

  it('tells of a collector that does not take spans, and does not fail', async () => {
    const collector = await hungCollector()
    const failures: string[] = []
    const telemetry = await open(collector.url, 50, failures)
    await telemetry.close()
    await collector.close()
    expect(failures).toHaveLength(1)
  })
})
