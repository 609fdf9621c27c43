import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AzureCliCredential } from '@azure/identity'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let fixture: ServiceFixture
beforeAll(async () => {
  fixture = await startService()
})
afterAll(() => fixture.close())

async function evergrant(...args: readonly string[]): Promise<CommandOutcome> {
  return await runCommand(args, { cwd: fixture.workspace.folder })
}

async function list(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  return (await evergrant('traces', 'list', '--json', ...args)).json() as Record<string, unknown>[]
}

const main = join(import.meta.dirname, '../../src/cli/main.ts')

describe('traces', () => {
  it('are refused by filters that cannot be', async () => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [['list', '--since', '10'], '--since'],
      [['list', '--kind', 'x'], '--kind: expected call, upgrade, token, facade'],
      [['list', '--outcome', 'x'], '--outcome'],
      [['list', '--code', 'x'], '--code'],
      [['list', '--limit', '0'], '--limit'],
      [['show', 'trc_x'], 'there is no trace "trc_x"'],
    ]
    for (const [args, words] of cases) {
      const { exit, note } = await evergrant('traces', ...args)
      expect({ args, exit }).toEqual({ args, exit: 2 })
      expect(note).toContain(words)
    }
  })

  it('of the service are in the store once they are written, by another thread', async () => {
    const { recorder, traces } = fixture.serving
    const ids = ['served', 'failed'].map((outcome) => {
      const trace = recorder.begin('call')
      trace.connection = 'contoso-graph'
      trace.method = 'GET'
      trace.path = '/v1.0/users'
      trace.callerName = 'crm'
      trace.step('token', { origin: 'cache', ageMs: 61_000 })
      trace.step('answered', { status: 500 })
      if (outcome === 'failed') trace.code = 'upstream_timeout'
      trace.end(outcome === 'failed' ? 'failed' : 'served', outcome === 'failed' ? 504 : 200)
      return trace.id
    })
    await traces.flush()
    expect(recorder.size).toBe(0)
    const listed = await list('--caller', 'crm', '--since', '10m')
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(ids))
    expect(await list('--status', '504', '--kind', 'call')).toMatchObject([
      { outcome: 'failed', code: 'upstream_timeout', steps: [{ step: 'token' }, {}] },
    ])
    const shown = await evergrant('traces', 'show', ids[1] ?? '')
    expect(shown.exit).toBe(0)
    expect(shown.out).toContain('GET contoso-graph /v1.0/users')
    expect(shown.out).toContain('origin cache, age 1 m 1 s')
    expect(shown.out).toContain('[upstream_timeout]\n  → ')
    expect((await evergrant('traces', 'list')).out).toContain('OUTCOME')
  })

  it('of a running service are written when it ends', async () => {
    const other = await startService()
    const trace = other.serving.recorder.begin('call')
    trace.end('served', 200)
    const cwd = other.workspace.folder
    await other.serving.close(0)
    const shown = await runCommand(['traces', 'show', trace.id, '--json'], { cwd })
    expect(shown.json()).toMatchObject({ id: trace.id, outcome: 'served' })
    await other.close()
  })
})

describe('a token handed out by the command', () => {
  it('is a trace, a failure too, and never the token itself', async () => {
    const ok = await evergrant('token', 'contoso-graph')
    const refused = await evergrant('token', 'contoso-graph', '--resource', 'https://x.example')
    expect([ok.exit, refused.exit]).toEqual([0, 2])
    expect(await list('--kind', 'token', '--caller', 'cli', '--limit', '2')).toMatchObject([
      { outcome: 'refused', code: 'usage', connection: 'contoso-graph' },
      { outcome: 'served', status: 200, steps: [{ step: 'token' }] },
    ])
    const written = await Promise.all(
      ['evergrant.db', 'evergrant.db-wal'].map(
        async (name) => await readFile(fixture.workspace.path(name), 'latin1').catch(() => ''),
      ),
    )
    const token = ok.out.trim()
    expect(token.length).toBeGreaterThan(100)
    expect(written.some((bytes) => bytes.includes(token))).toBe(false)
    expect(written.some((bytes) => bytes.includes('evergrant token'))).toBe(true)
  })

  it('comes as kubectl’s plugins print it', async () => {
    const { out } = await evergrant('token', 'contoso-graph', '--output', 'kubernetes')
    expect(JSON.parse(out)).toEqual({
      kind: 'ExecCredential',
      apiVersion: 'client.authentication.k8s.io/v1',
      spec: { interactive: false },
      status: {
        token: (await evergrant('token', 'contoso-graph')).out.trim(),
        expirationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    })
  })

  it('comes to Microsoft’s AzureCliCredential through a script named az', async () => {
    const { folder } = fixture.workspace
    const az = join(folder, 'az')
    const command = `${process.execPath} ${main} token contoso-graph --config ${fixture.workspace.configPath}`
    await writeFile(
      az,
      `#!/bin/sh
while [ $# -gt 0 ]; do [ "$1" = --resource ] && resource=$2; shift; done
exec ${command} --output azure-cli --resource "$resource"
`,
    )
    await chmod(az, 0o755)
    const path = process.env['PATH']
    process.env['PATH'] = `${folder}:${path}`
    try {
      const { token, expiresOnTimestamp } = await new AzureCliCredential().getToken(
        'https://graph.microsoft.com/.default',
      )
      const json = (await evergrant('token', 'contoso-graph', '--output', 'azure-cli')).json()
      expect(json).toMatchObject({
        accessToken: token,
        expires_on: Math.floor(expiresOnTimestamp / 1_000),
        expiresOn: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/),
        subscription: expect.any(String),
        tenant: expect.any(String),
        tokenType: 'Bearer',
      })
      const { expiresOn } = json as { readonly expiresOn: string }
      expect(Math.floor(new Date(expiresOn).getTime() / 1_000) * 1_000).toBe(expiresOnTimestamp)
    } finally {
      process.env['PATH'] = path
    }
  })
})
