import type { Page } from 'playwright-core'
import type { Simulator } from '../../src/simulator/index.ts'
import { people } from './consent-world.ts'

/** How somebody goes through the pages of the simulated Entra. */
export interface ProviderSignIn {
  /** Default: the administrator. */
  readonly account?: string
  /** Whether they accept what they are asked for; true by default. */
  readonly accepts?: boolean
  /** Called at every page, before anything is done there. */
  readonly look?: (step: string) => Promise<void>
}

/** Goes through the sign-in pages as a person does: account, password, authenticator, consent. */
export async function signInAtProvider(
  page: Page,
  simulator: Simulator,
  { account = people.admin, accepts = true, look = async () => {} }: ProviderSignIn = {},
): Promise<void> {
  const at = async (step: string): Promise<void> => {
    await page.getByRole('heading', { level: 1, name: step }).waitFor()
    await look(step)
  }
  await at('Sign in')
  await page.getByRole('textbox', { name: 'Account' }).fill(account)
  await page.getByRole('button', { name: 'Next' }).click()
  if (account === people.admin) {
    await at('Enter password')
    await page.getByLabel('Password').fill(people.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  await at('Enter code')
  await page.getByLabel('Code').fill(simulator.control.totp(account))
  await page.getByRole('button', { name: 'Verify' }).click()
  // Nobody is asked for what was consented to already: then a page of ours is next.
  const accept = page.getByRole('button', { name: 'Accept' })
  await accept.or(page.getByText('Evergrant', { exact: true })).waitFor()
  if (!(await accept.isVisible())) return
  await at('Permissions requested')
  await page.getByRole('button', { name: accepts ? 'Accept' : 'Cancel' }).click()
}
