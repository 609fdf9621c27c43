/** One thing `npm run check` proves. */
export interface Step {
  readonly name: string
  /** Steps whose success this one stands on; selecting it selects them too. */
  readonly needs?: readonly string[]
  /** Resolves with what is worth reading when the step fails; never rejects for a mere failure. */
  run(): Promise<StepOutcome>
}

/** How a step ended. */
export interface StepOutcome {
  readonly passed: boolean
  readonly output: string
}

/** Where a run of steps writes and what it measures time with. */
export interface StepSurroundings {
  readonly write: (text: string) => void
  /** Milliseconds that never run backwards. */
  readonly monotonic: () => number
}

/**
 * Runs every step, also after one failed, and returns how many failed: `atOnce` of them at a time,
 * begun in order, each after those it needs. Writes one line a step as it ends, the output of
 * failed steps only, and `N passed, N failed` as the last line. A step whose foundation failed is
 * not run and counts as failed.
 */
export async function runSteps(
  steps: readonly Step[],
  { write, monotonic }: StepSurroundings,
  atOnce = 1,
): Promise<number> {
  const width = Math.max(...steps.map((step) => step.name.length))
  const failed = new Set<string>()
  const unended = new Set(steps.map((step) => step.name))
  const waiting = [...steps]
  const running = new Set<Promise<void>>()
  const isReady = ({ needs = [] }: Step): boolean => !needs.some((need) => unended.has(need))
  const finish = async (step: Step): Promise<void> => {
    const startedAt = monotonic()
    const { passed, output } = await runStep(step, failed)
    const seconds = ((monotonic() - startedAt) / 1_000).toFixed(1)
    unended.delete(step.name)
    if (!passed) failed.add(step.name)
    const line = `${passed ? '✓' : '✗'} ${step.name.padEnd(width)} ${seconds.padStart(6)} s\n`
    write(passed ? line : `${line}${indent(output)}\n`)
  }
  while (waiting.length > 0 || running.size > 0) {
    const next = running.size < atOnce ? waiting.findIndex(isReady) : -1
    const [step] = next === -1 ? [] : waiting.splice(next, 1)
    if (step === undefined) {
      await Promise.race(running)
      continue
    }
    const run = finish(step).finally(() => running.delete(run))
    running.add(run)
  }
  write(`${steps.length - failed.size} passed, ${failed.size} failed\n`)
  return failed.size
}

/**
 * Picks the named steps and what they need, in the order of `steps`; all of them when none is
 * named. Returns the names it does not know instead when there are any.
 */
export function selectSteps(
  steps: readonly Step[],
  names: readonly string[],
): { readonly steps: readonly Step[] } | { readonly unknown: readonly string[] } {
  const unknown = names.filter((name) => !steps.some((step) => step.name === name))
  if (unknown.length > 0) return { unknown }
  if (names.length === 0) return { steps }
  const wanted = new Set<string>()
  const want = (name: string): void => {
    if (wanted.has(name)) return
    wanted.add(name)
    for (const need of steps.find((step) => step.name === name)?.needs ?? []) want(need)
  }
  for (const name of names) want(name)
  return { steps: steps.filter((step) => wanted.has(step.name)) }
}

async function runStep(step: Step, failed: ReadonlySet<string>): Promise<StepOutcome> {
  const missing = (step.needs ?? []).filter((need) => failed.has(need))
  if (missing.length > 0) {
    return { passed: false, output: `not run, because ${missing.join(', ')} failed` }
  }
  try {
    return await step.run()
  } catch (error) {
    return { passed: false, output: error instanceof Error ? (error.stack ?? '') : String(error) }
  }
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}
