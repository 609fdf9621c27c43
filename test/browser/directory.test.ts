import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/index.ts'
import { findFlawsAnywhere } from '../support/accessibility.ts'
import { startBearerService, type BearerService } from '../support/bearer-service.ts'
import { startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { openConsole, planted, type OpenOptions } from '../support/console-person.ts'
import { runImport, tenantId } from '../support/workspace.ts'

let service: BearerService
let browser: TestBrowser
let person: Person | undefined
/** Names of the accounts of `service.userIds`. */
let names: readonly string[]
/** An account, and a group that it is in. */
let member: { readonly id: string; readonly group: string }

beforeAll(async () => {
  service = await startBearerService({
    workspace: { users: 40, groups: { count: 5, giantSize: 8 } },
  })
  const { workspace, userIds } = service
  await runImport(workspace, { name: 'groups', collections: ['groups', 'members'] })
  const { simulator } = workspace
  const users = [...simulator.users(undefined, ['id', 'userPrincipalName'])]
  names = userIds.map((id) => String(users.find((one) => one['id'] === id)?.['userPrincipalName']))
  const edge = [...simulator.edges()].find(({ memberId }) => userIds.includes(memberId))
  const groups = [...simulator.groups(undefined, ['id', 'displayName'])]
  const group = groups.find(({ id }) => id === edge?.groupId)
  member = { id: edge?.memberId ?? '', group: String(group?.['displayName']) }
  const key = await service.addCaller('setup', { role: 'admin' })
  const client = createClient({ url: service.url, key })
  const [first = '', second = ''] = userIds
  await client.accounts.disable({ tenant: tenantId, id: second, reason: 'Left the company' })
  await client.people.link({
    person: 'Anna Example',
    tenant: tenantId,
    account: first,
    role: 'operator',
  })
  browser = await startBrowser()
})
afterEach(async () => {
  await person?.close()
  person = undefined
})
afterAll(async () => {
  await browser.close()
  await service.close()
})

async function open(path: string, options: OpenOptions = {}): Promise<Person> {
  person = await openConsole(service, browser, path, options)
  return person
}

const accountPath = (at: number): string => `/directory/${tenantId}/user/${service.userIds[at]}`

describe('a viewer of the directory', () => {
  it('is told which role disabling and linking take', async () => {
    const { page } = await open(accountPath(0), { role: 'viewer' })
    await page.getByRole('button', { name: 'Disable' }).focus()
    await page.getByRole('tooltip', { name: 'Needs the role operator.' }).waitFor()
    await page.keyboard.press('Enter')
    const link = page.getByRole('button', { name: 'Change' })
    expect(await link.getAttribute('aria-disabled')).toBe('true')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  it('is told that there is no such account', async () => {
    const { page } = await open(
      `/directory/${tenantId}/user/00000000-0000-4000-8000-000000000000`,
      {
        role: 'viewer',
      },
    )
    expect(await page.getByRole('alert').textContent()).toContain('account_unknown')
  })
})

describe('accounts', () => {
  it('are found by how their names begin, and the address keeps what was looked for', async () => {
    const [first = '', second = ''] = names
    const { page } = await open('/directory', { role: 'viewer' })
    await page.getByRole('link', { name: first }).waitFor()
    await page.getByRole('searchbox', { name: 'Search' }).fill(second)
    await page.waitForURL('**/directory?search=*')
    await page.getByRole('link', { name: first }).waitFor({ state: 'detached' })
    await page.reload()
    await page.getByRole('link', { name: second }).click()
    await page.getByRole('heading', { level: 1, name: second }).waitFor()
    expect(page.url()).toContain(`/${service.userIds[1]}`)
  })

  it('show their properties and the groups they are in, by name', async () => {
    const { page } = await open(`/directory/${tenantId}/user/${member.id}`, { role: 'viewer' })
    await page.getByRole('rowheader', { name: member.group }).waitFor()
    expect(await page.getByText('userPrincipalName').count()).toBe(1)
  })

  it('are disabled with a reason that is shown as text, and enabled again', async () => {
    const { page, complaints } = await open(accountPath(2), { role: 'operator' })
    await page.getByRole('button', { name: 'Disable' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Reason').fill(planted)
    await dialog.getByRole('button', { name: 'Disable' }).click()
    await page.getByText(`Disabled here by Robin Example`).waitFor()
    await page.getByText(planted).waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    await page.getByRole('button', { name: 'Enable' }).click()
    await page.getByRole('button', { name: 'Disable' }).waitFor()
    expect(complaints).toEqual([])
  })
})

describe('people', () => {
  it('own accounts that were linked to them, until they are unlinked', async () => {
    const { page, complaints } = await open(accountPath(3))
    await page.getByRole('button', { name: 'Link to a person' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Person').fill(planted)
    await dialog.getByLabel('Role').selectOption('Operator')
    await dialog.getByLabel('Connections').fill('contoso-graph')
    await dialog.getByRole('button', { name: 'Link' }).click()
    await page.getByRole('link', { name: planted }).click()
    await page.getByRole('heading', { level: 1, name: planted }).waitFor()
    await page.getByRole('cell', { name: 'Operator' }).waitFor()
    await page.getByRole('button', { name: /^Unlink/ }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click()
    await page.getByText('This person owns no account any more.').waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    expect(complaints).toEqual([])
  })
})

describe('on a desk and in a hand, by day and by night,', () => {
  it.each([
    ['accounts', () => '/directory', () => names[0] ?? ''],
    ['account', () => accountPath(0), () => 'Anna Example'],
    ['account-disabled', () => accountPath(1), () => 'Left the company'],
    ['people', () => '/directory/people', () => 'Anna Example'],
  ])('%s stand without a flaw', async (name, path, text) => {
    const { page, complaints } = await open(path())
    await page.getByText(text()).first().waitFor()
    expect(await findFlawsAnywhere(page, name)).toEqual([])
    expect(complaints).toEqual([])
  })
})
