import { createServer, type ServerResponse } from 'node:http'
import { EvergrantError, systemClock } from '../kernel/index.ts'

/** Something that a browser brought back from a sign-in. */
export interface BroughtBack {
  /** The address it was led to. */
  readonly address: string
  /** Shows the person what came of it. */
  answer(status: number, text: string): void
}

/** Waits on this host for what a sign-in leads to. */
export interface ConsentListener {
  /** Resolves with the next address; rejects with the signal’s reason. */
  next(signal: AbortSignal): Promise<BroughtBack>
  close(): Promise<void>
}

/** Most that is kept waiting while one is being looked at. */
const mostWaiting = 8

/** For answers to be read once it is over (ms). */
const lingerMs = 1_000

/**
 * Listens at a redirect URI of this host, on its loopback interface alone. Undefined when another
 * program, such as a running service, listens there already.
 *
 * @throws `usage` when the address cannot be listened at for another reason
 */
export async function listenForConsent(redirectUri: string): Promise<ConsentListener | undefined> {
  const { hostname, host: ownHost, port, pathname } = new URL(redirectUri)
  const waiting: BroughtBack[] = []
  let wake: (() => void) | undefined
  const server = createServer((request, response) => {
    const answer: BroughtBack['answer'] = (status, text) => respond(response, status, text)
    const target = request.url ?? '/'
    const address = URL.canParse(target, redirectUri) ? new URL(target, redirectUri) : undefined
    // A name of somebody else's that leads here (DNS rebinding) is not the address we gave out.
    const isOurs = request.headers.host === ownHost && address?.host === ownHost
    if (!isOurs || address.pathname !== pathname || request.method !== 'GET') {
      answer(404, 'There is nothing at this address.')
      return
    }
    if (waiting.length >= mostWaiting) {
      answer(503, 'Too much at once. Try again.')
      return
    }
    waiting.push({ address: address.href, answer })
    wake?.()
  })
  server.requestTimeout = 10_000
  server.headersTimeout = 10_000
  const host = hostname === '[::1]' ? '::1' : '127.0.0.1'
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port === '' ? 80 : Number(port), host, resolve)
    })
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') return undefined
    throw new EvergrantError('usage', `cannot listen at ${redirectUri} (${code})`, {
      remedy: 'Use --manual, and paste what the sign-in leads to.',
    })
  }
  return {
    next: async (signal) => {
      for (;;) {
        signal.throwIfAborted()
        const brought = waiting.shift()
        if (brought !== undefined) return brought
        const woken = Promise.withResolvers<void>()
        const stop = (): void => woken.resolve()
        wake = stop
        signal.addEventListener('abort', stop, { once: true })
        await woken.promise
        signal.removeEventListener('abort', stop)
      }
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      // What came while another one was looked at, such as the same page loaded twice.
      for (const { answer } of waiting.splice(0)) answer(410, 'This sign-in is over.')
      server.closeIdleConnections()
      // Whoever does not read its answer, or never asks, does not keep the command from ending.
      const cancelLinger = systemClock.schedule(lingerMs, () => server.closeAllConnections())
      await closed
      cancelLinger()
    },
  }
}

/** A page without anything of the address in it; it is told nowhere and kept nowhere. */
function respond(response: ServerResponse, status: number, text: string): void {
  const safe = text.replaceAll(/[&<>"]/g, (sign) => `&#${sign.codePointAt(0)};`)
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  })
  response.end(
    `<!doctype html><html lang="en"><title>Evergrant</title><main><h1>Evergrant</h1><p role="status">${safe}</p></main></html>\n`,
  )
}
