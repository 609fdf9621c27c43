import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createManualClock, Secret, systemClock } from '../../src/kernel/index.ts'
import {
  clientSecretPost,
  createEntraProvider,
  obtainApplicationToken,
} from '../../src/oauth/index.ts'
import { createOutbound, type Outbound, type OutboundOptions } from '../../src/server/outbound.ts'
import { selfSignCertificate, startSimulator, type Simulator } from '../../src/simulator/index.ts'
import { startProxyServer, type ProxyOptions, type ProxyServer } from '../support/proxy-server.ts'

const credentials = { user: 'evergrant@corp', password: 'planted:proxy/p@ssword' }
const opened: { close(): Promise<void> }[] = []
let simulator: Simulator

beforeAll(async () => {
  simulator = await startSimulator({
    https: true,
    tenants: [{ id: '11111111-2222-4333-8444-555555555555', users: 2_500 }],
  })
})
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})
afterAll(() => simulator.close())

async function startProxy(options?: ProxyOptions): Promise<ProxyServer> {
  const proxy = await startProxyServer(options)
  opened.push(proxy)
  return proxy
}

function open(options: Partial<OutboundOptions> = {}): Outbound {
  const outbound = createOutbound({
    clock: systemClock,
    ca: [simulator.certificate ?? ''],
    env: { NO_PROXY: '' },
    ...options,
  })
  opened.push(outbound)
  return outbound
}

function through(proxy: ProxyServer, more: Partial<OutboundOptions> = {}): Outbound {
  const url = proxy.url.replace('://', `://${encodeURIComponent(credentials.user)}@`)
  const password = new Secret(credentials.password)
  return open({ proxy: { url, password }, ...more })
}

type Obtained = Awaited<ReturnType<typeof obtainApplicationToken>>

function requestToken(outbound: Outbound): Promise<Obtained> {
  const { client, tenant, urls } = simulator
  return obtainApplicationToken(
    {
      provider: createEntraProvider({ tenant, authority: urls.authority }),
      clientId: client.id,
      authentication: clientSecretPost(new Secret(client.secret)),
      target: { resource: 'https://graph.microsoft.com' },
      declaresCp1: false,
    },
    { fetch: outbound.fetch, clock: systemClock },
  )
}

async function takeToken(outbound: Outbound): Promise<string> {
  const obtained = await requestToken(outbound)
  if (!obtained.ok) throw obtained.error.error
  return obtained.value.token.secret.reveal()
}

async function readPage(outbound: Outbound, token: string): Promise<number> {
  const url = `${simulator.urls.https}/v1.0/users?$top=999`
  const { status, body } = await outbound.transport(url, { authorization: `Bearer ${token}` }, {})
  expect(status).toBe(200)
  return (JSON.parse(body.toString()) as { value: unknown[] }).value.length
}

/** The code of what `fetch` fails with, and everything its error would print. */
async function failure(outbound: Outbound): Promise<{ code: unknown; printed: string }> {
  const { authority } = simulator.urls
  const error = (await outbound.fetch(authority).then(
    () => Promise.reject(new Error('it should have failed')),
    (reason: unknown) => reason,
  )) as Error
  const { code } = error.cause as NodeJS.ErrnoException
  const plain = JSON.stringify([error, error.cause, Object.entries(error.cause as object)])
  return { code, printed: inspect(error, { depth: 20, showHidden: true }) + plain }
}

function selfSigned(...hosts: string[]): { key: string; cert: string } {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = { commonName: 'proxy.test', hosts, serial: randomBytes(8) }
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  return { key, cert: selfSignCertificate(keys, subject).pem }
}

