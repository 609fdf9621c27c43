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
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evergrant-lint-'))
  await writeFile(join(folder, 'evergrant.key'), generateKey().reveal(), { mode: 0o600 })
})
afterEach(() => rm(folder, { recursive: true }))

/** Writes a configuration with one issuer, and whatever else. */
async function configure(fields: string, more = ''): Promise<void> {
  await writeFile(
    join(folder, 'evergrant.yaml'),
    `store: sqlite:./evergrant.db
encryption: { keys: [{ id: k1, file: ./evergrant.key }] }
issuers:
  contoso: { type: entra, tenants: [${one}], audiences: [api://orders], ${fields} }
${more}`,
  )
}
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
const check = (...args: readonly string[]): Promise<CommandOutcome> =>
  runCommand(['config', 'check', ...args], { cwd: folder })
const warningsOf = ({ note }: CommandOutcome): readonly string[] =>
  note.split('\n').filter((line) => line.startsWith('warning: '))

const byMail = 'match: [{ claim: email, column: mail, acceptMutable: true }]'
const mails = (...list: readonly (string | null)[]): readonly SampleAccount[] =>
  list.map((mail) => ({ mail }))

describe('config check with a directory', () => {
  it('counts values that several accounts share, within the tenant alone', async () => {
    await configure(byMail)
    await fill({
      [one]: mails('a@x.de', 'a@x.de', 'A@x.de', 'b@x.de', 'b@x.de', 'b@x.de', 'c@x.de', null, ''),
      [two]: mails('c@x.de'),
    })
    expect(warningsOf(await check())).toEqual([
      expect.stringContaining(
        'issuers.contoso.match[0]: "mail": 2 values are shared by 5 accounts within a tenant; who brings one is refused as ambiguous. Match by { claim: oid',
      ),
    ])
  })

  it('counts them in all tenants where a rule looks there, by letters as the rule does', async () => {
    const rule = '{ claim: email, column: mail, acceptMutable: true, acrossTenants: true'
    await configure(`match: [${rule}, ignoreCase: true }]`)
    await fill({ [one]: mails('a@x.de', 'b@x.de'), [two]: mails('A@X.de', 'c@x.de') })
    expect(warningsOf(await check())).toEqual([
      expect.stringContaining('It looks into every tenant by claims alone that change'),
      expect.stringContaining('"mail": 1 value is shared by 2 accounts in all tenants together'),
    ])
  })

  it('is content with several columns of which one is unique, and with ids', async () => {
    await configure(
      'match: [{ all: [{ claim: dep, column: department }, { claim: emp, column: employeeId }] }, { claim: oid, column: id }]',
    )
    await fill({ [one]: [1, 2, 3].map((n) => ({ department: 'IT', employeeId: `e${n}` })) })
    const { exit, note } = await check('--strict')
    expect({ exit, note }).toEqual({
      exit: 0,
      note: expect.stringContaining('is valid') as string,
    })
    expect(note).not.toContain('warning')
  })

  it('names columns that no account has, and whether an import fetches them', async () => {
    const nightly =
      'imports: { nightly: { connection: a, collections: [users], columns: [id, mail, department] } }'
    const rule = (column: string): string => `{ claim: ${column}_claim, column: ${column} }`
    await configure(
      `match: [${['employeeNo', 'department', 'mail', 'mailNickname'].map(rule).join(', ')}]`,
      nightly,
    )
    await fill({ [one]: [{ mail: 'a@x.de', mailNickname: 'a' }, { mail: 'b@x.de' }] })
    expect(warningsOf(await check()).filter((line) => line.includes('match'))).toEqual([
      expect.stringMatching(
        /match\[0\]: None of 2 imported accounts has "employeeNo", and no import of this file fetches it: nobody is found by it\. Add employeeNo to "columns"/,
      ),
      expect.stringMatching(
        /match\[1\]: None of 2 imported accounts has "department": nobody is found by it\. Import it/,
      ),
      expect.stringMatching(
        /match\[3\]: No import of this file fetches "mailNickname": the next one takes it/,
      ),
    ])
  })

  it('names tenants of which nobody was imported', async () => {
    await configure('match: [{ claim: oid, column: id }]')
    await fill({ [two]: mails('a@x.de') })
    expect(warningsOf(await check())).toEqual([
      expect.stringContaining(
        `issuers.contoso.tenants[0]: No account of tenant ${one} was imported: nobody is found. Import its users`,
      ),
    ])
  })

  it('asks for applications where a rule finds them', async () => {
    await configure('match: [{ claim: azp, column: appId }, { claim: oid, column: id }]')
    await fill({ [one]: mails('a@x.de') })
    expect(warningsOf(await check())).toEqual([
      expect.stringContaining(
        'match[0]: No application was imported: nobody is found by "appId". Import them: `evergrant import CONNECTION servicePrincipals`.',
      ),
    ])
  })

  it('leaves the store alone when told so, and makes none', async () => {
    const nightly = 'imports: { nightly: { connection: a, collections: [users], columns: [id] } }'
    await configure(byMail, nightly)
    const before = await check()
    expect(before.exit).toBe(0)
    expect(warningsOf(before)).toContainEqual(
      expect.stringContaining('match[0]: No import of this file fetches "mail". Add mail'),
    )
    await expect(rm(join(folder, 'evergrant.db'))).rejects.toThrow('ENOENT')
    await fill({ [one]: mails('a@x.de', 'a@x.de') })
    expect((await check()).note).toContain('shared by 2 accounts')
    expect((await check('--no-store')).note).not.toContain('shared by')
  })

  it('exits with 2 for warnings only when it is strict', async () => {
    await configure(byMail)
    await fill({ [one]: mails('a@x.de', 'a@x.de') })
    expect((await check()).exit).toBe(0)
    const strict = await check('--strict', '--json')
    expect(strict.exit).toBe(2)
    expect(strict.json()).toMatchObject({
      problems: [],
      hints: [
        {
          asked_by: 'issuers.contoso.match[0]',
          hint: expect.stringContaining('2 accounts') as string,
        },
      ],
    })
  })

  it('says when the store cannot be looked at', async () => {
    await configure(byMail)
    await writeFile(join(folder, 'evergrant.db'), 'no database at all, but long enough to be read')
    const { exit, note } = await check()
    expect(exit).toBe(0)
    expect(note).toContain('warning: store: Not looked at: ')
  })
})

describe('doctor', () => {
  it('warns of issuers as config check does', async () => {
    await configure(byMail)
    await fill({ [one]: mails('a@x.de', 'a@x.de') })
    const { out, exit } = await runCommand(['doctor'], { cwd: folder })
    expect(exit).toBe(0)
    expect(out).toMatch(/^warn +issuers +issuers\.contoso\.match\[0\]: "mail": 1 value is shared/m)
  })
})
