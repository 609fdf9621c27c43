import { readCredential, type CallerHeaders } from '../../access/index.ts'
import {
  errorOf,
  type Identifier,
  type Identity,
  type IdentityRefusal,
} from '../../identity/index.ts'
import { EvergrantError, isEvergrantError, newId, type Clock } from '../../kernel/index.ts'
import { problemAnswer, type ProblemAnswer } from '../problem-reply.ts'

/** What a route needs besides a token that holds. */
export interface BearerRequirement {
  /** Permissions of which the token needs one, in `scp`, `scope` or `roles`. */
  readonly scopes?: readonly string[]
  /** The least role that the rules of `access:` have to give. */
  readonly role?: 'viewer' | 'operator' | 'admin'
}

/** A refusal as it is told to whoever runs the API; never holds the token. */
export interface BearerRefusal {
  /** As in the answer’s `request_id`. */
  readonly requestId: string
  readonly error: EvergrantError
  /** Absent when no token was looked at. */
  readonly refusal: IdentityRefusal | undefined
}

/** What comes of a request: who makes it, or the answer that refuses it. */
export type BearerCheck =
  | { readonly identity: Identity; readonly answer?: never }
  | { readonly identity?: never; readonly answer: ProblemAnswer }

/** Checks requests. */
export interface Protection {
  /**
   * Tells who makes a request, or the whole answer that refuses it. Rejects with faults alone.
   *
   * @param headers Names in lower case.
   * @param rawHeaders Names and values in turn, where the server keeps them.
   */
  check(
    headers: CallerHeaders,
    rawHeaders: readonly string[] | undefined,
    requirement: BearerRequirement,
  ): Promise<BearerCheck>
}

/** What protection is made of. */
export interface ProtectionOptions {
  readonly identifier: Pick<Identifier, 'identify'>
  readonly clock: Clock
  readonly onRefusal: (refusal: BearerRefusal) => void
}

const roles = ['viewer', 'operator', 'admin'] as const

/** Makes the check that stands before routes. */
export function createProtection({ identifier, clock, onRefusal }: ProtectionOptions): Protection {
  const refuse = (
    error: EvergrantError,
    { refusal, told = error }: { refusal?: IdentityRefusal; told?: EvergrantError } = {},
  ): BearerCheck => {
    const requestId = newId('req', clock.now())
    onRefusal({ requestId, error, refusal })
    return { answer: problemAnswer(told, requestId) }
  }
  return {
    check: async ({ authorization }, rawHeaders, requirement) => {
      const credential = readCredential({ authorization }, rawHeaders)
      if (!credential.ok) return refuse(inOurWords(credential.error))
      try {
        const identified = await identifier.identify(credential.value)
        if (!identified.ok) {
          return refuse(errorOf(identified.error), { refusal: identified.error })
        }
        const lacking = lackOf(identified.value, requirement)
        return lacking === undefined ? { identity: identified.value } : refuse(lacking)
      } catch (error) {
        // The store is away: the caller may try again; nothing is known of its token.
        if (isEvergrantError(error)) return refuse(error, { told: withoutPlace(error) })
        throw error
      }
    },
  }
}

/** A stranger is told that the store is away, not where it stands. */
function withoutPlace({ code, retryAfterMs }: EvergrantError): EvergrantError {
  return new EvergrantError(code, 'whose token it is cannot be looked up now', {
    remedy: 'Call again when `Retry-After` says, or in a moment; the token is not to blame.',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  })
}

/** Of an API of one’s own there are no caller keys to send in place of a token. */
function inOurWords({ code, detail, challenge }: EvergrantError): EvergrantError {
  return new EvergrantError(code, detail, {
    remedy: 'Send exactly one access token for this API, as `Authorization: Bearer …`.',
    ...(challenge === undefined ? {} : { challenge }),
  })
}

/** What a token that holds lacks for a route. */
function lackOf(
  { scopes, claims, role }: Identity,
  requirement: BearerRequirement,
): EvergrantError | undefined {
  const { scopes: wanted = [], role: least } = requirement
  // Roles of UserInfo are about the person, not about what the application may do.
  const said = claims.find(({ name, source }) => name === 'roles' && source !== 'userinfo')?.value
  const given = [...scopes, ...(Array.isArray(said) ? said : [])]
  if (wanted.length > 0 && !wanted.some((one) => given.includes(one))) {
    const seen = given.length === 0 ? 'none' : given.slice(0, 20).map(String).join(', ')
    return new EvergrantError(
      'insufficient_scope',
      `expected one of the permissions ${wanted.join(', ')}, but saw ${seen}`,
      { challenge: { scope: wanted.join(' ') } },
    )
  }
  if (least === undefined || (role !== undefined && roles.indexOf(role) >= roles.indexOf(least))) {
    return undefined
  }
  return new EvergrantError(
    'role_missing',
    `this needs the role "${least}", but the caller has ${role === undefined ? 'none' : `"${role}"`}`,
    { remedy: 'Give the caller the role by a rule under `access:` of its issuer.' },
  )
}
