import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { issuersYaml } from '../support/bearer-service.ts'
import { readDocument } from '../support/document-blocks.ts'
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts'
import { makeWorkspace, runImport, type Workspace } from '../support/workspace.ts'

const root = join(import.meta.dirname, '../..')
const door = join(root, 'src/bearer.ts')
/** Below the checkout, so that the frameworks are found. */
const scripts = join(root, 'node_modules/.cache/evergrant-guide')

const blocks = [
  ...readDocument('docs/guides/bearer-library.md').matchAll(/^```js\n([\s\S]*?)^```$/gm),
].map(([, text = '']) => text)
const names = ['Fastify', 'Express', 'Hono', 'node:http'] as const

let issuer: TokenIssuer
let workspace: Workspace
let child: ChildProcess | undefined
beforeAll(async () => {
  issuer = await startTokenIssuer()
  workspace = await makeWorkspace({ users: 10 })
  await runImport(workspace)
  await appendFile(workspace.configPath, issuersYaml(issuer.issuer))
  await mkdir(scripts, { recursive: true })
})
afterAll(async () => {
  await workspace.close()
  await issuer.close()
  await rm(scripts, { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Runs a block as a program in the workspace and resolves with where it listens. */
async function start(name: string, text: string): Promise<string> {
  const port = await freePort()
  const script = join(scripts, `${name.replaceAll(/\W/g, '-')}.mjs`)
  await writeFile(script, text.replace("'evergrant/bearer'", JSON.stringify(door)))
  child = spawn(process.execPath, [script], {
    cwd: workspace.folder,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const url = `http://127.0.0.1:${port}`
  await vi.waitFor(async () => fetch(url), { timeout: 30_000, interval: 100 })
  return url
}

async function stop(): Promise<void> {
  const ended = child === undefined ? undefined : once(child, 'exit')
  child?.kill()
  await ended
}

describe('docs/guides/bearer-library.md', { timeout: 60_000 }, () => {
  it('shows a program for each framework', () => {
    expect(blocks).toHaveLength(names.length)
  })

  it.each(names.slice(0, 3))('protects an API of %s as it says', async (name) => {
    const url = await start(name, blocks[names.indexOf(name)] ?? '')
    try {
      const oid = String([...workspace.simulator.users()][2]?.['id'])
      const call = (path: string, claims?: object): Promise<Response> =>
        fetch(`${url}${path}`, {
          headers:
            claims === undefined ? {} : { authorization: `Bearer ${issuer.token({ ...claims })}` },
        })
      expect((await call('/me')).status).toBe(401)
      const me = await call('/me', { oid, name: 'Anna', roles: ['Viewer'] })
      expect(await me.json()).toEqual({ userName: 'Anna', id: oid, role: 'viewer' })
      expect((await call('/orders', { oid })).status).toBe(403)
      expect((await call('/orders', { oid, scope: 'Orders.Read' })).status).toBe(200)
      const nobody = await call('/me', { oid: '99999999-0000-4000-8000-000000000000' })
      expect(nobody.status).toBe(403)
      expect(await nobody.json()).toMatchObject({ code: 'account_unmatched', stage: 'mapping' })
    } finally {
      await stop()
    }
  })

  it('protects a plain server with issuers alone', async () => {
    const text = (blocks[3] ?? '')
      .replace("type: 'entra'", "type: 'oidc'")
      .replace(/tenants: \[.*\]/, `issuer: '${issuer.issuer}'`)
      .replace('api://orders', 'api://evergrant')
    const url = await start('node:http', text)
    try {
      expect((await fetch(url)).status).toBe(401)
      const headers = { authorization: `Bearer ${issuer.token({ sub: 'anna' })}` }
      expect(await (await fetch(url, { headers })).text()).toBe('hello anna\n')
    } finally {
      await stop()
    }
  })
})
