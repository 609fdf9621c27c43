import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compileCache } from './compile-cache.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** `evergrant serve` in a process of its own. */
export interface ServeProcess {
  readonly pid: number
  /** Where it listens. */
  readonly url: string
  /** Lines of its log so far. */
  log(): readonly Readonly<Record<string, unknown>>[]
  /** Resolves with the first line of the log that satisfies the test, past or to come. */
  logged(test: (line: Readonly<Record<string, unknown>>) => boolean): Promise<void>
  kill(signal: NodeJS.Signals): void
  /** Resolves when it has ended. */
  readonly ended: Promise<{
    readonly code: number | null
    readonly out: string
    readonly notes: string
  }>
}

/** Starts it and resolves once it listens; rejects with its notes when it ends before. */
export async function startServeProcess(
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ServeProcess> {
  const child = spawn(process.execPath, [main, 'serve'], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...compileCache, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let notes = ''
  const waiting = new Set<() => void>()
  const parsed = (): readonly Record<string, unknown>[] =>
    out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    for (const look of waiting) look()
  })
  const ready = Promise.withResolvers<string>()
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    notes += text
    const url = /listens at (\S+)/.exec(notes)?.[1]
    if (url !== undefined) ready.resolve(url)
  })
  const ended = new Promise<{ code: number | null; out: string; notes: string }>((resolve) => {
    child.on('close', (code) => {
      ready.reject(new Error(`serve ended with ${code}: ${notes}`))
      resolve({ code, out, notes })
    })
  })
  return {
    pid: child.pid ?? 0,
    url: await ready.promise,
    log: parsed,
    logged: (test) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!parsed().some(test)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    kill: (signal) => void child.kill(signal),
    ended,
  }
}
