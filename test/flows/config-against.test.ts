import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compose } from '../../src/server/index.ts'
import { generateKey } from '../../src/vault/index.ts'
import { importUsers, type SampleAccount } from '../contract/accounts.contract.ts'
import { bearer, issuersYaml, startBearerService } from '../support/bearer-service.ts'
import { runCommand, type CommandOutcome } from '../support/command.ts'

const one = '11111111-2222-4333-8444-555555555551'
const two = '11111111-2222-4333-8444-555555555552'
const byId = '{ claim: oid, column: id }'
const byMail = '{ claim: email, column: mail, acceptMutable: true }'
const byMailEverywhere = '{ claim: email, column: mail, acceptMutable: true, acrossTenants: true }'
const byName = '{ claim: upn, column: userPrincipalName, acceptMutable: true }'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evergrant-against-'))
  await writeFile(join(folder, 'evergrant.key'), generateKey().reveal(), { mode: 0o600 })
})
afterEach(() => rm(folder, { recursive: true }))

async function configure(file: string, issuers: string): Promise<void> {
  await writeFile(
    join(folder, file),
    `store: sqlite:./evergrant.db
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
issuers: { ${issuers} }
`,
  )
}
const entra = (match: string, tenants = one): string =>
  `{ type: entra, tenants: [${tenants}], audiences: [api://orders], match: [${match}] }`
async function fill(accounts: Readonly<Record<string, readonly SampleAccount[]>>): Promise<void> {
  const composition = await compose({ configPath: join(folder, 'evergrant.yaml'), role: 'bulk' })
  try {
    for (const [tenant, users] of Object.entries(accounts)) {
      await importUsers(composition.store, users, { tenant })
    }
  } finally {
    await composition.close()
  }
}
const against = (...args: readonly string[]): Promise<CommandOutcome> =>
  runCommand(['config', 'check', '--against', 'next.yaml', ...args], { cwd: folder })

/** Compares two lists of rules over the accounts of a tenant. */
async function compared(before: string, after: string): Promise<unknown> {
  await configure('evergrant.yaml', `contoso: ${entra(before)}`)
  await configure('next.yaml', `contoso: ${entra(after)}`)
  await fill({
    [one]: [
      { mail: 'same@x.de', userPrincipalName: 'ann@x.de' },
      { mail: 'same@x.de', userPrincipalName: 'bob@x.de' },
      { mail: 'other@x.de', userPrincipalName: 'carl@x.de' },
      { mail: null, userPrincipalName: 'dora@x.de' },
      { mail: 'abroad@x.de' },
      // Whose address is the name of somebody else.
      { mail: 'ann@x.de', userPrincipalName: 'eve@x.de' },
    ],
    [two]: [{ mail: 'abroad@x.de' }],
  })
  const { exit, json } = await against('--json')
  expect(exit).toBe(0)
  const { issuers } = json() as { readonly issuers: readonly { readonly changes: unknown }[] }
  return issuers.map(({ changes, ...rest }) => ({
    ...rest,
    changes: (changes as readonly { readonly examples: unknown }[]).map(
      ({ examples: _examples, ...change }) => change,
    ),
  }))
}
const contoso = { running: 'contoso', against: 'contoso', tenant: one, accounts: 6 }

