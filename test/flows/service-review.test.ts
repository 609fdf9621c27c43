import { appendFile } from 'node:fs/promises'
import { request, type IncomingMessage } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSdkListener } from '../../src/server/index.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let service: ServiceFixture
beforeAll(async () => {
  service = await startService({
    prepare: ({ configPath, simulator }) =>
      appendFile(configPath, `    upstream: { url: ${simulator.urls.graph} }\n`),
  })
})
afterAll(() => service.close())

/** Status of a GET whose path and headers are sent as they stand. */
function statusOf(base: string, path: string, headers: readonly string[] = []): Promise<number> {
  const { host, hostname, port } = new URL(base)
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, path, headers: ['Host', host, ...headers], agent: false },
      (response: IncomingMessage) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
    sent.on('error', reject)
    sent.end()
  })
}

describe('two credentials in one request', () => {
  it.each(['/proxy/contoso-graph/v1.0/users?$top=1', '/api/v1/connections'])(
    'are refused when they differ, also in two Authorization headers: %s',
    async (path) => {
      const key = `Bearer ${await service.addCaller(path.slice(1, 4), { role: 'admin' })}`
      const send = (...values: readonly string[]): Promise<number> =>
        statusOf(
          service.url,
          path,
          values.flatMap((value) => ['Authorization', value]),
        )
      expect(await send(key)).toBe(200)
      expect(await send(key, key)).toBe(200)
      expect(await send(key, 'Bearer egk_another')).toBe(400)
      expect(await send('Bearer egk_another', key)).toBe(400)
    },
  )
})

describe('the private token endpoint', () => {
  it('answers an address that cannot be read with 400 and no fault', async () => {
    const faults: unknown[] = []
    const listener = await openSdkListener({
      random: (size) => new Uint8Array(size),
      newCorrelationId: () => 'cor_1',
      connection: () => {
        throw new Error('no question came through')
      },
      onFault: (fault) => faults.push(fault),
    })
    try {
      expect(await statusOf(listener.env['IDENTITY_ENDPOINT'] ?? '', '//')).toBe(400)
      expect(faults).toEqual([])
    } finally {
      await listener.close()
    }
  })
})

describe('a key that somebody put into an address', () => {
  it.each(['/nothing/KEY?key=KEY', '/proxy/contoso-graph/KEY?key=KEY'])(
    'is neither in the log nor in the answer: %s',
    async (path) => {
      const key = await service.addCaller(`careless.${path.length}`)
      const answer = await fetch(`${service.url}${path.replaceAll('KEY', key)}`, {
        headers: { 'evergrant-key': key },
      })
      expect(answer.status).toBe(404)
      expect(await answer.text()).not.toContain(key)
      expect(JSON.stringify(service.log())).not.toContain(key.slice(-30))
    },
  )
})
