import type { IncomingMessage } from 'node:http'
import type { Clock } from '../kernel/index.ts'
import type { Deadlines } from './deadlines.ts'

/** How long the rest of a request may come after its answer was given (ms). */
const lingerMs = 10_000

/**
 * Lets the rest of a request come and fall after its answer was given, so that the caller comes to
 * read that answer; ends the connection when it takes too long.
 */
export function linger(request: IncomingMessage, deadlines: Deadlines, clock: Clock): void {
  if (request.complete || request.destroyed) return
  const rest = {
    watchPlace: -1,
    deadlineAt: clock.monotonic() + lingerMs,
    expire: (): void => {
      if (!request.complete) request.socket.destroy()
    },
  }
  deadlines.add(rest)
  const forget = (): void => deadlines.remove(rest)
  request.once('end', forget)
  request.once('close', forget)
  request.resume()
}
