/** What a stub of a token endpoint is told. */
export type StubOrder =
  /** Forgets what it has counted; every answer takes so long from now on, and its tokens live so. */
  | { readonly do: 'reset'; readonly latencyMs: number; readonly expiresIn?: number }
  | { readonly do: 'report' }

/** What it has seen since. */
export interface StubReport {
  readonly origin: string
  readonly requests: number
  /** Different refresh tokens. */
  readonly redeemed: number
  /** Refresh tokens that came more than once. */
  readonly reused: number
}

/** As long as those of Entra ID are. */
const refreshTokenLength = 1_300

/** A refresh token by its name. */
export function refreshTokenOf(name: string): string {
  return paddedTo(refreshTokenLength, name)
}

/** A name, filled up to a length. */
export function paddedTo(length: number, name: string): string {
  return `${name}.`.padEnd(length, 'x')
}
