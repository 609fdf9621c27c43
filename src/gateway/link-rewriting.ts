import { createDecoder } from './decode-peek.ts'
import type { IncomingHeaders } from './forward-headers.ts'
import { createLinkScanner } from './link-scanner.ts'

/** Links in an answer’s body, pointed back at the gateway while it passes. */
export interface LinkRewriting {
  /** Takes a piece as the API sent it; whether more can be taken at once. */
  write(piece: Buffer): boolean
  end(): void
  /** The caller can take more. */
  resume(): void
  destroy(): void
}

/** What links are rewritten with. */
export interface LinkRewritingOptions {
  /** Origin and base path of the API, without trailing slash: what a link must begin with. */
  readonly base: string
  /** What stands for it at the gateway. */
  readonly gateway: string
  readonly status: number
  readonly headers: IncomingHeaders
  /** Headers to pass, a flat list; changed where links or the body change. */
  readonly list: string[]
  readonly hasBody: boolean
  /** Whether more can be taken at once. */
  readonly onPiece: (piece: Buffer) => boolean
  readonly onEnd: () => void
  /** The body does not decode. */
  readonly onFailure: () => void
  /** After `write` said that no more can be taken: more can, as far as this is concerned. */
  readonly onDrain: () => void
}

/**
 * Points `Location` and `Content-Location` back at the gateway, and where the body is JSON returns
 * what does so with the links in it. Such a body is decoded and passed on as it is read, without a
 * content coding; its length is not known before, and its ETag is a weak one, since its bytes are
 * not the API’s. Links elsewhere, or beside the base path, stay as they are.
 */
export function openLinkRewriting(options: LinkRewritingOptions): LinkRewriting | undefined {
  const { headers, list, hasBody, status } = options
  const rewrite = (link: string): string => rewriteLink(link, options)
  changeHeader(list, 'location', rewrite)
  changeHeader(list, 'content-location', rewrite)
  if (!isJson(headers['content-type']) || status === 206 || status === 204 || status === 304) {
    return undefined
  }
  const coding = headers['content-encoding']
  const decoder = createDecoder(typeof coding === 'string' ? coding : coding?.join(','))
  if (decoder === null) return undefined
  changeHeader(list, 'etag', (tag) => (tag.startsWith('W/') ? tag : `W/${tag}`))
  for (const name of [
    'content-length',
    'content-encoding',
    'content-md5',
    'digest',
    'accept-ranges',
  ]) {
    dropHeader(list, name)
  }
  if (!hasBody) {
    decoder?.destroy()
    return undefined
  }
  return decoder === undefined ? plainly(options, rewrite) : decoding(options, rewrite, decoder)
}

function plainly(
  { onPiece, onEnd }: LinkRewritingOptions,
  rewrite: (link: string) => string,
): LinkRewriting {
  const scanner = createLinkScanner(rewrite)
  const pass = (pieces: readonly Buffer[]): boolean => {
    let canTakeMore = true
    for (const piece of pieces) if (piece.length > 0) canTakeMore = onPiece(piece)
    return canTakeMore
  }
  return {
    write: (piece) => pass(scanner.push(piece)),
    end: () => {
      pass(scanner.end())
      onEnd()
    },
    resume: () => {},
    destroy: () => {},
  }
}

/** The decoder stands still while the caller cannot take more, and with it the API. */
function decoding(
  options: LinkRewritingOptions,
  rewrite: (link: string) => string,
  decoder: NonNullable<ReturnType<typeof createDecoder>>,
): LinkRewriting {
  const { onPiece, onEnd, onFailure, onDrain } = options
  let isHeldUp = false
  const inner = plainly(
    {
      ...options,
      onPiece: (piece) => {
        const canTakeMore = onPiece(piece)
        if (!canTakeMore) isHeldUp = true
        return canTakeMore
      },
      onEnd,
    },
    rewrite,
  )
  decoder.on('data', (piece: Buffer) => {
    if (!inner.write(piece)) decoder.pause()
  })
  decoder.on('end', () => inner.end())
  decoder.on('error', onFailure)
  decoder.on('drain', () => {
    if (!isHeldUp) onDrain()
  })
  return {
    write: (piece) => decoder.write(piece),
    end: () => void decoder.end(),
    destroy: () => decoder.destroy(),
    resume: () => {
      isHeldUp = false
      decoder.resume()
    },
  }
}

/** A link of the API below its base path, as one of the gateway; others as they are. */
function rewriteLink(link: string, { base, gateway }: LinkRewritingOptions): string {
  const { origin } = new URL(base)
  const isWhole = link.slice(0, origin.length).toLowerCase() === origin
  const whole = !isWhole && link.startsWith('/') && !link.startsWith('//') ? origin + link : link
  if (whole.slice(0, origin.length).toLowerCase() !== origin) return link
  const rest = whole.slice(base.length)
  const isBelow = whole.slice(origin.length, base.length) === base.slice(origin.length)
  return isBelow && /^(?:$|[/?#])/.test(rest) ? gateway + rest : link
}

function changeHeader(list: string[], name: string, change: (value: string) => string): void {
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === name) list[i + 1] = change(list[i + 1] as string)
  }
}

function dropHeader(list: string[], name: string): void {
  for (let i = list.length - 2; i >= 0; i -= 2) if (list[i] === name) list.splice(i, 2)
}

function isJson(type: IncomingHeaders[string]): boolean {
  const text = typeof type === 'string' ? type : (type?.[0] ?? '')
  return /^application\/(?:[\w.+-]+\+)?json\b/i.test(text)
}
