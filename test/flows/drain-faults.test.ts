import { appendFile } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { settingsFor, startApi, startGateway, type TestApi } from '../support/gateway-fixture.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'
import { openRaw, upgradeHead, type RawConnection } from '../support/upgraded.ts'

let api: TestApi
let fixture: ServiceFixture
let key: string
let opened: RawConnection[]

beforeEach(async () => {
  opened = []
  api = await startApi((_request, response) => response.end('fine'))
  api.server.on('upgrade', (_request, socket: Duplex) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n')
    socket.pipe(socket)
  })
  fixture = await startService({
    prepare: async ({ configPath }) => {
      await appendFile(
        configPath,
        `    upstream: { url: "${api.url}", resource: https://graph.microsoft.com }\n`,
      )
    },
  })
  key = await fixture.addCaller('crm')
})
afterEach(async () => {
  for (const connection of opened) connection[Symbol.dispose]()
  await fixture.close()
  await api[Symbol.asyncDispose]()
})

async function open(): Promise<RawConnection> {
  const connection = await openRaw(fixture.url)
  opened.push(connection)
  return connection
}

async function upgraded(): Promise<RawConnection> {
  const connection = await open()
  connection.write(upgradeHead('/proxy/contoso-graph/socket', key))
  await connection.reads('101 Switching Protocols')
  return connection
}

/** How long the service takes to end (ms). */
async function timed(work: Promise<void>): Promise<number> {
  const began = performance.now()
  await work
  return performance.now() - began
}

describe('a service that drains', () => {
  it('lets an upgraded connection go on until the deadline, then closes it and ends', async () => {
    const connection = await upgraded()
    const closing = timed(fixture.serving.close(200))
    connection.write('still here')
    await connection.reads('still here')
    await connection.closed
    const took = await closing
    expect(took).toBeGreaterThan(190)
    expect(took).toBeLessThan(10_000)
    expect(fixture.log()).toContainEqual(
      expect.objectContaining({ msg: 'request', code: 'service_draining', status: 101 }),
    )
  })

  it('refuses a new upgrade with 503 and ends, though the caller keeps its side open', async () => {
    const [late, living] = [await open(), await upgraded()]
    const closing = timed(fixture.serving.close(200))
    late.write(upgradeHead('/proxy/contoso-graph/socket', key))
    await late.reads('"code":"service_draining"')
    expect(late.text()).toMatch(/^HTTP\/1\.1 503 [^]*\r\nretry-after: 1\r\n/i)
    await Promise.all([late.closed, living.closed])
    expect(await closing).toBeLessThan(10_000)
  })

  it('ends with nothing under way, whoever asked for an upgrade and stays', async () => {
    const [refused, stranger] = [await open(), await open()]
    refused.write(upgradeHead('/proxy/contoso-graph/socket', 'egk_nobody'))
    await refused.reads('"code":"caller_unauthenticated"')
    stranger.write(upgradeHead('/api/v1/events', key))
    await stranger.reads('HTTP/1.1 400')
    expect(await timed(fixture.serving.close(200))).toBeLessThan(10_000)
  })

  it('ends an upgraded connection at once when it is told so again', async () => {
    const connection = await upgraded()
    const closing = fixture.serving.close(60_000)
    expect(await timed(fixture.serving.close(0))).toBeLessThan(10_000)
    await closing
    await connection.closed
  })
})

describe('an upgrade that is refused', () => {
  it('holds no connection open, though the caller never closes its side', async () => {
    await using gateway = await startGateway({ '': settingsFor(api.url) })
    const refused = await openRaw(gateway.url)
    opened.push(refused)
    refused.write(upgradeHead('/proxy/api/socket', 'egk_nobody'))
    await refused.reads('"code":"caller_unauthenticated"')
    expect(gateway.gateway.calls).toBe(1)
    await gateway.engine.clock.advance(2_500)
    await expect.poll(() => gateway.gateway.calls).toBe(0)
    expect(gateway.traces.takeBatch(1)).toMatchObject([{ kind: 'upgrade', outcome: 'refused' }])
  })
})
