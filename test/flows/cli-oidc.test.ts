import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand, type CommandOutcome } from '../support/command.ts'
import { startScriptedServer, type ScriptedServer } from '../support/scripted-server.ts'

/** An OpenID provider that is no Entra: opaque tokens, scopes, no Graph behind it. */
let server: ScriptedServer
let cwd: string

beforeEach(async () => {
  server = await startScriptedServer(({ path }, response) => {
    response.setHeader('content-type', 'application/json')
    const isMetadata = path === '/.well-known/openid-configuration'
    response.end(
      JSON.stringify(
        isMetadata
          ? { issuer: server.url, token_endpoint: `${server.url}/token` }
          : { access_token: 'opaque-token', token_type: 'bearer', expires_in: 300, scope: 'read' },
      ),
    )
  })
  cwd = await mkdtemp(join(tmpdir(), 'evergrant-cli-'))
  await runCommand(['keys', 'new', '--file', 'evergrant.key'], { cwd })
  await writeFile(
    join(cwd, 'evergrant.yaml'),
    `store: sqlite:./evergrant.db
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
providers:
  ping: { type: oidc, issuer: ${server.url} }
connections:
  api:
    provider: ping
    client: { id: app, credentials: [{ secret: { env: PING_SECRET } }] }
    grant: client_credentials
    scope: read
`,
  )
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  await rm(cwd, { recursive: true, force: true })
})

const evergrant = (...args: readonly string[]): Promise<CommandOutcome> =>
  runCommand(args, { cwd, env: { PING_SECRET: 'planted~secret' } })

describe('a connection to a provider without Graph', () => {
  it('refuses a tenant, since it has none', async () => {
    const { exit, note } = await evergrant('token', 'api', '--tenant', 'contoso.example')
    expect(exit).toBe(2)
    expect(note).toContain('"api" has no tenant')
  })

  it('prints its scope with the token', async () => {
    const answer = await evergrant('token', 'api', '--json')
    expect(answer.json()).toMatchObject({ access_token: 'opaque-token', scope: 'read' })
  })

  it('is tested and diagnosed up to its token, and no API is called', async () => {
    const tested = await evergrant('connections', 'test', 'api', '--json')
    expect(tested).toMatchObject({ exit: 0 })
    expect(tested.json()).toMatchObject([{ check: 'token', status: 'ok' }])
    const diagnosis = await evergrant('doctor', '--json')
    expect(diagnosis.exit).toBe(0)
    const names = (diagnosis.json() as { readonly check: string }[]).map(({ check }) => check)
    expect(names.slice(-4)).toEqual(['authority dns', 'authority tcp', 'clock', 'token'])
    expect(`${tested.out}${diagnosis.out}`).not.toMatch(/opaque-token|planted~secret/)
  })

  it('stands in the list without a tenant', async () => {
    const { out } = await evergrant('connections', 'list')
    expect(out.split('\n')[1]).toMatch(/^api +unused .* ping +- +app +client_credentials +read$/)
  })
})
