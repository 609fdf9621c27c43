import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { EvergrantError } from '../kernel/index.ts'

/** How a command is run for somebody. */
export interface ChildOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Calls back at every SIGINT or SIGTERM until the returned function is called. */
  readonly onInterrupt: (listener: () => void) => () => void
}

/**
 * Runs a command with the terminal of this process and resolves with what to exit with: its own
 * exit code, or 128 and the number of the signal that ended it, as a shell would. A signal that
 * asks this process to end is handed on, and the command decides.
 *
 * @throws EvergrantError `usage` when there is no such command
 */
export async function runChild(options: ChildOptions): Promise<number> {
  const { command, args, cwd, env } = options
  const child = spawn(command, args, { cwd, env: { ...env }, stdio: 'inherit' })
  // A terminal sends Ctrl-C to both; a second SIGTERM does no harm to one that is ending.
  const release = options.onInterrupt(() => child.kill('SIGTERM'))
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => reject(describe(command, error)))
      child.once('exit', (code, signal) => resolve(code ?? 128 + signalNumber(signal)))
    })
  } finally {
    release()
  }
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : constants.signals[signal]
}

function describe(command: string, error: NodeJS.ErrnoException): unknown {
  if (error.code !== 'ENOENT' && error.code !== 'EACCES') return error
  return new EvergrantError(
    'usage',
    `expected a command that can be run, but ${JSON.stringify(command)} ${error.code === 'ENOENT' ? 'was not found' : 'may not be run'}`,
    {
      remedy: 'Write the command as the shell would find it: evergrant run NAME -- node app.js',
      cause: error,
    },
  )
}
