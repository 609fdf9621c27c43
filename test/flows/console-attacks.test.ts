import { afterEach, describe, expect, it } from 'vitest'
import { consoleLinkUrl, startServing, type Serving } from '../../src/server/index.ts'
import { openConsoleBrowser, type ConsoleBrowser } from '../support/console-browser.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let service: ServiceFixture
let second: Serving | undefined
afterEach(async () => {
  await second?.close(0)
  second = undefined
  await service.close()
})

const makeLink = async (): Promise<string> => {
  const { token } = await service.serving.console.makeLink({
    name: 'Anna',
    role: 'admin',
    lifeMs: 60_000,
    by: 'root',
  })
  return consoleLinkUrl(service.url, token.reveal())
}

const signedIn = async (): Promise<ConsoleBrowser> => {
  const browser = openConsoleBrowser(service.url)
  await browser.enter(await makeLink())
  return browser
}

describe('whoever is signed out at one node', () => {
  it('is told nothing more at another one within a second, streams included', async () => {
    service = await startService()
    second = await startServing({
      configPath: service.workspace.configPath,
      env: {},
      listen: { host: '127.0.0.1', port: 0 },
      keepAlive: false,
      logTo: { write: () => {} },
    })
    const anna = await signedIn()
    const cookie = [...anna.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { cookie, 'sec-fetch-site': 'same-origin' }
    const atSecond = async (): Promise<number> =>
      (await fetch(`${second?.url}/console/session`, { headers })).status
    expect(await atSecond()).toBe(200)
    const stream = await fetch(`${second.url}/api/v1/events`, { headers })
    expect(stream.status).toBe(200)
    const begun = performance.now()
    const ended = stream.text().then(() => performance.now() - begun)
    expect((await anna.call('POST', '/console/sign-out')).status).toBe(204)
    await expect.poll(atSecond, { timeout: 3_000, interval: 40 }).toBe(401)
    expect(await ended).toBeLessThan(5_000)
  })
})

describe('a cookie that a neighbour plants beside ours, over http', () => {
  it('costs nobody the link that signs in', async () => {
    service = await startService()
    const link = new URL(await makeLink())
    const browser = openConsoleBrowser(service.url)
    const page = await (await browser.fetch(link.pathname)).text()
    const planted = { cookie: 'evergrant-console=a; evergrant-console=b' }
    const refused = await browser.fetch(link.pathname, {
      method: 'POST',
      headers: { ...planted, origin: 'null', 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams(),
    })
    expect(refused.status).toBe(400)
    expect((await browser.submit(page, link.pathname)).status).toBe(303)
  })
})

describe('a viewer who opens streams of events', () => {
  it('leaves some to others', async () => {
    service = await startService()
    const ending = new AbortController()
    const open = async (key: string): Promise<number> => {
      const headers = { authorization: `Bearer ${key}` }
      const answer = await fetch(`${service.url}/api/v1/events`, { headers, signal: ending.signal })
      return answer.status
    }
    const greedy = await service.addCaller('greedy', { role: 'viewer' })
    const statuses = await Promise.all(Array.from({ length: 70 }, async () => await open(greedy)))
    expect(statuses.filter((status) => status === 200)).toHaveLength(64)
    expect(statuses.filter((status) => status === 429)).toHaveLength(6)
    expect(await open(await service.addCaller('watcher', { role: 'viewer' }))).toBe(200)
    ending.abort()
    const again = async (): Promise<number> => {
      const headers = { authorization: `Bearer ${greedy}` }
      const answer = await fetch(`${service.url}/api/v1/events`, { headers })
      await answer.body?.cancel()
      return answer.status
    }
    await expect.poll(again).toBe(200)
  })
})
