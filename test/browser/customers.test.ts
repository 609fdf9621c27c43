import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findFlawsAnywhere } from '../support/accessibility.ts'
import { startBrowser, type TestBrowser } from '../support/browser.ts'
import { startConsentService, type ConsentService } from '../support/consent-service.ts'
import { enterConsole } from '../support/console-person.ts'
import { openAddress } from '../support/open-address.ts'

const address = { address: 'csp' }
let service: ConsentService
let browser: TestBrowser

beforeAll(async () => {
  service = await startConsentService({}, { customers: '{}' })
  const client = await service.client('operator')
  const begun = await client.consents.begin({ ...address, manual: true })
  const pasted = await openAddress(begun.authorization_url, begun.consent.redirect_uri)
  const { consent } = await client.consents.complete({ ...address, pasted })
  if (consent.state !== 'active') throw new Error(`the consent is ${consent.state}`)
  browser = await startBrowser()
})
afterAll(async () => {
  await browser.close()
  await service.close()
})

describe('the customers of a partner', () => {
  it('are not shown to whoever may not have them asked', async () => {
    const person = await enterConsole(service, browser, { role: 'viewer' })
    await person.page.goto(`${service.url}/console/connections/csp/customers`)
    await person.page.getByText('Needs the role operator.').waitFor()
    expect(await person.page.getByRole('button', { name: 'Have them consent' }).count()).toBe(0)
    await person.close()
  })

  it('consent when that is confirmed, and not by a look at what would be done', async () => {
    const person = await enterConsole(service, browser, { role: 'operator' })
    const { page, complaints } = person
    await page.goto(`${service.url}/console/connections/csp/customers`)
    const row = page.getByRole('row', { name: /fabrikam/ })
    await row.getByText('Missing', { exact: true }).waitFor()
    await row.getByRole('checkbox').check()
    await page.getByRole('button', { name: 'See what would be done' }).click()
    await row.getByText('Would be granted').waitFor()
    expect(await findFlawsAnywhere(page, 'customers')).toEqual([])
    const client = await service.client('operator')
    const states = async (): Promise<readonly string[]> =>
      (await client.customers.list(address)).items.map(({ consent }) => consent)
    expect(await states()).toEqual(['missing', 'missing', 'missing'])
    await page.getByRole('button', { name: 'Have them consent' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Have them consent' }).click()
    await row.getByText('Granted now').waitFor()
    await row.getByText('Granted', { exact: true }).waitFor()
    expect((await states()).toSorted()).toEqual(['granted', 'missing', 'missing'])
    expect(complaints).toEqual([])
    await person.close()
  })
})
