import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib'
import { AnyInflate } from './any-inflate.ts'
import { longestPeek } from './answer.ts'

/** Decodes what is written to it; `flush` is done when all of that was decoded. */
type Decoder = Transform & { flush(done: () => void): void }

/**
 * Makes a decoder for a content coding; undefined for `identity`, null for one that is not known or
 * several on top of each other.
 */
export function createDecoder(coding: string | undefined): Decoder | undefined | null {
  switch ((coding ?? '').trim().toLowerCase()) {
    case '':
    case 'identity':
      return undefined
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'deflate':
      return new AnyInflate()
    case 'br':
      return createBrotliDecompress()
    case 'zstd':
      return createZstdDecompress()
    default:
      return null
  }
}

/** The beginning of a body, as text. */
export interface Peek {
  readonly text: string
  /** Whether that is all of it. */
  readonly isComplete: boolean
}

/**
 * Decodes the beginning of a body: at most `longestPeek` bytes of what it decodes to, however much
 * that would be. Undefined when it cannot be decoded at all. Never rejects.
 */
export async function decodePeek(
  pieces: readonly Buffer[],
  isComplete: boolean,
  coding: string | undefined,
): Promise<Peek | undefined> {
  const decoder = createDecoder(coding)
  if (decoder === null) return undefined
  if (decoder === undefined) return asText(Buffer.concat(pieces), isComplete)
  return new Promise((resolve) => {
    const decoded: Buffer[] = []
    let size = 0
    let isSettled = false
    const settle = (hasAll: boolean): void => {
      if (isSettled) return
      isSettled = true
      decoder.destroy()
      const isNothing = size === 0 && !hasAll
      resolve(isNothing ? undefined : asText(Buffer.concat(decoded), hasAll))
    }
    decoder.on('data', (piece: Buffer) => {
      decoded.push(piece)
      size += piece.length
      if (size > longestPeek) settle(false)
    })
    decoder.on('end', () => settle(isComplete))
    // A beginning alone ends in the midst of a block; what came of it has to do.
    decoder.on('error', () => settle(false))
    for (const piece of pieces) decoder.write(piece)
    if (isComplete) decoder.end()
    else decoder.flush(() => setImmediate(settle, false))
  })
}

function asText(bytes: Buffer, isComplete: boolean): Peek {
  return {
    text: bytes.subarray(0, longestPeek).toString('utf8'),
    isComplete: isComplete && bytes.length <= longestPeek,
  }
}
