import { err, ok, type Result } from '../kernel/index.ts'
import { mix } from './mixing.ts'

/** What a `$skiptoken` stands for. */
export interface PageToken {
  /** Index of the row the page begins with. */
  readonly position: number
  /** The simulator's time when it was handed out (epoch ms). */
  readonly issuedAt: number
  /** Goes up whenever all page tokens are expired by hand. */
  readonly epoch: number
  /** Ties the token to the query it continues. */
  readonly queryHash: number
}

/** As the newer tokens of Graph begin: `RFNwd` in base64url. */
const signature = Buffer.from('DSpt')
const length = 4 + 4 + 8 + 4 + 4 + 4

/** Writes a `$skiptoken`. */
export function writePageToken(token: PageToken): string {
  const bytes = Buffer.alloc(length)
  signature.copy(bytes)
  bytes.writeUInt32BE(token.position, 4)
  bytes.writeDoubleBE(token.issuedAt, 8)
  bytes.writeUInt32BE(token.epoch, 16)
  bytes.writeUInt32BE(token.queryHash, 20)
  bytes.writeUInt32BE(checksum(bytes.subarray(0, 24)), 24)
  return bytes.toString('base64url')
}

/** Reads a `$skiptoken`; anything altered is refused. */
export function readPageToken(text: string): Result<PageToken, 'invalid'> {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length !== length || bytes.toString('base64url') !== text) return err('invalid')
  const isOurs =
    bytes.subarray(0, 4).equals(signature) &&
    bytes.readUInt32BE(24) === checksum(bytes.subarray(0, 24))
  if (!isOurs) return err('invalid')
  return ok({
    position: bytes.readUInt32BE(4),
    issuedAt: bytes.readDoubleBE(8),
    epoch: bytes.readUInt32BE(16),
    queryHash: bytes.readUInt32BE(20),
  })
}

/** Thirty-two bits of a text. */
export function hashText(text: string): number {
  return checksum(Buffer.from(text))
}

function checksum(bytes: Uint8Array): number {
  let sum = 0x9e3779b9
  for (const byte of bytes) sum = mix(sum ^ byte)
  return sum
}