describe('a proxy that fails', () => {
  it.each([
    ['wants other credentials', { status: 407 }, 'PROXY_AUTH_REQUIRED'],
    ['forbids the destination', { status: 403 }, 'PROXY_TUNNEL_REFUSED'],
    ['cannot reach the destination', { status: 502 }, 'PROXY_TARGET_UNREACHABLE'],
    ['hangs up', 'reset', 'PROXY_RESET'],
    ['does not speak HTTP', 'babble', 'PROXY_ANSWER_INVALID'],
  ] as const)('because it %s is told by its code', async (_why, behaviour, code) => {
    const proxy = await startProxy({ credentials })
    proxy.behaviour = behaviour
    const outbound = through(proxy)
    const { printed, ...failed } = await failure(outbound)
    expect(failed.code).toBe(code)
    expect(printed).toContain(`127.0.0.1:${proxy.port}`)
    const page = outbound.transport(simulator.urls.authority, {}, {})
    await expect(page).rejects.toMatchObject({ kind: 'proxy' })
    await expect(page).rejects.toThrow(code)
    // Nothing was spent, so a refresh token may be sent again.
    expect(await requestToken(outbound)).toMatchObject({
      error: { kind: 'unreachable', effect: 'none', error: { code: 'provider_unreachable' } },
    })
  })

  it('because nothing listens there is told by its code', async () => {
    const proxy = await startProxy()
    await proxy.close()
    expect((await failure(through(proxy))).code).toBe('PROXY_REFUSED')
  })

  it('because its name does not resolve is told by its code', async () => {
    const outbound = open({ proxy: { url: 'http://proxy.invalid:3128' } })
    expect((await failure(outbound)).code).toBe('PROXY_UNRESOLVED')
  })

  it('because it never answers is given up after six seconds', async () => {
    const proxy = await startProxy()
    proxy.behaviour = 'hang'
    const clock = createManualClock()
    const failing = failure(through(proxy, { clock }))
    await proxy.arrival(1)
    await clock.advance(6_000)
    expect((await failing).code).toBe('PROXY_TIMEOUT')
  })

  it('because its certificate is a stranger’s is not trusted', async () => {
    const proxy = await startProxy({ tls: selfSigned('127.0.0.1') })
    expect((await failure(through(proxy))).code).toBe('PROXY_TLS')
    expect(proxy.requests).toHaveLength(0)
  })

  it('never has its credentials in an error', async () => {
    const proxy = await startProxy({ credentials: { ...credentials, password: 'another' } })
    const { code, printed } = await failure(through(proxy))
    expect(code).toBe('PROXY_AUTH_REQUIRED')
    const pair = `${credentials.user}:${credentials.password}`
    for (const form of [
      credentials.password,
      encodeURIComponent(credentials.password),
      Buffer.from(pair).toString('base64'),
    ]) {
      expect(printed).not.toContain(form)
    }
  })

  it('leaves nothing open when the way out is closed meanwhile', async () => {
    const proxy = await startProxy()
    proxy.behaviour = 'hang'
    const outbound = through(proxy)
    const failing = outbound.fetch(simulator.urls.authority)
    await proxy.arrival(1)
    await outbound.close()
    await expect(failing).rejects.toThrow('fetch failed')
  })
})

describe('TLS', () => {
  it('refuses a provider whose authority is unknown, directly and through a tunnel', async () => {
    const proxy = await startProxy({ credentials })
    expect((await failure(open({ ca: [] }))).code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect((await failure(through(proxy, { ca: [] }))).code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect(proxy.tunnels).toBe(1)
  })

  it('is verified even when the environment says not to', async () => {
    const emitWarning = process.emitWarning
    process.emitWarning = () => {}
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      const proxy = await startProxy({ tls: selfSigned('127.0.0.1') })
      expect((await failure(open({ ca: [] }))).code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
      expect((await failure(through(proxy))).code).toBe('PROXY_TLS')
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      process.emitWarning = emitWarning
    }
  })
})

describe('a proxy in the way', () => {
  it.each([
    ['that speaks plain HTTP', undefined],
    ['that speaks TLS', selfSigned('127.0.0.1')],
  ])('%s carries token requests and pages, and is shown its credentials', async (_what, tls) => {
    const proxy = await startProxy({ credentials, ...(tls === undefined ? {} : { tls }) })
    const ca = [simulator.certificate ?? '', ...(tls === undefined ? [] : [tls.cert])]
    const outbound = through(proxy, { ca })
    const token = await takeToken(outbound)
    expect(await readPage(outbound, token)).toBe(999)
    expect(proxy.tunnels).toBeGreaterThan(0)
    const { host } = new URL(simulator.urls.authority)
    expect(new Set(proxy.requests.map(({ authority }) => authority))).toEqual(new Set([host]))
  })

  it('of the environment carries both, but not what NO_PROXY names', async () => {
    const proxy = await startProxy({ credentials })
    const { user, password } = credentials
    const userinfo = `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`
    const HTTPS_PROXY = proxy.url.replace('://', `://${userinfo}`)
    const proxied = open({ proxy: 'env', env: { HTTPS_PROXY, NO_PROXY: '' } })
    expect(await readPage(proxied, await takeToken(proxied))).toBe(999)
    const seen = proxy.tunnels
    expect(seen).toBeGreaterThan(0)
    for (const env of [
      { HTTPS_PROXY },
      { HTTPS_PROXY, NO_PROXY: '127.0.0.1' },
      { HTTPS_PROXY, NO_PROXY: '', no_proxy: 'example.com, *' },
      { HTTP_PROXY: HTTPS_PROXY, NO_PROXY: '' },
    ]) {
      const direct = open({ proxy: 'env', env })
      expect(await readPage(direct, await takeToken(direct))).toBe(999)
    }
    const never = open({ proxy: 'none', env: { HTTPS_PROXY, NO_PROXY: '' } })
    expect(await readPage(never, await takeToken(never))).toBe(999)
    expect(proxy.tunnels).toBe(seen)
  })

  it('carries plain HTTP in a tunnel as well', async () => {
    const proxy = await startProxy({ credentials })
    const answer = await through(proxy).fetch(`${simulator.urls.http}/nowhere`)
    expect(answer.status).toBe(404)
    expect(proxy.requests[0]?.authority).toBe(new URL(simulator.urls.http).host)
  })
})
