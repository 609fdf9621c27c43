import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Clock } from '../kernel/index.ts'
import { systemCode } from './load-config.ts'
import { guardGroup } from './process-groups.ts'

/** What became of a command. */
export type CommandOutcome =
  | {
      readonly kind: 'ended'
      /** Undefined when a signal ended it. */
      readonly exitCode: number | undefined
      readonly signal: string | undefined
      readonly stdout: Uint8Array
      /** The beginning of what it wrote to standard error. */
      readonly stderr: Uint8Array
    }
  /** It could not be started; `code` is the system’s, such as `ENOENT`. */
  | { readonly kind: 'not_started'; readonly code: string }
  | { readonly kind: 'timeout' }
  /** It wrote more than `limit` bytes to standard output. */
  | { readonly kind: 'too_long' }

/** Bounds of a command. */
interface CommandBounds {
  readonly deadlineMs: number
  /** Most bytes of standard output. */
  readonly limit: number
}

/** Most bytes of standard error that are kept; the rest is read and dropped. */
const keptOfStderr = 4_096

/**
 * Runs a program without a shell, with nothing on its standard input. It has a process group of its
 * own, which is killed as a whole when the command ends, at the deadline, past the limit and with
 * this process, so that nothing it started is left.
 *
 * @param env The environment it gets; PATH of it is where programs without "/" are looked up.
 */
export function runCommand(
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
  { deadlineMs, limit }: CommandBounds,
): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    let child: ChildProcessByStdio<null, Readable, Readable>
    try {
      child = spawn(program, args, {
        env: { ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: process.platform !== 'win32',
        windowsHide: true,
      })
    } catch (error) {
      // Its message and members hold the arguments.
      resolve({ kind: 'not_started', code: systemCode(error) })
      return
    }
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    let outBytes = 0
    let errBytes = 0

    const kill = child.pid === undefined ? (): void => {} : guardGroup(child.pid)
    const finish = (outcome: CommandOutcome): void => {
      cancel()
      kill()
      child.stdout.destroy()
      child.stderr.destroy()
      resolve(outcome)
    }
    const cancel = clock.schedule(deadlineMs, () => finish({ kind: 'timeout' }))

    child.stdout.on('data', (chunk: Buffer) => {
      outBytes += chunk.length
      if (outBytes > limit) finish({ kind: 'too_long' })
      else stdout.push(chunk)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      if (errBytes < keptOfStderr) stderr.push(chunk.subarray(0, keptOfStderr - errBytes))
      errBytes += chunk.length
    })
    child.once('error', (error) => finish({ kind: 'not_started', code: systemCode(error) }))
    // `close` waits for the output to end: a program that left another behind may still be writing.
    child.once('close', (exitCode, signal) =>
      finish({
        kind: 'ended',
        exitCode: exitCode ?? undefined,
        signal: signal ?? undefined,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr),
      }),
    )
  })
}
