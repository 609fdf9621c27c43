import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import { buffer } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { longestPeek } from './answer.ts'
import { createDecoder, decodePeek } from './decode-peek.ts'

const codings = [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
] as const

/** Text that does not shrink to nothing. */
function noise(length: number): string {
  let text = ''
  for (let i = 0; text.length < length; i++) text += `${(i * 7_919) % 10_007} `
  return text.slice(0, length)
}

describe.each(codings)('a body in %s', (coding, encode) => {
  it('is decoded whole, piece by piece, to the longest that is looked at', async () => {
    for (const length of [0, 1, 1_000, longestPeek]) {
      const text = noise(length)
      const bytes = encode(text)
      const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 2), bytes.subarray(2)]
      expect(await decodePeek(pieces, true, coding)).toEqual({ text, isComplete: true })
    }
  })

  it('is looked at no further, however long it is', async () => {
    for (const text of [noise(longestPeek + 1), ' '.repeat(4_000_000)]) {
      const peek = await decodePeek([encode(text)], true, coding)
      expect(peek?.isComplete).toBe(false)
      expect(peek?.text === text.slice(0, longestPeek)).toBe(true)
    }
  })

  it('is decoded as far as it came, and never taken for whole when it was cut off', async () => {
    const text = noise(300_000)
    const bytes = encode(text)
    const half = bytes.subarray(0, bytes.length / 2)
    for (const isEnd of [true, false]) {
      const peek = await decodePeek([half], isEnd, coding)
      // Of zstd nothing may come before a whole block did.
      expect(peek?.isComplete ?? false).toBe(false)
      expect(text.startsWith(peek?.text ?? '')).toBe(true)
    }
  })

  it('passes as a stream, whatever its length', async () => {
    const text = noise(500_000)
    const decoder = createDecoder(coding)
    if (decoder === null || decoder === undefined) throw new Error('there is no decoder')
    decoder.end(encode(text))
    expect((await buffer(decoder)).toString() === text).toBe(true)
  })
})

it('says nothing of what cannot be decoded', async () => {
  for (const coding of ['gzip', 'deflate', 'br', 'zstd', 'compress', 'gzip, br']) {
    expect(await decodePeek([Buffer.from('\u00ff no such thing')], true, coding)).toBeUndefined()
  }
})
