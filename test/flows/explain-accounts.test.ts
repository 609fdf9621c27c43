import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSimulator, type Simulator } from '../../src/simulator/index.ts'
import { makeBearerFixture, type BearerFixture } from '../support/bearer-fixture.ts'
import { startClaimsProvider, type ClaimsProvider } from '../support/claims-provider.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'

const tenants = ['1', '2', '3'].map((n) => `${n.repeat(8)}-2222-4333-8444-555555555555`)
const [tenant = ''] = tenants
const clientId = '2f0c0000-1111-4222-8333-444444444444'
const audience = 'https://management.azure.com'

let simulator: Simulator
let provider: ClaimsProvider
let fixture: BearerFixture
let ids: readonly string[]
beforeAll(async () => {
  provider = await startClaimsProvider()
  simulator = await startSimulator({
    tenants: [
      {
        id: tenant,
        domain: 'contoso.example',
        users: 5,
        applications: [{ id: clientId, secrets: [{ value: 'sim~secret' }] }],
      },
    ],
  })
  fixture = await makeBearerFixture({
    issuers: `  contoso:
    type: entra
    tenants: [${tenant}]
    authority: ${simulator.urls.authority}
    audiences: [${audience}]
    access: [{ role: viewer }, { app: ${clientId}, role: admin }]
  names:
    type: oidc
    issuer: ${provider.issuer}
    audiences: [https://jwt.example]
    claims: [token, userinfo]
    match: [{ claim: email, column: mail, source: userinfo, acrossTenants: true, acceptMutable: true }]
`,
  })
  ids = await fixture.importUsers(
    tenant,
    [...simulator.users(undefined, ['id', 'userPrincipalName'])].map((user) => ({ ...user })),
  )
  for (const one of tenants) await fixture.importUsers(one, [{ mail: 'shared@contoso.example' }])
})
afterAll(async () => {
  await fixture.close()
  await simulator.close()
  await provider.close()
})

const explain = (input: string, ...args: readonly string[]): Promise<CommandOutcome> =>
  runCommand(['explain', '--config', 'evergrant.yaml', ...args], { cwd: fixture.folder, input })

async function entraToken(form: Readonly<Record<string, string>>): Promise<string> {
  const answer = await fetch(`${simulator.urls.authority}/${tenant}/oauth2/v2.0/token`, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: clientId,
      client_secret: 'sim~secret',
      scope: `${audience}/.default`,
      ...form,
    }),
  })
  const { access_token: token } = (await answer.json()) as { readonly access_token?: string }
  if (token === undefined) throw new Error(`no token: ${answer.status}`)
  return token
}
const userToken = (): Promise<string> =>
  entraToken({
    grant_type: 'refresh_token',
    refresh_token: simulator.control.issueRefreshToken({
      scope: `${audience}/.default openid offline_access`,
    }),
  })

describe('explain with accounts', () => {
  it('names the one account, the rules that led to it, and what it may do', async () => {
    const { exit, out, note } = await explain(await userToken())
    expect(note).toBe('')
    expect(exit).toBe(0)
    expect(out).toMatch(new RegExp(`^account +user ${ids[0]} of tenant ${tenant}, \\S+@`, 'm'))
    expect(out).toMatch(/^may +viewer$/m)
    expect(out).toMatch(/^keys +\S+; fetched \d{4}-/m)
    expect(out).toMatch(/^mapping +passed +user \S+, by rule 1$/m)
    expect(out).toMatch(/^oid = id +found +id "/m)
    expect(out).toMatch(/^everybody gets role viewer +yes/m)
    expect(out).toMatch(/^app \S+ gets role admin +no +the token is a user’s/m)
    expect(out).toMatch(/^upn +\S+ +token +can be changed/m)
  })

  it('tells why an application is let in without an account', async () => {
    const told = (
      await explain(await entraToken({ grant_type: 'client_credentials' }), '--json')
    ).json() as Record<string, unknown>
    expect(told).toMatchObject({ verified: true, account: null, role: 'admin', issuer: 'contoso' })
    expect(told['rules']).toEqual([expect.objectContaining({ outcome: 'none' })])
  })

  it('names to operators whom one e-mail address in three tenants could mean', async () => {
    const { accessToken } = await provider.signIn({
      user: 'bert',
      scope: 'openid read',
      resource: 'https://jwt.example',
    })
    // The token is for the API, and UserInfo accepts it not: that is what is said, not "expired".
    const api = await explain(accessToken, '--json')
    expect(api.exit).toBe(3)
    expect(api.json()).toMatchObject({
      refusal: { stage: 'claim_source', code: 'token_inactive' },
      sources: [{ source: 'userinfo', outcome: 'refused' }],
    })
    expect(api.out).not.toMatch(/expired/i)
    await fixture.reconfigure({
      issuers: `  names:
    type: oidc
    issuer: ${provider.issuer}
    audiences: [https://jwt.example]
    claims: [userinfo]
    userinfo: { acceptAnyAudience: true }
    match: [{ claim: email, column: mail, acrossTenants: true, acceptMutable: true }]
`,
    })
    const shared = await provider.signIn({ user: 'bert', scope: 'openid email' })
    const { exit, out, note } = await explain(shared.accessToken)
    expect(exit).toBe(3)
    expect(note).toContain('[account_ambiguous]')
    expect(out).toMatch(/^verified +yes, but its bearer is not let in$/m)
    for (const one of tenants) expect(out).toContain(one)
    expect(out).toMatch(/^userinfo of names +told +sub, email/m)
    expect(out).toMatch(/^email = mail, across tenants +several +3 accounts have mail "shared@/m)
    // The refusal itself, which callers see, names none.
    for (const one of tenants) expect(note).not.toContain(one)
  })

  it('looks nobody up when it is told not to, and makes no store', async () => {
    await fixture.reconfigure({
      issuers: `  contoso: { type: entra, tenants: [${tenant}], authority: "${simulator.urls.authority}", audiences: ["${audience}"] }\n`,
    })
    const token = await userToken()
    const quiet = await explain(token, '--no-accounts')
    expect(quiet.exit).toBe(0)
    expect(quiet.out).toMatch(/^mapping +open +no directory was looked into/m)
    expect(quiet.out).toMatch(/^oid = id +not looked up +it would look for id/m)
    const path = `${fixture.folder}/evergrant.db`
    await rename(path, `${path}.away`)
    try {
      const none = await explain(token)
      expect(none.exit).toBe(0)
      expect(none.out).toContain('No account was looked up: there is no store yet.')
      expect(existsSync(path)).toBe(false)
    } finally {
      await rename(`${path}.away`, path)
    }
  })
})
