import { fork, type ChildProcess } from 'node:child_process'
import type { Answer } from './serve.ts'

const living = new Set<ChildProcess>()

// Whatever ends the benchmark ends its children; they also end by themselves when it is gone.
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/** A child process that answers one question, and may stay afterwards. */
export interface Child<Output> {
  readonly answer: Promise<Output>
  /** Ends it at once; resolves when it is gone. Idempotent. */
  end(): Promise<void>
}

/**
 * Starts `bench/<file>` in a process of its own and hands it `input` over a channel, so that no
 * secret stands among its arguments. Its answer fails when it does, or after the deadline.
 */
export function startChild<Output>(
  file: string,
  input: unknown,
  deadlineMs: number,
): Child<Output> {
  const child = fork(new URL(file, import.meta.url), [], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  living.add(child)
  let notes = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    notes = (notes + text).slice(-4_000)
  })
  const gone = new Promise<void>((resolve) => {
    child.on('close', () => {
      living.delete(child)
      resolve()
    })
  })
  const end = (): Promise<void> => {
    child.kill('SIGKILL')
    return gone
  }
  const answer = new Promise<Output>((resolve, reject) => {
    const fail = (what: string): void => reject(new Error(`${file}: ${what}\n${notes}`.trimEnd()))
    const deadline = setTimeout(() => {
      fail(`no answer within ${deadlineMs} ms`)
      child.kill('SIGKILL')
    }, deadlineMs)
    child.on('error', reject)
    child.on('message', (message) => {
      const told = message as Answer<Output>
      clearTimeout(deadline)
      if (told.ok) resolve(told.value)
      else fail(told.error)
    })
    child.on('close', (code, signal) => {
      clearTimeout(deadline)
      fail(`ended with ${signal ?? code} and gave no answer`)
    })
    child.send(input as object)
  })
  return { answer, end }
}

/** Runs one side in a fresh process, from its start to its end. */
export async function runChild<Output>(
  file: string,
  input: unknown,
  deadlineMs: number,
): Promise<Output> {
  const child = startChild<Output>(file, input, deadlineMs)
  try {
    return await child.answer
  } finally {
    await child.end()
  }
}
