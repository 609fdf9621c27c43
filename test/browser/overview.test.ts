import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest'
import { findFlawsAnywhere } from '../support/accessibility.ts'
import { startBrowser, type TestBrowser } from '../support/browser.ts'
import { openConsole } from '../support/console-person.ts'
import { startService, type ServiceFixture } from '../support/service-fixture.ts'

let service: ServiceFixture
let browser: TestBrowser

beforeAll(async () => {
  browser = await startBrowser()
})
afterEach(() => service.close())
afterAll(() => browser.close())

describe('the first page', () => {
  it('tells what to do first while there is no connection', async () => {
    service = await startService({
      prepare: async ({ configPath }) => {
        const text = await readFile(configPath, 'utf8')
        await writeFile(configPath, text.replace(/^connections:[^]*$/m, ''))
      },
    })
    const person = await openConsole(service, browser, '/', { role: 'viewer' })
    await person.page.getByRole('heading', { name: 'First steps' }).waitFor()
    await person.page.getByText('Add a connection: Needs the role admin.').waitFor()
    expect(await findFlawsAnywhere(person.page, 'first-steps')).toEqual([])
    await person.close()
  })

  it('says what needs a person, who must act, and leads there', async () => {
    service = await startService({
      prepare: async ({ configPath }) => {
        const text = await readFile(configPath, 'utf8')
        const ends = new Date(Date.now() + 3 * 86_400_000).toISOString()
        const secret = '- secret: { file: ./secret }'
        await writeFile(configPath, text.replace(secret, `${secret}\n          expiresAt: ${ends}`))
      },
    })
    await service.serving.alarms.wake()
    const person = await openConsole(service, browser, '/', { role: 'viewer' })
    const { page } = person
    const needs = page.getByRole('region', { name: 'What needs a person now' })
    await needs.getByText('The secret of connection "contoso-graph" expires').waitFor()
    expect(await needs.textContent()).toContain('Who must act: An operator of Evergrant')
    await needs.getByText(/^\d+ steps$/).click()
    expect(await findFlawsAnywhere(page, 'overview-needs')).toEqual([])
    const ahead = page.getByRole('region', { name: 'Ahead' })
    await ahead.getByText('Client credential ends').waitFor()
    await needs.getByRole('link', { name: 'Open contoso-graph' }).click()
    await page.getByRole('heading', { level: 1, name: 'contoso-graph' }).waitFor()
    await person.close()
  })
})
