import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { AnyEvent } from '../../src/server/index.ts'
import { compileCache } from './compile-cache.ts'

const script = fileURLToPath(new URL('service.ts', import.meta.url))

/** Where a service is to stop or die: around its next token request. */
export interface Trap {
  /**
   * `before-send`: journalled, not sent. `after-answer`: the provider has answered, nothing is
   * committed. `after-commit`: committed, nobody was told yet.
   */
  readonly place: 'before-send' | 'after-answer' | 'after-commit'
  readonly signal: 'SIGKILL' | 'SIGSTOP'
}

/** What a service is told. */
export type ServiceOrder = { readonly id: number } & (
  | {
      readonly do: 'tokens'
      readonly connection: string
      readonly upstream?: string
      readonly scopes: string
      readonly callers: number
    }
  | { readonly do: 'trap'; readonly trap: Trap | null }
  | { readonly do: 'close' }
)

/** What a service says. */
export type ServiceAnswer =
  | { readonly ready: true }
  | { readonly trapped: Trap['place'] }
  | { readonly event: AnyEvent }
  /** How many callers got which token (by fingerprint), `error CODE` or `fault …`. */
  | { readonly id: number; readonly seen: Readonly<Record<string, number>> }

/** A process that holds an Evergrant, as a service would. */
export interface ServiceProcess {
  readonly pid: number
  readonly events: readonly AnyEvent[]
  /** Lets that many callers ask for a token at once; resolves with who got what. */
  tokens(
    connection: string,
    scopes: string,
    options?: { readonly callers?: number; readonly upstream?: string },
  ): Promise<Readonly<Record<string, number>>>
  /** Sets the one trap there is, in place of an earlier one; null takes it away. */
  trap(trap: Trap | null): Promise<void>
  /** Resolves when the service has walked into a trap; it is stopped or dying by then. */
  trapped(): Promise<Trap['place']>
  kill(signal: NodeJS.Signals): void
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>
  /** Ends it in order, or by force when it does not answer within a few seconds. */
  close(): Promise<void>
}

/** Starts a service over a configuration and waits until it is open. */
export async function startService(
  configPath: string,
  options: { readonly skewMs?: number; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<ServiceProcess> {
  const child = fork(script, [configPath], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    env: {
      PATH: process.env['PATH'] ?? '',
      ...compileCache,
      ...options.env,
      SERVICE_SKEW_MS: String(options.skewMs ?? 0),
    },
  })
  let notes = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (notes += text))
  const events: AnyEvent[] = []
  const waiting = new Map<number, PromiseWithResolvers<Readonly<Record<string, number>>>>()
  const ready = Promise.withResolvers<void>()
  let nextTrap = Promise.withResolvers<Trap['place']>()
  let isEnded = false
  const ended = new Promise<void>((resolve) => {
    child.on('exit', (code, signal) => {
      isEnded = true
      const end = new Error(`the service ended with ${code ?? signal}: ${notes}`)
      ready.reject(end)
      for (const { reject } of waiting.values()) reject(end)
      waiting.clear()
      resolve()
    })
  })
  child.on('message', (answer: ServiceAnswer) => {
    if ('ready' in answer) ready.resolve()
    else if ('event' in answer) events.push(answer.event)
    else if ('trapped' in answer) {
      nextTrap.resolve(answer.trapped)
      nextTrap = Promise.withResolvers()
    } else {
      waiting.get(answer.id)?.resolve(answer.seen)
      waiting.delete(answer.id)
    }
  })
  await ready.promise

  let lastId = 0
  const ask = (
    order: ServiceOrder extends infer O ? (O extends unknown ? Omit<O, 'id'> : never) : never,
  ): Promise<Readonly<Record<string, number>>> => {
    const answer = Promise.withResolvers<Readonly<Record<string, number>>>()
    if (isEnded) return Promise.reject(new Error('the service has ended'))
    lastId++
    waiting.set(lastId, answer)
    // A process that is being killed may take no more orders: told by its end, or here.
    child.send({ ...order, id: lastId }, (error) => {
      if (error !== null) answer.reject(error)
    })
    return answer.promise
  }

  return {
    pid: child.pid ?? 0,
    events,
    tokens: (connection, scopes, { callers = 1, upstream } = {}) =>
      ask({
        do: 'tokens',
        connection,
        scopes,
        callers,
        ...(upstream === undefined ? {} : { upstream }),
      }),
    trap: async (trap) => {
      await ask({ do: 'trap', trap })
    },
    trapped: () => nextTrap.promise,
    kill: (signal) => void child.kill(signal),
    ended,
    close: async () => {
      if (isEnded) return
      child.kill('SIGCONT')
      const timer = setTimeout(() => child.kill('SIGKILL'), 8_000)
      await ask({ do: 'close' }).catch(() => {})
      await ended
      clearTimeout(timer)
    },
  }
}
