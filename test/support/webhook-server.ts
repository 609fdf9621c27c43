import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request that the server got. */
export interface HookCall {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** What it answers next; 204 when nothing is said. */
export interface HookAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Never answers. */
  readonly isSilent?: true
}

/** A real server that takes alarms. */
export interface WebhookServer {
  readonly url: string
  readonly calls: readonly HookCall[]
  answer(next: HookAnswer): void
  /** Resolves when that many calls have come. */
  whenCalled(count: number): Promise<void>
  close(): Promise<void>
}

/** Starts it on a free port of this machine. */
export async function startWebhookServer(): Promise<WebhookServer> {
  const calls: HookCall[] = []
  const answers: HookAnswer[] = []
  let waiters: { readonly count: number; readonly wake: () => void }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (part: string) => {
      body += part
    })
    request.on('end', () => {
      calls.push({ headers: request.headers, body })
      const { status, headers, isSilent } = answers.shift() ?? { status: 204 }
      if (isSilent !== true) response.writeHead(status, headers).end()
      for (const { count, wake } of waiters) if (calls.length >= count) wake()
      waiters = waiters.filter(({ count }) => count > calls.length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/alarms`,
    calls,
    answer: (next) => void answers.push(next),
    whenCalled: (count) =>
      calls.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiters.push({ count, wake: resolve })
          }),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
