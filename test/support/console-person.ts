import type { Role } from '../../src/access/index.ts'
import { consoleLinkUrl, type Serving } from '../../src/server/index.ts'
import type { Person, PersonOptions, TestBrowser } from './browser.ts'
import { openConsoleBrowser } from './console-browser.ts'

/** A service that people can sign in to the console of. */
interface ConsoleService {
  readonly url: string
  readonly serving: Serving
}

/** Who sits there, and with which browser. */
export type OpenOptions = PersonOptions & { readonly role?: Role }

/**
 * Somebody who is signed in at the console by a link of their own, and has no page open yet. The
 * pages of the sign-in have tests of their own: here its cookie alone comes to the browser.
 */
export async function enterConsole(
  { url, serving }: ConsoleService,
  browser: TestBrowser,
  { role = 'admin', ...options }: OpenOptions = {},
): Promise<Person> {
  const entrance = openConsoleBrowser(url)
  await entrance.enter(await makeEntrance({ url, serving }, role))
  const person = await browser.person(options)
  const cookies = [...entrance.cookies].map(([name, value]) => ({ name, value, url }))
  await person.context.addCookies(
    cookies.map((cookie) => ({ ...cookie, httpOnly: true, sameSite: 'Lax' as const })),
  )
  return person
}

/** Makes the address of a link that signs in, once. */
export async function makeEntrance(
  { url, serving }: ConsoleService,
  role: Role = 'admin',
): Promise<string> {
  const wish = { name: 'Robin Example', role, lifeMs: 60_000, by: 'tests' }
  const { token } = await serving.console.makeLink(wish)
  return consoleLinkUrl(url, token.reveal())
}

/** Opens a page of the console as somebody who is signed in. */
export async function openConsole(
  service: ConsoleService,
  browser: TestBrowser,
  path: string,
  options: OpenOptions = {},
): Promise<Person> {
  const person = await enterConsole(service, browser, options)
  await person.page.goto(`${service.url}/console${path}`)
  await person.page.getByRole('heading', { level: 1 }).waitFor()
  return person
}

/** A text that would run, and be refused loudly by the policy of the page, if it became markup. */
export const planted = "<img src=x onerror='document.title=1'>"
