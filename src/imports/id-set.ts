const entriesPerChunk = 65_536
const bytesPerId = 16
/** Slots are kept at most three quarters full. */
const fullness = 0.75

/**
 * The set of ids a file destination has written, with the line each was last written to: at most 32
 * bytes an id (16 for the id, 4 for the line, the rest for finding it), however long the import.
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
  /** True when `line` (from 0) is the last that holds its `id`. */
  isLast(id: string, line: number): boolean
}

/**
 * Makes an empty set.
 *
 * @param digest Maps an id that is not a GUID to 16 bytes, collision-free for practical purposes
 *   (e.g. the head of SHA-256).
 */
export function createIdSet(digest: (id: string) => Uint8Array): IdSet {
  const keys: Uint32Array[] = []
  const lastLines: Uint32Array[] = []
  let slots = new Uint32Array(1024)
  let size = 0
  let lines = 0
  const words = new Uint32Array(bytesPerId / 4)

  const find = (id: string): number => {
    if (!readGuid(id, words)) words.set(readDigest(digest(id)))
    const mask = slots.length - 1
    let slot = mix(words) & mask
    for (;;) {
      const entry = slots[slot] ?? 0
      if (entry === 0 || holds(entry - 1)) return slot
      slot = (slot + 1) & mask
    }
  }
  const holds = (entry: number): boolean => {
    const chunk = keys[Math.floor(entry / entriesPerChunk)]
    const at = (entry % entriesPerChunk) * 4
    return (
      chunk !== undefined &&
      chunk[at] === words[0] &&
      chunk[at + 1] === words[1] &&
      chunk[at + 2] === words[2] &&
      chunk[at + 3] === words[3]
    )
  }
  const grow = (): void => {
    const wider = new Uint32Array(slots.length * 2)
    const mask = wider.length - 1
    for (let entry = 0; entry < size; entry++) {
      const chunk = keys[Math.floor(entry / entriesPerChunk)]
      const at = (entry % entriesPerChunk) * 4
      if (chunk === undefined) break
      let slot = mix(chunk, at) & mask
      while (wider[slot] !== 0) slot = (slot + 1) & mask
      wider[slot] = entry + 1
    }
    slots = wider
  }
  const setLine = (entry: number, line: number): void => {
    const chunk = lastLines[Math.floor(entry / entriesPerChunk)]
    if (chunk !== undefined) chunk[entry % entriesPerChunk] = line
  }

  return {
    add: (id) => {
      const slot = find(id)
      const line = lines++
      const known = slots[slot] ?? 0
      if (known > 0) {
        setLine(known - 1, line)
        return false
      }
      if (size % entriesPerChunk === 0) {
        keys.push(new Uint32Array(entriesPerChunk * 4))
        lastLines.push(new Uint32Array(entriesPerChunk))
      }
      keys[Math.floor(size / entriesPerChunk)]?.set(words, (size % entriesPerChunk) * 4)
      setLine(size, line)
      size++
      slots[slot] = size
      if (size > slots.length * fullness) grow()
      return true
    },
    has: (id) => (slots[find(id)] ?? 0) > 0,
    get size() {
      return size
    },
    get lines() {
      return lines
    },
    isLast: (id, line) => {
      const entry = (slots[find(id)] ?? 0) - 1
      if (entry < 0) return false
      return lastLines[Math.floor(entry / entriesPerChunk)]?.[entry % entriesPerChunk] === line
    },
  }
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
  const words = new Uint32Array(4)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytesPerId)
  for (let i = 0; i < 4; i++) words[i] = view.getUint32(i * 4)
  return words
}

/** Spreads ids, four words from `at` on, over slots, also when they were made in sequence. */
function mix(words: Uint32Array, at = 0): number {
  let hash = 0x9e3779b9
  for (let i = 0; i < 4; i++) {
    hash = Math.imul(hash ^ (words[at + i] ?? 0), 0x85ebca6b)
    hash ^= hash >>> 13
  }
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
