import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { compose } from '../../src/server/index.ts'
import { generateKey } from '../../src/vault/index.ts'
import { importUsers, type SampleAccount } from '../contract/accounts.contract.ts'
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
