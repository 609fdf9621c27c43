import { hash } from 'node:crypto'
import type { AccountStore } from '../directory/index.ts'
import { err, type Clock, type Result } from '../kernel/index.ts'
import type { AcceptedIssuers } from './accepted-issuers.ts'
import { checkTimes } from './check-claims.ts'
import { longestToken } from './compact-jwt.ts'
import { describeRefused } from './describe-refused.ts'
import type { Evidence, Gathered } from './evidence.ts'
import { createGathering } from './gather-claims.ts'
import type { Identified, Identifier, Identity } from './identity.ts'
import type { IssuerPolicy } from './issuer-policy.ts'
import type { Refusal } from './refusal.ts'
import { settleIdentity } from './settle-identity.ts'
import { createTokenVerifier } from './verify-token.ts'

/** What an identifier is made of. */
export interface IdentifierOptions {
  readonly issuers: AcceptedIssuers
  /** By name of the issuer. */
  readonly policies: ReadonlyMap<string, IssuerPolicy>
  readonly accounts: Pick<AccountStore, 'findAccounts'>
  readonly clock: Clock
  /** Tokens that are remembered at most (10,000 by default); 0 remembers none. */
  readonly capacity?: number
}

const defaultCapacity = 10_000
/** Characters of all tokens that are remembered, at most: what is kept of one grows with it. */
const mostCharacters = 16_777_216
/** What was verified, and what issuers and directories said, serves no longer than that (ms). */
const longestEvidenceMs = 60_000
/** An account is read again once what is known of it is so old (ms). */
const longestAccountMs = 1_000

/** A token that held, and whom it stood for when that was last looked up. */
interface Known {
  readonly evidence: Evidence
  /** Of the token. */
  readonly characters: number
  readonly outcome: Result<Identity, Refusal>
  /** When the look-up of the account began, by the monotonic clock. */
  readonly settledTick: number
  /** How often accounts had been forgotten by then. */
  readonly forgotten: number
}

/**
 * Makes what tells whom tokens stand for. What was proved is kept for a minute at most, by the
 * SHA-256 of the token, and goes with the keys it rests on; the account behind it is read again
 * after a second, at once after `forgetAccounts`. Time is looked at again at every use. However
 * many bring the same token, one look-up is under way. Tokens that do not hold are never kept.
 */
export function createIdentifier(options: IdentifierOptions): Identifier {
  const { issuers, policies, accounts, clock, capacity = defaultCapacity } = options
  const verifier = createTokenVerifier({ issuers, clock })
  const gather = createGathering({ issuers, policies, verifier, clock })
  const flights = new Map<
    string,
    { readonly forgotten: number; readonly end: Promise<Identified> }
  >()
  let young = new Map<string, Known>()
  let old = new Map<string, Known>()
  let youngCharacters = 0
  let forgotten = 0

  function identify(token: string): Identified | Promise<Identified> {
    // What is longer is refused for it: its beginning tells it from whatever is kept.
    const name = hash('sha256', token.slice(0, longestToken + 1), 'base64url')
    const known = recall(name)
    if (known !== undefined) {
      const { evidence, outcome } = known
      const over = checkTimes(evidence.times, clock.now(), evidence.issuer.settings.skewMs)
      if (over !== undefined) return refused(token, name, over, evidence)
      if (isFresh(known))
        return outcome.ok ? outcome : refused(token, name, outcome.error, evidence)
    }
    const flight = flights.get(name)
    // One that began before accounts were forgotten may tell what no longer is.
    if (flight?.forgotten === forgotten) return flight.end
    if (known !== undefined) return join(token, name, known.evidence)
    const gathered = gather(token)
    if (gathered instanceof Promise) return join(token, name, gathered)
    return gathered.ok ? join(token, name, gathered.value) : refused(token, name, gathered.error)
  }

  /** Begins the one look-up for a token that everybody who brings it waits for. */
  function join(
    token: string,
    name: string,
    evidence: Evidence | Promise<Gathered>,
  ): Promise<Identified> {
    const end = settle(token, name, evidence).finally(() => {
      if (flights.get(name)?.end === end) flights.delete(name)
    })
    flights.set(name, { forgotten, end })
    return end
  }

  async function settle(
    token: string,
    name: string,
    evidence: Evidence | Promise<Gathered>,
  ): Promise<Identified> {
    const gathered = evidence instanceof Promise ? await evidence : undefined
    if (gathered?.ok === false) return refused(token, name, gathered.error)
    const held = gathered?.ok === true ? gathered.value : (evidence as Evidence)
    const begun = { settledTick: clock.monotonic(), forgotten, characters: token.length }
    const { outcome } = await settleIdentity(held, { accounts })
    if (capacity > 0) keep(name, { evidence: held, outcome, ...begun })
    // Looking somebody up can take longer than the token had left.
    const over = checkTimes(held.times, clock.now(), held.issuer.settings.skewMs)
    if (over !== undefined) return refused(token, name, over, held)
    return outcome.ok ? outcome : refused(token, name, outcome.error, held)
  }

  /** Two generations: the older goes as a whole once the younger is full, by number or by size. */
  function recall(name: string): Known | undefined {
    const found = young.get(name) ?? old.get(name)
    if (found === undefined) return undefined
    const { issuer, keyGeneration, gatheredTick, times } = found.evidence
    // Clocks are set, and a machine that slept did not count the time: an end that nobody said is
    // none of the token, so its issuer is asked again.
    const isOutdated = times.isAssumed === true && clock.now() >= times.expiresAt
    const holds =
      issuer.keys.generation === keyGeneration &&
      clock.monotonic() - gatheredTick < longestEvidenceMs &&
      !isOutdated
    if (!holds) {
      youngCharacters -= young.get(name)?.characters ?? 0
      young.delete(name)
      old.delete(name)
      return undefined
    }
    if (!young.has(name)) keep(name, found)
    return found
  }

  function keep(name: string, one: Known): void {
    const before = young.get(name)?.characters ?? 0
    const characters = youngCharacters - before + one.characters
    if ((young.size >= capacity / 2 && before === 0) || characters > mostCharacters / 2) {
      old = young
      young = new Map()
      youngCharacters = one.characters
    } else youngCharacters = characters
    young.set(name, one)
  }

  function isFresh({ outcome, settledTick, forgotten: then }: Known): boolean {
    if (then !== forgotten || clock.monotonic() - settledTick >= longestAccountMs) return false
    // What could not be told a moment ago may be told now.
    return outcome.ok || outcome.error.retryAfterMs === undefined
  }

  return {
    identify,
    forgetAccounts: () => {
      forgotten++
    },
  }

  function refused(token: string, name: string, refusal: Refusal, evidence?: Evidence): Identified {
    return err(describeRefused(token, name, refusal, issuers, evidence?.policy.name))
  }
}
