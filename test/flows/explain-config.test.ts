import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Provider } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSimulator, type Simulator } from '../../src/simulator/index.ts'
import { generateKey } from '../../src/vault/index.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'

const audience = 'https://api.example'
let folder: string
let simulator: Simulator
let server: Server
let issuer: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evergrant-explain-'))
  simulator = await startSimulator()
  let handle: RequestListener | undefined
  server = createServer((request, response) => handle?.(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'caller',
        client_secret: 'secret',
        token_endpoint_auth_method: 'client_secret_post',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'read',
          audience,
          accessTokenTTL: 900,
          accessTokenFormat: 'jwt' as const,
        }),
      },
    },
  })
  handle = provider.callback()
  await writeFile(join(folder, 'evergrant.key'), generateKey().reveal(), { mode: 0o600 })
  await writeFile(
    join(folder, 'evergrant.yaml'),
    `store: sqlite:./evergrant.db
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
issuers:
  contoso:
    type: entra
    tenants: [${simulator.tenant}]
    authority: ${simulator.urls.authority}
    audiences: [https://management.azure.com]
  ping: { type: oidc, issuer: "${issuer}", audiences: [${audience}] }
  gone: { type: oidc, issuer: "http://127.0.0.1:9", audiences: [${audience}] }
`,
  )
})
afterAll(async () => {
  await simulator.close()
  server.close()
  server.closeAllConnections()
  await rm(folder, { recursive: true })
})

const explain = (input: string, ...args: readonly string[]): Promise<CommandOutcome> =>
  runCommand(['explain', '--config', 'evergrant.yaml', ...args], { cwd: folder, input })

async function tokenFrom(url: string, form: Readonly<Record<string, string>>): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...form })
  const answer = await fetch(url, { method: 'POST', body })
  const { access_token: token } = (await answer.json()) as { readonly access_token?: string }
  if (token === undefined) throw new Error(`no token: ${answer.status}`)
  return token
}

const entraToken = (resource: string): Promise<string> =>
  tokenFrom(`${simulator.urls.authority}/${simulator.tenant}/oauth2/v2.0/token`, {
    client_id: simulator.client.id,
    client_secret: simulator.client.secret,
    scope: `${resource}/.default`,
  })

describe('explain with a configuration', () => {
  it('verifies a token of Entra ID, and one of another OpenID provider', async () => {
    const entra = await explain(await entraToken('https://management.azure.com'))
    expect(entra.note).toBe('')
    expect(entra.exit).toBe(0)
    expect(entra.out).toMatch(/verified +yes: it holds/)
    for (const stage of [
      'issuer',
      'key',
      'signature',
      'time',
      'audience',
      'tenant',
      'token_kind',
    ]) {
      expect(entra.out).toMatch(new RegExp(String.raw`^${stage} +passed`, 'm'))
    }
    const token = await tokenFrom(`${issuer}/token`, {
      client_id: 'caller',
      client_secret: 'secret',
      resource: audience,
      scope: 'read',
    })
    const other = await explain(token, '--json')
    expect(other.exit).toBe(0)
    expect(other.json()).toMatchObject({ verified: true, refusal: null, kind: 'access' })
  })

  it('says what is really wrong with the others', async () => {
    const graph = await explain(await entraToken('https://graph.microsoft.com'))
    expect(graph.exit).toBe(3)
    expect(graph.out).toMatch(/^audience +failed +expected "aud" "https:\/\/management.azure.com"/m)
    expect(graph.note).toContain('[token_audience_refused]')
    expect(graph.note).toContain('The token is for Microsoft Graph')

    const token = await entraToken('https://management.azure.com')
    const spoilt = await explain(`${token.slice(0, -8)}AAAAAAAA`, '--json')
    expect(spoilt.json()).toMatchObject({
      verified: false,
      refusal: { stage: 'signature', code: 'token_signature_invalid' },
    })

    const [, claims = ''] = token.split('.')
    const read = JSON.parse(Buffer.from(claims, 'base64url').toString()) as object
    const gone = { ...read, iss: 'http://127.0.0.1:9' }
    const away = await explain(
      [
        Buffer.from('{"alg":"RS256","kid":"k"}').toString('base64url'),
        Buffer.from(JSON.stringify(gone)).toString('base64url'),
        'c2ln',
      ].join('.'),
    )
    // Nobody can tell, and that is what is said.
    expect(away.exit).toBe(4)
    expect(away.note).toContain('[issuer_keys_unavailable]')
    expect(away.out).toMatch(/^signature +open +not reached/m)
  })

  it('refuses a configuration that cannot be', async () => {
    const cases: readonly (readonly [string, string])[] = [
      ['{ type: entra, tenants: [contoso.com], audiences: [a] }', 'the id of a tenant (a GUID)'],
      [`{ type: entra, tenants: [${simulator.tenant}], audiences: [] }`, 'at least one audience'],
      [`{ type: entra, tenants: [${simulator.tenant}] }`, 'audiences'],
      ['{ type: oidc, issuer: "http://sso.example.com", audiences: [a] }', 'https'],
      ['{ type: oidc, issuer: "https://sso.example.com", audiences: [a], skew: 1h }', '5m'],
    ]
    for (const [entry, words] of cases) {
      await writeFile(
        join(folder, 'wrong.yaml'),
        `store: sqlite:./a.db\nencryption: { keys: [{ id: k1, file: ./evergrant.key }] }\nissuers:\n  wrong: ${entry}\n`,
      )
      const { exit, note } = await runCommand(['explain', '--config', 'wrong.yaml'], {
        cwd: folder,
        input: 'a.b.c',
      })
      expect({ entry, exit }).toEqual({ entry, exit: 2 })
      expect(note).toContain(words)
      expect(note).toContain('issuers.wrong')
    }
  })
})
