import {
  derived,
  hashConsoleSecret,
  isSame,
  newConsoleSecret,
  type ConsoleDesk,
  type ConsoleSessionRecord,
  type ConsoleStore,
  type SessionEvent,
} from '../access/index.ts'
import type { Config, IssuerConfig } from '../config/index.ts'
import {
  EvergrantError,
  isEvergrantError,
  type Clock,
  type Emit,
  type RandomBytes,
} from '../kernel/index.ts'
import { readAuthorizationError } from '../oauth/index.ts'
import { createFailureWindows } from './failure-windows.ts'
import type { CodeDesk, CodeSender } from './session-codes.ts'
import type { Sessions } from './sessions.ts'

/** Where somebody can sign in. */
export interface SignInChoice {
  /** Name of the issuer in the configuration. */
  readonly issuer: string
  /** Of an issuer with several. */
  readonly tenant?: string
}

/** Sign-ins to the console at issuers. */
export interface ConsoleSignIn {
  /** Where people can sign in now. */
  choices(): readonly SignInChoice[]
  /**
   * Begins a sign-in: where the browser goes, and the secret that it keeps meanwhile.
   *
   * @throws EvergrantError `issuer_unknown`, `caller_throttled`, `provider_*`, `store_*`
   */
  begin(
    choice: SignInChoice,
    returnTo: string,
    sender: CodeSender,
  ): Promise<{ readonly url: string; readonly secret: string }>
  /**
   * Ends it, once: in the browser in which it began, by the answer to that very sign-in, from the
   * issuer at which it began.
   *
   * @throws EvergrantError `console_sign_in_refused`, `console_role_missing`, `authorization_*`,
   *   and what the provider and verification refuse
   */
  finish(
    secret: string | undefined,
    answer: URLSearchParams,
    sender: CodeSender,
  ): Promise<{
    readonly session: ConsoleSessionRecord
    readonly secret: string
    readonly returnTo: string
  }>
}

/** What sign-ins rest on. */
export interface ConsoleSignInOptions {
  readonly store: ConsoleStore
  readonly clock: Clock
  readonly random: RandomBytes
  readonly emit: Emit<SessionEvent>
  readonly config: () => Pick<Config, 'issuers' | 'server'>
  readonly redirectUri: () => string
  readonly codes: CodeDesk
  readonly desk: ConsoleDesk
  readonly sessions: Pick<Sessions, 'identityOf'>
}

/** How long a sign-in may take (ms). */
export const signInLifeMs = 600_000
/** Sign-ins begun within a minute: each is a row until it is over. */
const beginLimits = { perAddress: 60, overall: 600, windowMs: 60_000 }

