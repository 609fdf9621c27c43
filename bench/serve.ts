/** What a child process tells the one that started it. */
export type Answer<Output> =
  { readonly ok: true; readonly value: Output } | { readonly ok: false; readonly error: string }

/**
 * Makes this process one side of the benchmark: it does `work` on each input it is sent, one after
 * the other, answers with the outcome, and ends when the benchmark is gone.
 */
export function serve(work: (input: never) => Promise<unknown>): void {
  process.once('disconnect', () => process.exit(0))
  let last = Promise.resolve()
  process.on('message', (input: object) => {
    last = last
      .then(() => work(input as never))
      .then(
        (value) => answer({ ok: true, value }),
        (error: unknown) => answer({ ok: false, error: describe(error) }),
      )
  })
}

function answer(told: Answer<unknown>): void {
  process.send?.(told)
}

/** The trace of an error, and of what caused it. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const trace = error.stack ?? error.message
  return error.cause === undefined ? trace : `${trace}\nbecause of ${describe(error.cause)}`
}
