import type { IncomingMessage } from 'node:http'

/** Most bytes of a request body that are read. */
const maximumBody = 256 * 1024

/** Reads a request body as text; longer ones than 256 KiB are cut off. */
export async function readBody(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    size += piece.length
    if (size <= maximumBody) pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}
