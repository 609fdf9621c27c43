import { makeConsoleLink, type Role } from '../../src/access/index.ts'
import { systemClock, systemRandom } from '../../src/kernel/index.ts'
import { consoleLinkUrl, type Serving } from '../../src/server/index.ts'
import type { Person, PersonOptions, TestBrowser } from './browser.ts'

/** A service that people can sign in to the console of. */
interface ConsoleService {
  readonly url: string
  readonly serving: Serving
}

/** Somebody at the console, signed in by a link of their own. */
export async function enterConsole(
  { url, serving }: ConsoleService,
  browser: TestBrowser,
  { role = 'admin', ...options }: PersonOptions & { readonly role?: Role } = {},
): Promise<Person> {
  const { token } = await makeConsoleLink(
    {
      store: serving.composition.store.console,
      clock: systemClock,
      random: systemRandom,
      emit: () => {},
    },
    { name: 'Robin Example', role, lifeMs: 60_000, by: 'tests' },
  )
  const person = await browser.person(options)
  await person.page.goto(consoleLinkUrl(url, token.reveal()))
  await person.page.getByRole('button').click()
  await person.page.waitForURL(`${url}/console/`)
  await person.page.getByRole('heading', { level: 1 }).waitFor()
  return person
}
