import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib'
import { isZlib } from './any-inflate.ts'
import { maskBody } from './mask-text.ts'
import { isSecretName } from './secret-name.ts'

/** Bytes kept of a body as it came. More than is shown, so that what is cut off can be masked. */
const mostBytes = 8_192
/** Characters shown of it. */
export const mostShown = 4_096
/** Never shown of the end of a beginning (characters). */
const longestDoubt = 512
/** No beginning of a body that is worth reading decodes to more. */
const longestDecoded = 1_048_576

const textual =
  /^(?:text\/|application\/(?:[\w.+-]*\+)?(?:json|xml|x-www-form-urlencoded|javascript|x-ndjson)\b)/i
const charset = /;\s*charset\s*=\s*"?([\w-]+)/i
const readable = new Set(['utf-8', 'utf8', 'us-ascii', 'iso-8859-1', 'windows-1252'])

/** The beginning of a body on its way, for a trace. */
export class CapturedBody {
  readonly #type: string
  readonly #coding: string
  readonly #pieces: Buffer[] = []
  #kept = 0
  #isWhole = true

  /** `type` and `coding` are the headers `Content-Type` and `Content-Encoding`. */
  constructor(type: string | undefined, coding: string | undefined) {
    this.#type = type ?? ''
    this.#coding = (coding ?? '').trim().toLowerCase()
  }

  add(piece: Buffer): void {
    const room = mostBytes - this.#kept
    if (piece.length > room) this.#isWhole = false
    if (room <= 0) return
    // A copy: a slice would hold on to all of a large piece.
    const kept = Buffer.from(piece.subarray(0, room))
    this.#pieces.push(kept)
    this.#kept += kept.length
  }

  /**
   * Its beginning with everything masked that may be secret; in parentheses why there is none.
   * Undefined when nothing came.
   */
  describe(tokens: readonly string[]): string | undefined {
    if (this.#kept === 0) return undefined
    const named = charset.exec(this.#type)?.[1]?.toLowerCase()
    if (!textual.test(this.#type) || (named !== undefined && !readable.has(named))) {
      return `(${this.#type === '' ? 'no content type' : maskBody(this.#type, tokens).slice(0, 100)}: not kept)`
    }
    const bytes = decode(Buffer.concat(this.#pieces), this.#coding)
    if (bytes === undefined || bytes.length === 0) {
      return `(content coding ${JSON.stringify(this.#coding.slice(0, 20))}: not decoded)`
    }
    // A text of two-byte characters, whatever it says of itself, would pass every mask.
    if (bytes.subarray(0, mostBytes).includes(0)) return '(not a text: not kept)'
    const text = bytes.subarray(0, mostBytes).toString('utf8')
    const unmaskable = whyUnmaskable(text, this.#type)
    if (unmaskable !== undefined) return `(${unmaskable}: not kept)`
    const masked = maskBody(text, tokens, this.#type)
    const isCut = !this.#isWhole || bytes.length > mostBytes
    // What tells that something is secret may stand behind it, where it was cut off.
    const certain = isCut ? Math.max(0, masked.length - longestDoubt) : masked.length
    if (!isCut && masked.length <= mostShown) return masked
    return `${masked.slice(0, Math.min(mostShown, certain))}…`
  }
}

/** Texts whose names stand so far from their values that neither tells of the other. */
function whyUnmaskable(text: string, type: string): string | undefined {
  if (/^content-disposition:\s*form-data/im.test(text)) return 'parts of a form'
  const [head = ''] = text.split('\n', 1)
  const isTable = /^text\/(?:csv|tab-separated-values)\b/i.test(type)
  if (isTable && head.split(/[,;\t]/).some((name) => isSecretName(name)))
    return 'a column of secrets'
  return undefined
}

/** Decodes a beginning as far as it goes. */
function decode(bytes: Buffer, coding: string): Buffer | undefined {
  const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: longestDecoded }
  try {
    switch (coding) {
      case '':
      case 'identity':
        return bytes
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(bytes, options)
      case 'deflate':
        return isZlib(bytes) ? inflateSync(bytes, options) : inflateRawSync(bytes, options)
      case 'br':
        return brotliDecompressSync(bytes, {
          finishFlush: constants.BROTLI_OPERATION_FLUSH,
          maxOutputLength: longestDecoded,
        })
      case 'zstd':
        return zstdDecompressSync(bytes, {
          finishFlush: constants.ZSTD_e_flush,
          maxOutputLength: longestDecoded,
        })
      default:
        return undefined
    }
  } catch {
    return undefined
  }
}
