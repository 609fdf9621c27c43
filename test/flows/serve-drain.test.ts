import { appendFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../support/command.ts'
import { startApi, type TestApi } from '../support/gateway-fixture.ts'
import { startServeProcess, type ServeProcess } from '../support/serve-process.ts'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

let workspace: Workspace
let api: TestApi
let service: ServeProcess
let key: string
/** Answers that the API has not given yet, by path. */
let open: Map<string, ServerResponse>
/** What the API was sent as the connection's token. */
let tokens: Set<string>
/** Resolves with the second of two calls that the API holds. */
let bothHeld: Promise<void>

beforeEach(async () => {
  workspace = await makeWorkspace({ users: 1 })
  open = new Map()
  tokens = new Set()
  const held = Promise.withResolvers<void>()
  bothHeld = held.promise
  api = await startApi((request, response) => {
    tokens.add(request.headers.authorization?.slice('Bearer '.length) ?? '')
    open.set(request.url ?? '', response)
    if (open.size === 2) held.resolve()
  })
})
afterEach(async () => {
  service.kill('SIGKILL')
  await service.ended
  await api[Symbol.asyncDispose]()
  await workspace.close()
})

/** Starts the service; what is under way when it is told to end may last for so long. */
async function serve(drain: string): Promise<void> {
  await appendFile(
    workspace.configPath,
    `    upstream: { url: "${api.url}", resource: https://graph.microsoft.com }\nserver: { listen: "127.0.0.1:0", drain: ${drain} }\n`,
  )
  const added = await runCommand(['callers', 'add', 'crm', '--connections', '*', '--json'], {
    cwd: workspace.folder,
  })
  ;({ key } = added.json() as { key: string })
  service = await startServeProcess(workspace.folder)
}

const call = (path: string): Promise<Response> =>
  fetch(`${service.url}/proxy/contoso-graph${path}?token=planted-query`, {
    headers: { authorization: `Bearer ${key}` },
  })

describe('evergrant serve, told to end', () => {
  it('lets a slow call end, ends one that hangs at the deadline, and logs no secret', async () => {
    await serve('1s')
    const slow = call('/slow')
    const hung = call('/hung').then(
      async (answer) => ({ status: answer.status, text: await answer.text() }),
      () => ({ status: 0, text: '' }),
    )
    await bothHeld
    service.kill('SIGTERM')
    await service.logged(({ msg }) => msg === 'draining')
    await expect(fetch(`${service.url}/readyz`)).rejects.toThrow('fetch failed')
    open.get('/slow?token=planted-query')?.end('late, and whole')
    expect(await (await slow).text()).toBe('late, and whole')
    expect(await hung).toMatchObject({
      status: 503,
      text: expect.stringContaining('"code":"service_draining"') as string,
    })
    const { code, out, notes } = await service.ended
    expect(code).toBe(0)
    const lines = service.log().filter(({ msg }) => msg === 'request')
    expect(lines).toMatchObject([
      { path: '/proxy/contoso-graph/slow', status: 200, callerId: expect.any(String) as string },
      { path: '/proxy/contoso-graph/hung', status: 503, code: 'service_draining' },
    ])
    const said = `${out}${notes}`
    const planted = [key.slice(40), workspace.secret, 'planted-query', ...tokens]
    expect(tokens.size).toBe(1)
    for (const secret of planted) expect(said).not.toContain(secret)
  })

  it('ends at once at the second signal', async () => {
    await serve('1m')
    const calls = ['/one', '/two'].map((path) => call(path).catch(() => 'broken off'))
    await bothHeld
    service.kill('SIGTERM')
    await service.logged(({ msg }) => msg === 'draining')
    const began = performance.now()
    service.kill('SIGTERM')
    expect((await service.ended).code).toBe(0)
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(await Promise.all(calls)).toEqual(['broken off', 'broken off'])
  })
})
