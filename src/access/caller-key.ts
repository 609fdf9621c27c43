import { hash, timingSafeEqual } from 'node:crypto'
import { newId, Secret, systemRandom, type RandomBytes } from '../kernel/index.ts'

/** A caller key that was just made: the only moment at which it is in clear. */
export interface IssuedKey {
  /** `clr_…`, for the caller's record. */
  readonly id: string
  /** `egk_<id>_<secret>`; shown once. */
  readonly key: Secret
  /** What is kept of the secret part: its SHA-256, hex. */
  readonly secretHash: string
}

/** A caller key taken apart. */
export interface ParsedKey {
  /** `clr_…` of the caller it claims to be. */
  readonly id: string
  /** SHA-256 of its secret part, hex. */
  readonly secretHash: string
}

/** Bytes of randomness in a key. */
const secretBytes = 32
const keyPattern = /^egk_([\da-f]{32})_([\w-]{43})$/

/** Makes a caller key with 256 bits of randomness. */
export function issueCallerKey(now: number, random: RandomBytes = systemRandom): IssuedKey {
  const id = newId('clr', now, random)
  const secret = Buffer.from(random(secretBytes)).toString('base64url')
  return {
    id,
    key: new Secret(`egk_${id.slice('clr_'.length).replaceAll('-', '')}_${secret}`),
    secretHash: hash('sha256', secret),
  }
}

/** Takes a caller key apart; undefined when it does not look like one. */
export function parseCallerKey(text: string): ParsedKey | undefined {
  const [, digits, secret] = keyPattern.exec(text) ?? []
  if (digits === undefined || secret === undefined) return undefined
  const uuid = [8, 12, 16, 20, 32].map((end, i, ends) => digits.slice(ends[i - 1] ?? 0, end))
  return { id: `clr_${uuid.join('-')}`, secretHash: hash('sha256', secret) }
}

/** Compares two hashes of `issueCallerKey` in time independent of where they differ. */
export function isSameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