/** Makes what signs people in. */
export function createConsoleSignIn(options: ConsoleSignInOptions): ConsoleSignIn {
  const { store, clock, random, emit, config, redirectUri, codes, desk, sessions } = options
  const begun = createFailureWindows(clock, beginLimits)

  const choices = (): readonly SignInChoice[] => {
    const { issuers, server } = config()
    const named = server.console.issuers
    return Object.values(issuers)
      .filter(({ name, client }) => {
        return client !== undefined && (named === undefined || Object.hasOwn(named, name))
      })
      .flatMap((issuer): readonly SignInChoice[] => {
        if (issuer.type !== 'entra' || issuer.tenants.length === 1) return [{ issuer: issuer.name }]
        return issuer.tenants.map((tenant) => ({ issuer: issuer.name, tenant }))
      })
  }

  function secretsOf(secret: string, salt: string): Record<'state' | 'nonce' | 'verifier', string> {
    return {
      state: derived(secret, 'state', salt),
      nonce: derived(secret, 'nonce', salt),
      verifier: derived(secret, 'verifier', salt),
    }
  }

  const wishOf = (name: string): { readonly scope: string; readonly resource?: string } => {
    const { issuers, server } = config()
    const issuer = issuers[name]
    return issuer === undefined
      ? { scope: 'openid' }
      : wishFor(issuer, server.console.issuers?.[name] ?? {})
  }

  return {
    choices,
    begin: async ({ issuer, tenant }, returnTo, { address }) => {
      const isOffered = choices().some((one) => one.issuer === issuer && one.tenant === tenant)
      if (!isOffered) {
        const name = JSON.stringify(issuer.slice(0, 100))
        throw new EvergrantError('issuer_unknown', `nobody signs in here at an issuer ${name}`)
      }
      const leftMs = begun.waitOf(address)
      if (leftMs !== undefined) {
        throw new EvergrantError('caller_throttled', 'too many sign-ins were begun', {
          retryAfterMs: Math.ceil(leftMs),
        })
      }
      begun.note(address)
      const secret = newConsoleSecret(random)
      const salt = newConsoleSecret(random)
      const { state, nonce, verifier } = secretsOf(secret, salt)
      const where = { issuer, ...(tenant === undefined ? {} : { tenant }) }
      const { url } = await codes.addressOf({
        ...where,
        ...wishOf(issuer),
        redirectUri: redirectUri(),
        state,
        nonce,
        codeVerifier: verifier,
      })
      await store.addSignIn({
        ...where,
        hash: hashConsoleSecret(secret) ?? '',
        salt,
        returnTo,
        expiresAt: clock.now() + signInLifeMs,
      })
      return { url, secret }
    },

    finish: async (secret, answer, sender) => {
      const hash = secret === undefined ? undefined : hashConsoleSecret(secret)
      const signIn = hash === undefined ? undefined : await store.findSignIn(hash)
      if (secret === undefined || hash === undefined || signIn === undefined) {
        throw refused('no sign-in is under way in this browser, or it was finished before')
      }
      const { issuer, tenant, salt, returnTo, expiresAt } = signIn
      const { state, nonce, verifier } = secretsOf(secret, salt)
      // What answers another sign-in does not use this one up: anybody can send a browser here.
      if (!isSame(answer.get('state'), state)) {
        throw refused('the answer is to another sign-in than the one of this browser')
      }
      if (!(await store.takeSignIn(hash))) throw refused('the sign-in was finished before')
      try {
        if (expiresAt <= clock.now()) throw refused('the sign-in took longer than ten minutes')
        const isOffered = choices().some((one) => one.issuer === issuer && one.tenant === tenant)
        if (!isOffered) throw refused(`nobody signs in at "${issuer}" any more`)
        const { scope, resource } = wishOf(issuer)
        const end = {
          issuer,
          ...(tenant === undefined ? {} : { tenant }),
          ...(resource === undefined ? {} : { resource }),
          redirectUri: redirectUri(),
          nonce,
          codeVerifier: verifier,
        }
        const server = await codes.addressOf({ ...end, scope, state })
        requireIssuer(answer.getAll('iss'), server)
        const failed = readAuthorizationError(answer)
        if (failed !== undefined) {
          throw new EvergrantError(
            'console_sign_in_refused',
            `"${issuer}" let nobody in: ${failed.error} (${failed.message})`,
            failed.remedy === undefined ? {} : { remedy: failed.remedy },
          )
        }
        const code = answer.get('code')
        if (code === null || code === '' || answer.getAll('code').length > 1) {
          throw refused('expected one code in the answer')
        }
        const caller = await codes.redeem({ ...end, code }, sender)
        const told = sessions.identityOf(caller)
        const { id: callerId, name, role } = caller
        if (told === undefined || role === undefined) {
          throw new EvergrantError(
            'console_role_missing',
            `"${name}" (${callerId}) signed in at "${issuer}", but has no role here`,
          )
        }
        const session = await desk.begin({
          callerId,
          name,
          role,
          issuer,
          identity: told.identity,
        })
        return { ...session, returnTo }
      } catch (error) {
        const code = isEvergrantError(error) ? error.code : 'internal'
        emit({ type: 'console.sign_in_failed', at: clock.now(), issuer, code })
        throw error
      }
    },
  }
}

/** What a sign-in asks for, so that the rules of the issuer have what they judge. */
function wishFor(
  issuer: IssuerConfig,
  {
    scope,
    resource: named,
  }: { readonly scope?: string | undefined; readonly resource?: string | undefined },
): { readonly scope: string; readonly resource?: string } {
  const isById = issuer.claims.every((source) => source === 'id_token')
  const [first] = issuer.audiences
  const resource = named ?? (issuer.type === 'entra' && !isById ? first : undefined)
  const ours =
    issuer.type === 'entra'
      ? resource === undefined
        ? []
        : [`${resource}/.default`]
      : issuer.scopes
  const asked = scope ?? ['openid', 'profile', ...ours].join(' ')
  return { scope: asked, ...(resource === undefined ? {} : { resource }) }
}

/**
 * One redirect URI serves every issuer: an answer that says it is another one’s, or that should say
 * whose it is and does not, is refused (RFC 9207 section 2.4).
 */
function requireIssuer(
  told: readonly string[],
  { issuer, namesIssuer }: { readonly issuer: string; readonly namesIssuer: boolean },
): void {
  if (told.length === 0 && !namesIssuer) return
  if (told.length === 1 && told[0] === issuer) return
  throw refused('the answer does not come from the issuer at which the sign-in began')
}

function refused(detail: string): EvergrantError {
  return new EvergrantError('console_sign_in_refused', detail)
}
