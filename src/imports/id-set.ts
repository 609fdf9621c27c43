const entriesPerChunk = 65_536
const wordsPerId = 4
/** Ids to a list on average, at most. */
const fullness = 2

/**
 * The set of ids a file destination has written, and which line each was last written to: about 22
 * bytes an id (16 for the id, the rest for finding it) and 4 more where ids are repeated, however
 * long the import. Nothing but a small index is ever made anew while it grows.
 */
export interface IdSet {
  /** Notes that `id` stands in the next line; false when it stood in an earlier one too. */
  add(id: string): boolean
  /** True when `id` stands in some line. */
  has(id: string): boolean
  /** Distinct ids. */
  readonly size: number
  /** Lines, repeats included. */
  readonly lines: number
  /** True when `line` (from 0), which holds `id`, is the last that does. */
  isLast(id: string, line: number): boolean
}

/** Some of the ids, in the order they came; entries count from 1, and 0 is none. */
interface Chunk {
  readonly keys: Uint32Array
  /** The entry behind each in its list. */
  readonly next: Uint32Array
  /** The last line of each id that was repeated, plus one; made when there is one. */
  repeats?: Uint32Array
}

/**
 * Makes an empty set.
 *
 * @param digest Maps an id that is not a GUID to 16 bytes, collision-free for practical purposes
 *   (e.g. the head of SHA-256).
 */
export function createIdSet(digest: (id: string) => Uint8Array): IdSet {
  const chunks: Chunk[] = []
  /** The first entry of each list. */
  let heads = new Uint32Array(1024)
  let size = 0
  let lines = 0
  const words = new Uint32Array(wordsPerId)

  const chunkOf = (entry: number): Chunk | undefined =>
    chunks[Math.floor((entry - 1) / entriesPerChunk)]

  /** The entry of an id, whose words are read; 0 when there is none. */
  const find = (id: string): number => {
    if (!readGuid(id, words)) words.set(readDigest(digest(id)))
    let entry = heads[mix(words) & (heads.length - 1)] ?? 0
    while (entry !== 0) {
      const chunk = chunkOf(entry)
      if (chunk === undefined) return 0
      const place = (entry - 1) % entriesPerChunk
      if (holds(chunk.keys, place * wordsPerId, words)) return entry
      entry = chunk.next[place] ?? 0
    }
    return 0
  }

  const link = ({ keys, next }: Chunk, entry: number): void => {
    const place = (entry - 1) % entriesPerChunk
    const list = mix(keys, place * wordsPerId) & (heads.length - 1)
    next[place] = heads[list] ?? 0
    heads[list] = entry
  }

  const grow = (): void => {
    heads = new Uint32Array(heads.length * 2)
    for (let entry = 1; entry <= size; entry++) {
      const chunk = chunkOf(entry)
      if (chunk !== undefined) link(chunk, entry)
    }
  }

  return {
    add: (id) => {
      const line = lines++
      const known = find(id)
      if (known > 0) {
        const chunk = chunkOf(known)
        if (chunk === undefined) return false
        chunk.repeats ??= new Uint32Array(entriesPerChunk)
        chunk.repeats[(known - 1) % entriesPerChunk] = line + 1
        return false
      }
      const place = size % entriesPerChunk
      if (place === 0) chunks.push(newChunk())
      size++
      const chunk = chunkOf(size)
      if (chunk !== undefined) {
        chunk.keys.set(words, place * wordsPerId)
        link(chunk, size)
      }
      if (size > heads.length * fullness) grow()
      return true
    },
    has: (id) => find(id) > 0,
    get size() {
      return size
    },
    get lines() {
      return lines
    },
    isLast: (id, line) => {
      const entry = find(id)
      if (entry === 0) return false
      const repeated = chunkOf(entry)?.repeats?.[(entry - 1) % entriesPerChunk] ?? 0
      return repeated === 0 || repeated === line + 1
    },
  }
}

function newChunk(): Chunk {
  return {
    keys: new Uint32Array(entriesPerChunk * wordsPerId),
    next: new Uint32Array(entriesPerChunk),
  }
}

function holds(keys: Uint32Array, at: number, words: Uint32Array): boolean {
  return (
    keys[at] === words[0] &&
    keys[at + 1] === words[1] &&
    keys[at + 2] === words[2] &&
    keys[at + 3] === words[3]
  )
}

/** Reads a GUID, of either case (RFC 9562 section 4), into four words; false when `id` is not one. */
function readGuid(id: string, words: Uint32Array): boolean {
  if (id.length !== 36) return false
  let word = 0
  let digits = 0
  for (let i = 0; i < 36; i++) {
    const char = id.charCodeAt(i)
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (char !== 0x2d) return false
      continue
    }
    let value: number
    if (char >= 0x30 && char <= 0x39) value = char - 0x30
    else if (char >= 0x61 && char <= 0x66) value = char - 0x57
    else if (char >= 0x41 && char <= 0x46) value = char - 0x37
    else return false
    word = (word << 4) | value
    digits++
    if (digits % 8 === 0) {
      words[digits / 8 - 1] = word
      word = 0
    }
  }
  return true
}

function readDigest(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(wordsPerId)
  const view = new DataView(bytes.buffer, bytes.byteOffset, 4 * wordsPerId)
  for (let i = 0; i < wordsPerId; i++) words[i] = view.getUint32(i * 4)
  return words
}

/** Spreads ids, four words from `at` on, over slots, also when they were made in sequence. */
function mix(words: Uint32Array, at = 0): number {
  let hash = 0x9e3779b9
  for (let i = 0; i < wordsPerId; i++) {
    hash = Math.imul(hash ^ (words[at + i] ?? 0), 0x85ebca6b)
    hash ^= hash >>> 13
  }
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
