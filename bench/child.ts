import { fork, type ChildProcess } from 'node:child_process'
import type { Answer } from './serve.ts'

const living = new Set<ChildProcess>()

// Whatever ends the benchmark ends its children; they also end by themselves when it is gone.
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/** A child process that answers questions, one after the other. */
export interface Child {
  /** Asks; the answer fails when the child does, or after the deadline, which ends the child. */
  ask<Output>(question: object, deadlineMs: number): Promise<Output>
  /** Ends it at once; resolves when it is gone. Idempotent. */
  end(): Promise<void>
}

/** A question that waits for its answer. */
interface Waiting {
  answer(told: Answer<unknown>): void
  fail(what: string): void
}

/**
 * Starts `bench/<file>` in a process of its own. Questions go over a channel, so that no secret
 * stands among its arguments.
 */
export function startChild(file: string): Child {
  const child = fork(new URL(file, import.meta.url), [], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  living.add(child)
  let notes = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    notes = (notes + text).slice(-4_000)
  })
  let waiting: Waiting[] = []
  let ended: string | undefined
  const failAll = (what: string): void => {
    ended ??= what
    for (const one of waiting) one.fail(what)
    waiting = []
  }
  const gone = new Promise<void>((resolve) => {
    child.on('close', (code, signal) => {
      living.delete(child)
      failAll(`ended with ${signal ?? code} and gave no answer`)
      resolve()
    })
  })
  child.on('error', (error) => failAll(error.message))
  child.on('message', (message) => waiting.shift()?.answer(message as Answer<unknown>))
  return {
    ask: async <Output>(question: object, deadlineMs: number): Promise<Output> =>
      await new Promise<Output>((resolve, reject) => {
        const fail = (what: string): void => {
          clearTimeout(deadline)
          reject(new Error(`${file}: ${what}\n${notes}`.trimEnd()))
        }
        const deadline = setTimeout(() => {
          fail(`no answer within ${deadlineMs} ms`)
          child.kill('SIGKILL')
        }, deadlineMs)
        if (ended !== undefined) {
          fail(ended)
          return
        }
        waiting.push({
          answer: (told) => {
            clearTimeout(deadline)
            if (told.ok) resolve(told.value as Output)
            else fail(told.error)
          },
          fail,
        })
        child.send(question)
      }),
    end: async () => {
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** Runs one side in a fresh process, from its start to its end, with one question. */
export async function runChild<Output>(
  file: string,
  input: object,
  deadlineMs: number,
): Promise<Output> {
  const child = startChild(file)
  try {
    return await child.ask<Output>(input, deadlineMs)
  } finally {
    await child.end()
  }
}
