import type { RandomBytes } from '../kernel/index.ts'
import type { Account } from './accounts.ts'

/** How far somebody at the page has come. */
export interface SignInProgress {
  /** Path and query of the authorization request: it goes on with no other. */
  readonly url: string
  readonly realm: string
  readonly account: Account
  readonly hasPassword: boolean
  readonly hasMfa: boolean
  readonly hasConsented: boolean
  readonly authenticatedAt: number
  /** The form of the page that was shown; no other is taken up. */
  readonly awaits: AwaitedStep
}

/** What a page asks for, once the account is known. */
export type AwaitedStep = 'password' | 'code' | 'consent' | 'refused'

/** Who a browser is signed in as at an authority. */
export interface BrowserSession {
  readonly realm: string
  readonly account: Account
  readonly hasMfa: boolean
  readonly authenticatedAt: number
}

/** Sign-ins under way, by what the form carries, and browsers signed in, by their cookie. */
export interface SignInLedger {
  /** Remembers how far a sign-in has come; the oldest of many thousands are forgotten. */
  keep(progress: SignInProgress): string
  /** Takes up a sign-in, once: the next page gets another handle. */
  take(handle: string): SignInProgress | undefined
  /** Tells how far a sign-in has come, and leaves it. */
  look(handle: string): SignInProgress | undefined
  signIn(session: BrowserSession): string
  signedIn(cookie: string, realm: string): BrowserSession | undefined
  reset(): void
}

/** Most entries of each kind. */
const maximumEntries = 10_000

/** Makes an empty ledger. */
export function createSignInLedger(random: RandomBytes): SignInLedger {
  const underWay = new Map<string, SignInProgress>()
  const browsers = new Map<string, BrowserSession>()
  const put = <T>(entries: Map<string, T>, entry: T): string => {
    if (entries.size >= maximumEntries) entries.delete(entries.keys().next().value ?? '')
    const handle = Buffer.from(random(24)).toString('base64url')
    entries.set(handle, entry)
    return handle
  }
  return {
    keep: (progress) => put(underWay, progress),
    take: (handle) => {
      const progress = underWay.get(handle)
      underWay.delete(handle)
      return progress
    },
    look: (handle) => underWay.get(handle),
    signIn: (session) => put(browsers, session),
    signedIn: (cookie, realm) => {
      const session = browsers.get(cookie)
      return session?.realm === realm ? session : undefined
    },
    reset: () => {
      underWay.clear()
      browsers.clear()
    },
  }
}
