import type { IncomingHeaders } from './forward-headers.ts'

/** Links in an answer, pointed back at the gateway while it passes. */
export interface LinkRewriting {
  /** Whether more can be taken at once. */
  write(piece: Buffer): boolean
  end(): void
  destroy(): void
}

export interface LinkRewritingOptions {
  /** Origin and base path of the API: what a link must begin with. */
  readonly base: string
  /** What stands for it at the gateway. */
  readonly gateway: string
  readonly status: number
  readonly headers: IncomingHeaders
  /** Headers to pass, a flat list; changed where links or the body change. */
  readonly list: string[]
  readonly hasBody: boolean
  readonly onPiece: (piece: Buffer) => boolean
  readonly onEnd: () => void
  readonly onFailure: () => void
  readonly onDrain: () => void
}

/** Placeholder until the scanner lands. */
export function openLinkRewriting(_options: LinkRewritingOptions): LinkRewriting | undefined {
  return undefined
}
