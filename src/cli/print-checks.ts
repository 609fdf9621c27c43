import { errorDefinition } from '../kernel/index.ts'
import { guidanceOfCheck, type Check } from '../server/index.ts'
import { stepLines } from './report-error.ts'
import type { CliContext } from './context.ts'
import { printable } from './table.ts'

/**
 * Prints checks as they come, one a line with the remedy under it, or all as one JSON array. Sets
 * the exit code to the lowest of the failed checks: 2, 3, 4 or 5, and 1 only when nothing else
 * failed; warnings do not count.
 */
export async function printChecks(
  context: CliContext,
  checks: AsyncIterable<Check>,
  isJson: boolean,
): Promise<readonly Check[]> {
  const { io } = context
  const seen: Check[] = []
  for await (const check of checks) {
    seen.push(check)
    if (!isJson) io.out(formatCheck(check))
  }
  if (isJson) io.out(`${JSON.stringify(seen.map(checkToJson))}\n`)
  const exits = seen.flatMap(({ status, code = 'internal' }) =>
    status === 'fail' ? [errorDefinition(code).exit] : [],
  )
  const lowest = exits.filter((exit) => exit > 1).toSorted((a, b) => a - b)[0] ?? exits[0]
  if (lowest !== undefined) context.exitWith(lowest)
  return seen
}

const nameWidth = 16

function formatCheck(one: Check): string {
  const { check, connection, upstream, status, found, remedy } = one
  const margin = ' '.repeat(6 + nameWidth + 1)
  const whose = upstream === undefined ? connection : `${connection ?? ''}, upstream ${upstream}`
  const about = whose === undefined ? found : `${whose}: ${found}`
  const [first = '', ...rest] = about.split('\n').map(printable)
  const lines = [`${status.padEnd(6)}${check.padEnd(nameWidth)} ${first}`]
  for (const line of rest) lines.push(`${margin}${line}`)
  if (remedy !== undefined) lines.push(`${margin}→ ${printable(remedy)}`)
  const told = guidanceOfCheck(one)
  if (remedy !== undefined && told !== undefined) {
    for (const line of stepLines(remedy, told)) lines.push(`${margin}  ${printable(line)}`)
  }
  return `${lines.join('\n')}\n`
}

function checkToJson(one: Check): object {
  const { check, connection, upstream, status, found, remedy, code } = one
  const told = guidanceOfCheck(one)
  return {
    check,
    connection: connection ?? null,
    upstream: upstream ?? null,
    status,
    found,
    remedy: remedy ?? null,
    meaning: told?.meaning ?? null,
    steps: told?.steps ?? [],
    link: told?.link ?? null,
    actor: told?.actor ?? null,
    code: code ?? null,
  }
}
