import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findFlawsAnywhere } from '../support/accessibility.ts'
import { bearer, startBearerService, type BearerService } from '../support/bearer-service.ts'
import { startBrowser, type Person, type TestBrowser } from '../support/browser.ts'
import { openConsole, planted, type OpenOptions } from '../support/console-person.ts'

let service: BearerService
let browser: TestBrowser
let person: Person | undefined
/** Of a caller that nobody was found for. */
let refusedId = ''

beforeAll(async () => {
  service = await startBearerService()
  const { issuer } = service
  const [oid] = service.userIds
  await service.get('/directory/v1/me', bearer(issuer.token({ oid, aud: planted })))
  const nobody = '00000000-0000-4000-8000-000000000000'
  const answer = await service.get('/directory/v1/me', bearer(issuer.token({ oid: nobody })))
  refusedId = ((await answer.json()) as { readonly request_id: string }).request_id
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

describe('a viewer of issuers', () => {
  it.each(['/issuers', '/issuers/refusals', '/issuers/explain'])(
    'is told on %s which role it takes, and nothing is asked',
    async (path) => {
      const { page, complaints } = await open(path, { role: 'viewer' })
      await page.getByText('Needs the role operator.').waitFor()
      expect(await page.getByRole('textbox').count()).toBe(0)
      expect(complaints).toEqual([])
    },
  )
})

describe('issuers', () => {
  it('show how old their keys are, and fetch them anew', async () => {
    const { page } = await open('/issuers', { role: 'operator' })
    const before = service.issuer.asked.keys
    await page.getByText('1 key', { exact: true }).click()
    await page.getByText('key-1').waitFor()
    await page.getByRole('button', { name: 'Fetch keys of lab' }).click()
    await page.getByText('The keys of lab are fetched').waitFor()
    expect(service.issuer.asked.keys).toBe(before + 1)
  })
})

describe('refusals', () => {
  it('tell what was expected and seen, as text, and are found by their request id', async () => {
    const { page, complaints } = await open('/issuers/refusals', { role: 'operator' })
    const card = page.getByRole('article', { name: 'Audience token_audience_refused' })
    await card.getByText('api://evergrant').waitFor()
    await card.getByText(planted).waitFor()
    expect(await page.locator('main img').count()).toBe(0)
    await page.getByRole('searchbox').fill('req_nothing')
    await page.getByText('No refusal matches').waitFor()
    await page.getByRole('searchbox').fill(refusedId)
    await page.getByRole('article', { name: /account_unmatched/ }).waitFor()
    await page.waitForURL(`**/refusals?request=${refusedId}`)
    expect(await page.getByRole('article').count()).toBe(1)
    expect(complaints).toEqual([])
  })

  it('are led to from the request id that a caller was told', async () => {
    const { page } = await open('/issuers/explain', { role: 'operator' })
    await page.getByRole('textbox', { name: /^Request id/ }).fill(refusedId)
    await page.getByRole('button', { name: 'Find' }).click()
    await page.getByRole('article', { name: /account_unmatched/ }).waitFor()
    expect(page.url()).toContain(refusedId)
  })
})

describe('the explanation of a token', () => {
  it('goes stage by stage and tells what would have worked', async () => {
    const { page } = await open('/issuers/explain', { role: 'operator' })
    await explain(page, service.issuer.token({ oid: service.userIds[0], aud: 'api://other' }))
    await page.getByText('It is refused: Audience').waitFor()
    const stages = page.getByRole('list', { name: 'Stage by stage' }).getByRole('listitem')
    expect(await stages.count()).toBe(13)
    await stages.filter({ hasText: 'Audience' }).getByText('Failed').waitFor()
    await stages.filter({ hasText: 'Signature' }).getByText('Passed').waitFor()
    await page.getByText('audiences: ["api://evergrant", "api://other"]').waitFor()
  })

  it('says whom a token means, and leads to that account', async () => {
    const { page } = await open('/issuers/explain', { role: 'operator' })
    await explain(page, service.issuer.token({ oid: service.userIds[0], roles: ['Viewer'] }))
    await page.getByText('It is let in').waitFor()
    await page.getByRole('region', { name: 'Access' }).getByRole('link').click()
    await page.waitForURL(`**/directory/*/user/${service.userIds[0]}`)
    const heading = page.getByRole('heading', { level: 1, name: /@/ })
    await heading.waitFor()
    expect(await heading.textContent()).toContain('@contoso.example')
  })

  it('leaves the token nowhere: not in the page, its storage or its address', async () => {
    const { page } = await open('/issuers/explain', { role: 'operator' })
    const token = service.issuer.token({ oid: service.userIds[0] })
    const bodies: string[] = []
    page.on('request', (request) => {
      if (`${request.url()} ${request.postData()}`.includes(token)) bodies.push(request.url())
    })
    await explain(page, token)
    await page.getByText('It is let in').waitFor()
    expect(bodies).toEqual([`${service.url}/api/v1/bearer/explain`])
    expect(await page.content()).not.toContain(token)
    expect(await page.getByRole('textbox', { name: 'Access token' }).inputValue()).toBe('')
    const stored = await page.evaluate(
      'JSON.stringify([localStorage, sessionStorage, history.state])',
    )
    expect(String(stored)).not.toContain(token.slice(0, 40))
    expect(page.url()).not.toContain(token.slice(0, 40))
    expect(JSON.stringify(service.log())).not.toContain(token.slice(0, 40))
  })
})

async function explain(page: Page, token: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Access token' }).fill(token)
  await page.getByRole('button', { name: 'Explain' }).click()
}

describe('on a desk and in a hand, by day and by night,', () => {
  it.each([
    ['issuers', '/issuers', '1 key'],
    ['refusals', '/issuers/refusals', 'account_unmatched'],
  ])('%s stand without a flaw', async (name, path, text) => {
    const { page, complaints } = await open(path)
    await page.getByText(text).first().waitFor()
    expect(await findFlawsAnywhere(page, name)).toEqual([])
    expect(complaints).toEqual([])
  })

  it('an explanation stands without a flaw', async () => {
    const { page, complaints } = await open('/issuers/explain')
    await explain(page, service.issuer.token({ oid: service.userIds[0], aud: 'api://other' }))
    await page.getByText('Stage by stage').waitFor()
    expect(await findFlawsAnywhere(page, 'explained')).toEqual([])
    expect(complaints).toEqual([])
  })
})
