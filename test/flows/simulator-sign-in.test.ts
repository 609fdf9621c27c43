import { afterEach, beforeEach, expect, it } from 'vitest'
import { makeConsentWorld, people, type ConsentWorld } from '../support/consent-world.ts'
import { openPageBrowser, type PageBrowser } from '../support/page-browser.ts'

let world: ConsentWorld
let username: string
let browser: PageBrowser
beforeEach(async () => {
  world = await makeConsentWorld()
  world.simulator.control.setAutoSignIn(null)
  username = world.simulator.account().userPrincipalName
  browser = openPageBrowser()
})
afterEach(() => world.close())

/** Goes as far as the page that asks for consent. */
async function reachConsent(): Promise<string> {
  const { control } = world.simulator
  await browser.open((await world.begin()).authorization_url)
  expect(await browser.submit({ username })).toBe('Enter password')
  expect(await browser.submit({ password: people.password })).toBe('Enter code')
  return browser.submit({ otc: control.totp(username) })
}

const complete = (): ReturnType<ConsentWorld['evergrant']> =>
  world.evergrant('consent complete csp --json', String(browser.location()))

it('a consent that is declined at the page leads to no grant', async () => {
  expect(await reachConsent()).toBe('Permissions requested')
  expect(await browser.submit({ action: 'cancel' })).toBe('redirected')
  const declined = await complete()
  expect(declined.exit).not.toBe(0)
  expect(declined.out + declined.note).toContain('65004')
})

it('what a policy refuses is told at the page, and to the application that asked', async () => {
  world.simulator.control.setPolicies([{ code: 53003 }])
  await browser.open((await world.begin()).authorization_url)
  expect(await browser.submit({ username })).toBe('Enter password')
  const refused = await browser.submit({ password: people.password })
  expect(refused).toBe('You cannot access this right now')
  expect(browser.page()).toContain('AADSTS53003')
  await browser.submit({ action: 'return' })
  const blocked = await complete()
  expect(blocked.exit).not.toBe(0)
  expect(blocked.out + blocked.note).toContain('53003')
})

it('a sign-in with code and consent is proven at Partner Center, with its second factor', async () => {
  const { simulator } = world
  const { control } = simulator
  control.setAccount(username, { roles: ['Global Administrator'], groups: ['AdminAgents'] })
  expect(await reachConsent()).toBe('Permissions requested')
  expect(browser.page()).toContain('https://api.partnercenter.microsoft.com/.default')
  expect(await browser.submit({})).toBe('redirected')
  const finished = await complete()
  expect(finished.exit).toBe(0)
  const { proofs } = finished.json() as {
    readonly proofs: readonly { readonly proof: string; readonly outcome: string }[]
  }
  expect(Object.fromEntries(proofs.map(({ proof, outcome }) => [proof, outcome]))).toMatchObject({
    'Partner Center profile': 'passed',
    'multi-factor authentication': 'passed',
    'Graph account': 'passed',
    'Resource Manager subscriptions': 'passed',
  })
})

it('an account that is no agent of the partner fails at Partner Center', async () => {
  world.simulator.control.setAccount(username, { roles: [], groups: [] })
  await reachConsent()
  await browser.submit({})
  const refused = await complete()
  expect(refused.exit).not.toBe(0)
  expect(refused.out + refused.note).toContain('Partner Center')
})