describe('config check --against', () => {
  it('counts accounts that become ambiguous or lose their claim, as matching has it', async () => {
    expect(await compared(byId, byMail)).toEqual([
      {
        ...contoso,
        unchanged: { found: 3 },
        changes: [
          { from: 'found', to: 'ambiguous', accounts: 2 },
          { from: 'found', to: 'claim_missing', accounts: 1 },
        ],
      },
    ])
  })

  it('counts what gets better, and what looks into every tenant', async () => {
    expect(await compared(byMailEverywhere, byId)).toEqual([
      {
        ...contoso,
        unchanged: { found: 2 },
        changes: [
          { from: 'ambiguous', to: 'found', accounts: 3 },
          { from: 'claim_missing', to: 'found', accounts: 1 },
        ],
      },
    ])
  })

  it('counts accounts that would be taken for another one', async () => {
    const mailAsName = '{ claim: email, column: userPrincipalName, acceptMutable: true }'
    expect(await compared(byMail, mailAsName)).toEqual([
      {
        ...contoso,
        unchanged: { claim_missing: 1 },
        changes: [
          { from: 'ambiguous', to: 'unmatched', accounts: 2 },
          { from: 'found', to: 'unmatched', accounts: 2 },
          { from: 'found', to: 'another_account', accounts: 1 },
        ],
      },
    ])
  })

  it('passes on to the next rule only where a claim is missing', async () => {
    expect(await compared(byId, `${byMail}, ${byName}`)).toEqual([
      {
        ...contoso,
        unchanged: { found: 4 },
        changes: [{ from: 'found', to: 'ambiguous', accounts: 2 }],
      },
    ])
  })

  it('finds nothing otherwise between equal files', async () => {
    expect(await compared(byMail, byMail)).toEqual([
      { ...contoso, unchanged: { ambiguous: 2, found: 3, claim_missing: 1 }, changes: [] },
    ])
  })

  it('compares tenants whatever their issuers are called, and names some accounts', async () => {
    await configure('evergrant.yaml', `a: ${entra(byId)}`)
    await configure('next.yaml', `b: ${entra('', `${one}, ${two}`)}`)
    const id = 'aaaaaaaa-2222-4333-8444-555555555551'
    await fill({ [one]: [{ id }], [two]: [{}, {}] })
    const { out, exit } = await against()
    expect(exit).toBe(0)
    expect(out).toContain(`a → b, tenant ${one}: 1 account, 1 of them otherwise`)
    expect(out).toMatch(/ 1 {2}found → no account needed\n +such as 1{8}-.*aaaaaaaa-2222/)
    expect(out).toContain(`b (new), tenant ${two}: 2 accounts, 2 of them otherwise`)
    expect(out).toMatch(/ 2 {2}not accepted → no account needed/)
    expect((await against('--strict')).exit).toBe(2)
  })

  it('tells of the accounts although the service does not answer', async () => {
    await configure('evergrant.yaml', `a: ${entra(byId)}`)
    await configure('next.yaml', `a: ${entra(byId)}`)
    await fill({ [one]: [{}] })
    await writeFile(join(folder, 'ops.key'), 'egk_none_at_all')
    const nowhere = ['--key-file', 'ops.key', '--url', 'http://127.0.0.1:9']
    const { out, note, exit } = await against(...nowhere)
    expect(exit).toBe(4)
    expect(out).toContain('as before: found')
    expect(note).toContain('[service_not_running]')
    expect((await against('--json', ...nowhere)).json()).toMatchObject({
      issuers: [{ accounts: 1 }],
      refusals: null,
      problem: { code: 'service_not_running' },
    })
  })

  it('says that there is no store, or what is wrong with the other file', async () => {
    await configure('evergrant.yaml', `a: ${entra(byId)}`)
    await configure('next.yaml', `a: ${entra(byId)}`)
    const none = await against()
    expect(none.exit).toBe(2)
    expect(none.note).toContain('there is no store at')
    await configure('next.yaml', `a: ${entra('{ claim: email, column: mail }')}`)
    const wrong = await against()
    expect(wrong.exit).toBe(2)
    expect(wrong.note).toContain('next.yaml:3:')
  })
})

describe('config check --against with a running service', () => {
  it('counts recent refusals by what they rest on', async () => {
    const service = await startBearerService({ yaml: '    scopes: [Orders.Read]\n' })
    try {
      const { workspace, issuer, url, userIds } = service
      const send = (claims: Readonly<Record<string, unknown>>): Promise<Response> =>
        service.get('/metrics', bearer(issuer.token({ oid: userIds[0], ...claims })))
      await send({ aud: 'api://other' })
      await send({ aud: 'api://third' })
      await send({ oid: undefined, scp: 'Orders.Read' })
      await send({})
      await send({ iat: 1, exp: 1_000 })
      await send({ iss: 'https://elsewhere.example.com' })

      const written = await readFile(workspace.configPath, 'utf8')
      const [base = ''] = written.split('issuers:')
      const rules = '[{ claim: sub, column: employeeId }, { claim: oid, column: id }]'
      const next = issuersYaml(issuer.issuer)
        .replace("['api://evergrant']", "['api://evergrant', 'api://other']")
        .replace('[{ claim: oid, column: id }]', rules)
      const other =
        '  other: { type: oidc, issuer: "https://elsewhere.example.com", audiences: [a] }\n'
      await writeFile(workspace.path('next.yaml'), base + next + other)
      await writeFile(
        workspace.path('ops.key'),
        await service.addCaller('ops', { role: 'operator' }),
      )

      const args = ['config', 'check', '--against', 'next.yaml']
      const cwd = workspace.folder
      const silent = await runCommand(args, { cwd })
      expect(silent.out).toContain('recent refusals: not asked for; --key-file FILE asks')
      const asked = [...args, '--url', url, '--key-file', 'ops.key']
      const { out, exit } = await runCommand(asked, { cwd })
      expect(exit).toBe(0)
      expect(out).toContain('recent refusals: 6, 4 of them judged otherwise')
      expect(out).toMatch(
        / 2 {2}lab, audience: token_audience_refused; 1 otherwise: the audience is/,
      )
      expect(out).toMatch(/ 1 {2}lab, mapping: claim_missing; 1 otherwise: "match" changed/)
      expect(out).toMatch(/ 1 {2}lab, scope: insufficient_scope; 1 otherwise: "scopes" changed/)
      expect(out).toMatch(/ 1 {2}lab, time: token_expired\n/)
      expect(out).toMatch(
        / 1 {2}unknown issuer, issuer: token_issuer_unknown; 1 otherwise: the iss/,
      )
      const { refusals } = (await runCommand([...asked, '--json'], { cwd })).json() as {
        readonly refusals: readonly unknown[]
      }
      expect(refusals).toContainEqual({
        issuer: 'lab',
        stage: 'time',
        code: 'token_expired',
        refusals: 1,
        otherwise: 0,
        because: [],
      })
    } finally {
      await service.close()
    }
  })
})
