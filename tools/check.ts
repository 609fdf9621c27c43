import { checkSteps } from './check-steps.ts'
import { runSteps, selectSteps } from './run-steps.ts'

// `npm run check` proves everything that is not a test; `npm run check -- lint types` a part of it.
const selection = selectSteps(checkSteps, process.argv.slice(2))
if ('unknown' in selection) {
  const known = checkSteps.map((step) => step.name).join(', ')
  console.error(`no such step: ${selection.unknown.join(', ')}; there are ${known}`)
  process.exitCode = 2
} else {
  const surroundings = {
    write: (text: string) => process.stdout.write(text),
    monotonic: () => performance.now(),
  }
  const failed = await runSteps(selection.steps, surroundings, 2)
  process.exitCode = failed === 0 ? 0 : 1
}
