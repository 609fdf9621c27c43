import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let fixture: ServiceFixture
let admin: string
let before: string
beforeAll(async () => {
  fixture = await startService()
  admin = await fixture.addCaller('ops', { role: 'admin' })
  before = await readFile(fixture.workspace.configPath, 'utf8')
})
afterAll(() => fixture.close())

const reload = (args: readonly string[], key?: string): Promise<CommandOutcome> =>
  runCommand(['config', 'reload', ...args], {
    cwd: fixture.workspace.folder,
    env: key === undefined ? {} : { EVERGRANT_KEY: key },
  })

describe('evergrant config reload', () => {
  it('checks the file here before anybody is asked', async () => {
    await writeFile(fixture.workspace.configPath, `${before}nonsense: true\n`)
    const { exit, note } = await reload(['--url', 'http://127.0.0.1:1'], admin)
    await writeFile(fixture.workspace.configPath, before)
    expect(exit).toBe(2)
    expect(note).toContain('[config_invalid]')
    expect(note).toContain('nonsense')
  })

  it('wants a key, and one that may', async () => {
    const none = await reload(['--url', fixture.url])
    expect(none.exit).toBe(2)
    expect(none.note).toContain('EVERGRANT_KEY')
    const viewer = await fixture.addCaller('grafana', { role: 'viewer' })
    const refused = await reload(['--url', fixture.url], viewer)
    expect(refused.exit).toBe(3)
    expect(refused.note).toContain('[role_missing]')
    const unknown = await reload(['--url', fixture.url], `${admin.slice(0, -3)}AAA`)
    expect(unknown.exit).toBe(3)
    expect(unknown.note).toContain('[caller_unauthenticated]')
  })

  it('sends the key over the network by TLS only', async () => {
    const { exit, note } = await reload(['--url', 'http://node.example.com'], admin)
    expect(exit).toBe(2)
    expect(note).toContain('--url')
  })

  it('tells that nobody answers, or somebody else', async () => {
    const away = await reload(['--url', 'http://127.0.0.1:1'], admin)
    expect(away.exit).toBe(4)
    expect(away.note).toContain('[service_not_running]')
    const other: Server = createServer((_request, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const stranger = await reload(['--url', `http://127.0.0.1:${port}`], admin)
    await new Promise((resolve) => other.close(resolve))
    expect(stranger.exit).toBe(4)
    expect(stranger.note).toContain('answered 302, but not as Evergrant does')
    expect(stranger.note).not.toContain(admin.slice(40))
  })

  it('has the changed file taken over, and tells what needs a restart', async () => {
    const { configPath, path } = fixture.workspace
    await writeFile(path('ops.key'), `${admin}\n`)
    await writeFile(configPath, `${before}server: { limits: { rate: 7 } }\n`)
    const done = await reload(['--url', `${fixture.url}/`, '--key-file', 'ops.key', '--json'])
    expect(done).toMatchObject({ exit: 0, note: '' })
    expect(done.json()).toEqual({ url: `${fixture.url}/`, reloaded: true })
    expect(fixture.serving.composition.config.server.limits.ratePerSecond).toBe(7)

    await writeFile(configPath, `${before}server: { listen: "127.0.0.1:1" }\n`)
    const refused = await reload(['--url', fixture.url], admin)
    expect(refused.exit).toBe(2)
    expect(refused.note).toContain('[reload_needs_restart]')
    expect(refused.note).toContain('"server.listen"')
  })
})
