import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { compileCache } from './compile-cache.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** The real command line in a process of its own. */
export interface CliProcess {
  readonly pid: number
  /** Resolves when it has ended; `code` is null when a signal ended it. */
  readonly ended: Promise<CliEnd>
  kill(signal: NodeJS.Signals): void
}

/** How a command line ended, and what it printed. */
export interface CliEnd {
  readonly code: number | null
  readonly out: string
  readonly notes: string
}

interface CliOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** Starts `evergrant` with these arguments, in a process that can be killed. */
export function startCli(args: readonly string[], options: CliOptions): CliProcess {
  return start(process.execPath, [main, ...args], options)
}

/** Starts a command that `evergrant` printed as whoever pastes it into a shell does. */
export function pasteCommand(command: string, options: CliOptions): CliProcess {
  return start('sh', ['-c', command], options)
}

function start(program: string, args: readonly string[], options: CliOptions): CliProcess {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'] ?? '', ...compileCache, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let notes = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (notes += text))
  const ended = new Promise<CliEnd>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, notes }))
  })
  return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal) }
}
