import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { startProxyServer, type ProxyServer } from '../support/proxy-server.ts'
import { makeWorkspace, type Workspace, type WorkspaceOptions } from '../support/workspace.ts'

const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one.close()
})

async function open(options: WorkspaceOptions = {}, more = ''): Promise<Workspace> {
  const workspace = await makeWorkspace({ users: 10, ...options })
  opened.push(workspace)
  await writeFile(workspace.path('ca.pem'), workspace.simulator.certificate ?? '')
  await append(workspace, more)
  return workspace
}

async function append({ configPath }: Workspace, more: string): Promise<void> {
  await writeFile(configPath, (await readFile(configPath, 'utf8')) + more)
}

async function startProxy(): Promise<ProxyServer> {
  const proxy = await startProxyServer()
  opened.push(proxy)
  return proxy
}

const run = (
  { folder }: Workspace,
  args: readonly string[],
  input = '',
  env: Readonly<Record<string, string>> = {},
): Promise<CommandOutcome> =>
  runCommand(args, { cwd: folder, input, env: { NO_PROXY: '', ...env } })

describe('doctor and the imports of the configuration', () => {
  const nightly = `imports:
  nightly: { connection: contoso-graph, collections: [users, devices, roleMembers] }
`

  it('warns of the permissions that its token lacks for them', async () => {
    const workspace = await open({ permissions: ['User.Read.All'] }, nightly)
    const { exit, out } = await run(workspace, ['doctor'])
    expect(out).toMatch(/^warn +imports .*"nightly".* lets it read devices, roleMembers$/m)
    expect(out).toContain('Device.Read.All, RoleManagement.Read.Directory')
    expect(exit).toBe(0)
  })

  it('says nothing where one permission is enough for all', async () => {
    const workspace = await open({ permissions: ['User.Read.All', 'Directory.Read.All'] }, nightly)
    const { out } = await run(workspace, ['doctor'])
    expect(out).not.toMatch(/^\w+ +imports /m)
  })
})

describe('doctor behind a proxy', () => {
  it('goes the way that calls go: names that only the proxy resolves are no failure', async () => {
    const proxy = await startProxy()
    const workspace = await open({ https: true }, 'network: { ca: [./ca.pem] }\n')
    const { exit, out } = await run(workspace, ['doctor'], '', {
      HTTP_PROXY: proxy.url,
      HTTPS_PROXY: proxy.url,
    })
    expect(out).toMatch(
      new RegExp(`^ok +authority proxy .* through 127.0.0.1:${proxy.port} in `, 'm'),
    )
    expect(out).toMatch(/^ok +graph proxy /m)
    expect(out).not.toMatch(/dns|tcp/)
    expect(exit).toBe(0)
  })

  it('names the proxy that refuses, and does not call the host reachable', async () => {
    const proxy = await startProxy()
    proxy.behaviour = { status: 407 }
    const workspace = await open({ https: true }, 'network: { ca: [./ca.pem] }\n')
    const { exit, out } = await run(workspace, ['doctor'], '', {
      HTTP_PROXY: proxy.url,
      HTTPS_PROXY: proxy.url,
    })
    expect(out).toMatch(
      new RegExp(`^fail +authority proxy .*; the proxy is 127.0.0.1:${proxy.port}$`, 'm'),
    )
    expect(out).not.toMatch(/^ok +(authority|graph)/m)
    expect(exit).toBe(4)
  })
})

describe('doctor with an authority of one’s own', () => {
  it('trusts it as calls do', async () => {
    const workspace = await open({ https: true }, 'network: { ca: [./ca.pem] }\n')
    const { exit, out } = await run(workspace, ['doctor'])
    expect(out).toMatch(/^ok +authority tls +TLSv1\.3, certificate valid until/m)
    expect(exit).toBe(0)
  })
})

describe('doctor and the connections of the store', () => {
  const add = async (workspace: Workspace, secret = workspace.secret): Promise<void> => {
    const { simulator } = workspace
    const args = ['connections', 'add', 'kept', '--preset', 'graph-import', '--provider', 'contoso']
    const { exit } = await run(
      workspace,
      [...args, '--client-id', simulator.client.id, '--secret'],
      secret,
    )
    expect(exit).toBe(0)
  }

  it('fails for one whose sealed secret the provider refuses', async () => {
    const workspace = await open()
    await add(workspace, 'worn-out')
    const { exit, out, note } = await run(workspace, ['doctor'])
    expect(out).toMatch(/^fail +token +kept: .*AADSTS7000215/m)
    expect(out + note).not.toContain('worn-out')
    expect(exit).toBe(3)
  })

  it('warns of one that the configuration no longer has a provider for', async () => {
    const workspace = await open()
    await add(workspace)
    const written = await readFile(workspace.configPath, 'utf8')
    await writeFile(
      workspace.configPath,
      written.replaceAll('contoso:', 'other:').replace('provider: contoso', 'provider: other'),
    )
    const { exit, out } = await run(workspace, ['doctor'])
    expect(out).toMatch(/^warn +connections +kept: /m)
    expect(out).toContain('evergrant connections edit kept')
    expect(exit).toBe(0)
  })

  it('looks at them beside those of the file, and at one alone when it is named', async () => {
    const workspace = await open()
    await add(workspace)
    const all = await run(workspace, ['doctor'])
    expect(all.out).toMatch(/^ok +connections +1 connection more in the store \(kept\)$/m)
    expect(all.out).toMatch(/^ok +secret +kept: what the store has sealed is there$/m)
    expect(all.out).toMatch(/^ok +users +kept: /m)
    expect(all.out).toMatch(/^ok +users +contoso-graph: /m)
    const one = await run(workspace, ['doctor', 'kept'])
    expect(one.out).not.toContain('users            contoso-graph')
    expect({ first: all.exit, second: one.exit }).toEqual({ first: 0, second: 0 })
  })
})
