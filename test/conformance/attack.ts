import type { Forge } from './forge.ts'

/** What came of a token, or of many. */
export type Outcome =
  | { readonly kind: 'accepted' }
  /** With the code a program can tell the reason by. */
  | { readonly kind: 'refused'; readonly code: string }
  /** What the issuer was asked. */
  | { readonly kind: 'requests'; readonly requests: number }

/** What has to come of it. */
export type Right =
  | { readonly kind: 'accepted' }
  /** Ours: the stage that did not hold, and the code. Of peers only a refusal is asked. */
  | { readonly kind: 'refused'; readonly verdict: string }
  | { readonly kind: 'requests'; readonly atMost: number }

/** The issuer of the tokens, as verifiers that fetch its keys meet it. */
export interface Issuer {
  /** Its JWK Set. */
  published: unknown
  isAway: boolean
  /** How often it was asked. */
  requests: number
}

/** A verifier that accepts access tokens of one issuer, for one audience. */
export interface Subject {
  verify(token: string): Promise<Outcome>
}

/** What an attack is played on. */
export interface Stage {
  readonly forge: Forge
  readonly issuer: Issuer
  readonly verify: Subject['verify']
  /** Moves time forward, for everybody. */
  advance(milliseconds: number): Promise<void>
}

/** One attack, or one honest token that must not be taken for one. */
export interface Attack {
  /** Row of the list of attacks; 0: no attack. */
  readonly row: number
  /** What is done, as it stands behind "a token with". */
  readonly what: string
  readonly right: Right
  /** What a verifier must have for the question to make sense. */
  readonly needs?: 'keys that are fetched' | 'verdicts that are kept'
  play(stage: Stage): Promise<Outcome>
}

/** One way of setting a verifier up. */
export interface Setup {
  /** What is set, as Markdown. */
  readonly by: string
  open(issuer: Issuer, forge: Forge): Subject
}

/** One verifier, and how it is set up. */
export interface Side {
  readonly name: string
  /** As its documentation recommends for access tokens of one issuer and audience. */
  readonly documented: Setup
  /** With the options that are off unless somebody turns them on, where it has some. */
  readonly tightened?: Setup
  /** With verdicts that are kept, where that is an option. */
  readonly keeping?: Setup
  /** Whether it fetches keys by itself. */
  readonly fetchesKeys: boolean
}

/** Makes an attack of a single token. */
export function attackBy(
  row: number,
  verdict: string,
  what: string,
  make: (forge: Forge) => string,
): Attack {
  return {
    row,
    what,
    right: { kind: 'refused', verdict },
    play: ({ verify, forge }) => verify(make(forge)),
  }
}

/** Makes an honest token that has to be accepted. */
export function honestly(row: number, what: string, make: (forge: Forge) => string): Attack {
  return {
    row,
    what,
    right: { kind: 'accepted' },
    play: ({ verify, forge }) => verify(make(forge)),
  }
}
