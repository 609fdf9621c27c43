import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../kernel/index.ts'
import type { Deadlines } from './deadlines.ts'

/** How long the rest of a request may come after its answer was given (ms). */
const lingerMs = 10_000

/**
 * To be called before the end of an answer that comes before the end of its request. A connection
 * that ends with the answer ends on our side alone: closed at once, with a body still coming, it
 * would be reset, and the answer lost on its way.
 */
export function endSoftly({ complete, socket }: IncomingMessage): void {
  if (!complete) socket.destroySoon = () => void socket.end()
}

/**
 * Lets the rest of a request come and fall after its answer was given, so that the caller comes to
 * read that answer; ends the connection when it takes too long.
 */
export function linger(request: IncomingMessage, deadlines: Deadlines, clock: Clock): void {
  const { socket } = request
  const { destroySoon } = Object.getPrototypeOf(socket) as Socket
  if (socket.destroySoon !== destroySoon) socket.destroySoon = destroySoon
  if (socket.destroyed) return
  if (request.complete) {
    if (socket.writableEnded) socket.destroySoon()
    return
  }
  const rest = {
    watchPlace: -1,
    deadlineAt: clock.monotonic() + lingerMs,
    expire: (): void => void socket.destroy(),
  }
  deadlines.add(rest)
  const forget = (): void => {
    deadlines.remove(rest)
    if (socket.writableEnded) socket.destroySoon()
  }
  request.once('end', forget)
  request.once('close', forget)
  request.resume()
}
