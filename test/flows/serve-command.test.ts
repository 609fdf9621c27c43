import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import { Agent, request } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCallerDesk } from '../../src/access/index.ts'
import { systemRandom } from '../../src/kernel/index.ts'
import { compose } from '../../src/server/index.ts'
import { selfSignCertificate } from '../../src/simulator/index.ts'
import { runCommand } from '../support/command.ts'
import { openConsoleBrowser } from '../support/console-browser.ts'
import { startServeProcess, type ServeProcess } from '../support/serve-process.ts'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

let workspace: Workspace
let service: ServeProcess | undefined
beforeEach(async () => {
  workspace = await makeWorkspace({ users: 1 })
  service = undefined
})
afterEach(async () => {
  service?.kill('SIGKILL')
  await service?.ended
  await workspace.close()
})

const configure = (text: string): Promise<void> => appendFile(workspace.configPath, text)

/** Adds a viewer as another process would, and returns its key. */
async function addViewer(name: string): Promise<string> {
  const { store, clock, close } = await compose({
    configPath: workspace.configPath,
    env: {},
    role: 'main',
  })
  const desk = createCallerDesk({
    store: store.callers,
    clock,
    random: systemRandom,
    onChanged: () => {},
  })
  const { key } = await desk.add({ name, role: 'viewer', connections: '*' })
  await close()
  return key.reveal()
}

describe('evergrant serve', () => {
  it('prints a link into the console until somebody has signed in', async () => {
    const link = /^ {2}(http:\S+\/console\/sign-in\/link\/ega_[\w-]{43})$/m
    const end = async (): Promise<string> => {
      service?.kill('SIGTERM')
      return (await service?.ended)?.notes ?? ''
    }
    await configure('server: { listen: "127.0.0.1:0" }\n')
    service = await startServeProcess(workspace.folder)
    const [, first = ''] = link.exec(await end()) ?? []
    expect(first).not.toBe('')
    service = await startServeProcess(workspace.folder)
    await openConsoleBrowser(service.url).enter(`${service.url}${new URL(first).pathname}`)
    expect(await end()).toMatch(link)
    service = await startServeProcess(workspace.folder)
    expect(await end()).toBe(`evergrant listens at ${service.url}\n`)
  })

  it('listens, logs JSON, and ends well at SIGTERM', async () => {
    await configure('server: { listen: "127.0.0.1:0", console: { enabled: false } }\n')
    service = await startServeProcess(workspace.folder)
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200)
    service.kill('SIGTERM')
    const { code, out, notes } = await service.ended
    expect({ code, notes }).toEqual({ code: 0, notes: `evergrant listens at ${service.url}\n` })
    const [first] = out.split('\n')
    expect(JSON.parse(first ?? '')).toMatchObject({
      level: 'info',
      msg: 'listening',
      url: service.url,
    })
    expect(`${out}${notes}`).not.toContain(workspace.secret)
  })

  it('says what stands in its way when it cannot listen', async () => {
    const other: Server = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    await configure(`server: { listen: "127.0.0.1:${port}" }\n`)
    const ended = await runCommand(['serve'], { cwd: workspace.folder })
    await new Promise((resolve) => other.close(resolve))
    expect(ended.exit).toBe(2)
    expect(ended.note).toContain('[listen_failed]')
    expect(ended.note).toContain(`127.0.0.1:${port} (EADDRINUSE)`)
  })

  it('speaks TLS with its own certificate, and takes a renewed one over at SIGHUP', async () => {
    const write = async (): Promise<string> => {
      const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const serial = randomBytes(8)
      const { pem } = selfSignCertificate(keys, {
        commonName: 'localhost',
        hosts: ['localhost'],
        serial,
      })
      const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
      await writeFile(workspace.path('server.crt'), pem)
      await writeFile(workspace.path('server.key'), key, { mode: 0o600 })
      return pem
    }
    const first = await write()
    await configure(
      'server: { listen: "127.0.0.1:0", tls: { cert: server.crt, key: server.key } }\n',
    )
    service = await startServeProcess(workspace.folder)
    expect(service.url).toMatch(/^https:/)
    const ready = async (ca: string): Promise<number> => {
      const dispatcher = new Agent({ connect: { ca, servername: 'localhost' } })
      try {
        const answer = await request(`${service?.url}/readyz`, { dispatcher })
        await answer.body.dump()
        return answer.statusCode
      } finally {
        await dispatcher.close()
      }
    }
    expect(await ready(first)).toBe(200)
    const second = await write()
    service.kill('SIGHUP')
    await service.logged(({ msg }) => msg === 'configuration reloaded')
    expect(await ready(second)).toBe(200)
    await expect(ready(first)).rejects.toThrow(/self-signed|verify/i)

    // Told to end, it waits for none of those who have connected and ask nothing.
    const port = Number(new URL(service.url).port)
    const bare = connect(port).on('error', () => {})
    const secure = connectSecurely({ port, ca: second, servername: 'localhost' })
    secure.on('error', () => {})
    await Promise.all([once(bare, 'connect'), once(secure, 'secureConnect')])
    const began = performance.now()
    service.kill('SIGTERM')
    expect((await service.ended).code).toBe(0)
    expect(performance.now() - began).toBeLessThan(15_000)
  })

  it('takes a changed configuration over at SIGHUP, and none of a broken one', async () => {
    await configure('server: { listen: "127.0.0.1:0" }\n')
    const before = await readFile(workspace.configPath, 'utf8')
    service = await startServeProcess(workspace.folder)
    const key = await addViewer('watcher')
    const metrics = async (): Promise<number> =>
      (await fetch(`${service?.url}/metrics`, { headers: { 'evergrant-key': key } })).status

    await writeFile(workspace.configPath, `${before}nonsense: true\n`)
    service.kill('SIGHUP')
    await service.logged(
      ({ msg, code }) => msg === 'configuration not reloaded' && code === 'config_invalid',
    )
    expect(await metrics()).toBe(200)

    await writeFile(workspace.configPath, before.replace('127.0.0.1:0', '127.0.0.1:1'))
    service.kill('SIGHUP')
    await service.logged(
      ({ code, detail }) =>
        code === 'reload_needs_restart' && String(detail).includes('"server.listen"'),
    )
    expect(await metrics()).toBe(200)

    await writeFile(workspace.configPath, before.replace(':0"', ':0", limits: { rate: 1 }'))
    service.kill('SIGHUP')
    await service.logged(({ msg }) => msg === 'configuration reloaded')
    expect([await metrics(), await metrics()]).toEqual([200, 429])
  })
})
