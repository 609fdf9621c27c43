import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { makeWorkspace, type Workspace } from '../support/workspace.ts'

let workspace: Workspace
beforeAll(async () => {
  workspace = await makeWorkspace({ users: 10 })
  const text = await readFile(workspace.configPath, 'utf8')
  await writeFile(
    workspace.configPath,
    `${text}    resource: https://management.azure.com
    upstream:
      url: ${workspace.simulator.urls.http}/arm
      methods: [GET, POST]
      rejected: [microsoft, { name: expired-500, status: 500, text: access token expired }]
`,
  )
})
afterAll(() => workspace.close())

const path = '/subscriptions?api-version=2022-12-01&planted=x'

async function call(...args: readonly string[]): Promise<CommandOutcome> {
  return await runCommand(['call', ...args], { cwd: workspace.folder, input: '{"a":1}' })
}

describe('evergrant call', () => {
  it('refuses what cannot be called', async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [['a/b', 'GET', '/'], 'CONNECTION: expected NAME'],
      [['contoso-graph', 'G T', '/'], 'METHOD: expected'],
      [['contoso-graph', 'GET', 'x'], 'PATH: expected a slash'],
      [['contoso-graph', 'GET', '/', '--header', 'planted'], "--header: expected 'Name: value'"],
      [['contoso-graph', 'GET', '/', '--header', 'Host: x'], '"Host" is set by the gateway'],
      [['contoso-graph', 'POST', '/', '--data', '@gone.json'], 'gone.json cannot be read'],
    ]
    for (const [args, words] of cases) {
      const { exit, note } = await call(...args)
      expect({ args, exit }).toEqual({ args, exit: 2 })
      expect(note).toContain(words)
      expect(note).not.toContain('planted')
    }
  })

  it('exits as our own error says where the gateway answers', async () => {
    const unknown = await call('nobody', 'GET', '/')
    expect(unknown.json()).toMatchObject({ code: 'connection_unknown' })
    expect(unknown.exit).toBe(2)
    const method = await call('contoso-graph', 'DELETE', '/subscriptions')
    expect(method.json()).toMatchObject({ code: 'method_not_allowed' })
  })

  it('exits with 3 for a 4xx of the API, its body passed on', async () => {
    const { exit, out } = await call('contoso-graph', 'GET', '/nowhere', '--include')
    expect(out).toMatch(/^HTTP\/1\.1 40\d /)
    expect(exit).toBe(3)
  })

  it('prints the body, and renews a token that the API refuses with a 500', async () => {
    const first = await call('contoso-graph', 'GET', path)
    expect(first).toMatchObject({ exit: 0 })
    expect(first.json()).toMatchObject({ value: expect.any(Array) })
    const { control } = workspace.simulator
    control.setRejectionStyle('server_error', 'arm')
    control.expireTokens()
    const repaired = await call('contoso-graph', 'GET', path, '--json')
    const told = repaired.json() as { readonly body: string; readonly trace_id: string }
    expect(told).toMatchObject({
      status: 200,
      replay: 'replayed; rule=expired-500',
      headers: { 'content-type': expect.stringContaining('json') },
    })
    expect(JSON.parse(told.body)).toEqual(first.json())
    const shown = await runCommand(['traces', 'show', told.trace_id, '--json'], {
      cwd: workspace.folder,
    })
    expect(shown.json()).toMatchObject({
      caller_name: 'cli',
      path: '/subscriptions',
      rule: 'expired-500',
      renewed: true,
      replayed: true,
    })
    expect(shown.out).not.toMatch(/planted|eyJ/)
  })
})
