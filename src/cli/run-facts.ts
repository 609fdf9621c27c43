import type { runToJson } from '../server/index.ts'
import { formatFields } from './table.ts'

type RunJson = ReturnType<typeof runToJson>

/** Writes what is known of a run, a fact a line; of what ended it, what a person needs. */
export function formatRunFacts({ problem, driven_by: driver, ...facts }: RunJson): string {
  const known = Object.entries(facts).map(
    ([name, value]) => [wordsOf(name), value === null ? undefined : textOf(value)] as const,
  )
  return formatFields([
    ...known,
    ...(problem === null ? [] : problemFields(problem)),
    ['driven by', driver === null ? undefined : driverText(driver)],
  ])
}

/** The detail is the reason of the run already. */
function problemFields({
  title,
  code,
  remedy,
  upstream,
}: NonNullable<RunJson['problem']>): readonly (readonly [string, string | undefined])[] {
  // Its message stands in the detail.
  const { message: _, ...told } = upstream ?? {}
  const evidence = Object.entries(told).map(([name, value]) => `${wordsOf(name)} ${textOf(value)}`)
  return [
    ['problem', `${title} [${code}]`],
    ['remedy', remedy],
    ['upstream', evidence.length === 0 ? undefined : evidence.join(', ')],
  ]
}

function driverText(driver: NonNullable<RunJson['driven_by']>): string {
  const { kind, host, pid, taken_over: isTakenOver } = driver
  const place = host === null ? `process ${pid}` : `process ${pid} on ${host}`
  return `${kind}, ${place}${isTakenOver ? ', which took it over' : ''}`
}

function wordsOf(name: string): string {
  return name.replaceAll('_', ' ')
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return Array.isArray(value) ? value.map((one) => textOf(one)).join(', ') : JSON.stringify(value)
}
