/** What the registry says of one error code. Codes are part of the public contract: never renamed. */
export interface ErrorDefinition {
  /** HTTP status when this error is the answer to a request. */
  readonly status: number
  /** The RFC 6749 / RFC 6750 error name, where an OAuth endpoint answers with it. */
  readonly oauthError?: string
  /** Whether trying again can help: `never` as it stands, `later` after a wait, `now` at once. */
  readonly retry: 'never' | 'later' | 'now'
  /** Who must act for it to go away. */
  readonly actor: 'caller' | 'operator' | 'subject' | 'evergrant'
  /** What a command exits with when this error ends it (see `docs/reference/errors.md`). */
  readonly exit: 1 | 2 | 3 | 4 | 5
  /** What happened, in a few words; the same in CLI, API and console. */
  readonly title: string
  /** What to do about it, as an instruction. An error may carry a more exact one. */
  readonly remedy: string
  /** What happened, plainly, in a sentence or two. */
  readonly meaning: string
  /** What to do, in this order, where that is more than the remedy. */
  readonly steps?: readonly string[]
}

/** Declares a room's part of the registry, keeping its codes as literal types. */
// The mark lets bundlers leave out what the browser’s side never asks for.
/* @__NO_SIDE_EFFECTS__ */
export function defineErrors<const T extends Readonly<Record<string, ErrorDefinition>>>(
  definitions: T,
): { readonly [K in keyof T]: ErrorDefinition } {
  return definitions
}
