import { CommanderError } from 'commander'
import {
  EvergrantError,
  isEvergrantError,
  type Guidance,
  type UpstreamEvidence,
} from '../kernel/index.ts'
import type { CliIo } from './io.ts'

/**
 * Prints an error with its title, detail and remedy (the same everywhere in Evergrant) and returns
 * the exit code it means. With `--json` the problem goes to standard output, as the HTTP API would
 * answer.
 */
export function reportError(io: CliIo, error: unknown, isJson: boolean): number {
  if (error instanceof CommanderError) {
    // Commander has printed help and version itself.
    if (error.exitCode === 0) return 0
    if (error.code === 'commander.help') return 2
  }
  const known = asKnown(error)
  if (isJson) io.out(`${JSON.stringify(known.toProblem())}\n`)
  else io.note(formatError(known))
  if (known.code === 'internal' && error instanceof Error && !isJson) {
    io.note(`${error.stack ?? ''}\n`)
  }
  return known.definition.exit
}

/** An error as lines for people. */
export function formatError(error: EvergrantError): string {
  const ids = supportIds(error.upstream)
  return [
    `error: ${error.definition.title} [${error.code}]`,
    ...indent(error.detail),
    ...(error.guidance.meaning === null ? [] : indent(error.guidance.meaning)),
    ...indent(error.remedy).map((line, i) => (i === 0 ? `  → ${line.trimStart()}` : line)),
    ...stepLines(error.remedy, error.guidance).map((line) => `    ${line}`),
    ...(ids === undefined ? [] : [`  ${ids}`]),
    '',
  ].join('\n')
}

/** Steps as numbered lines, and where the other side says more; none where the remedy says it all. */
export function stepLines(remedy: string, { steps, link }: Guidance): readonly string[] {
  const isMore = steps.length > 1 || steps[0] !== remedy
  return [
    ...(isMore ? steps.map((step, i) => `${i + 1}. ${step}`) : []),
    ...(link === null ? [] : [`see ${link}`]),
  ]
}

/** What the other side's support asks for, in one line; undefined when it gave nothing. */
export function supportIds(upstream: UpstreamEvidence | undefined): string | undefined {
  const ids = [
    upstream?.requestId === undefined ? '' : `request id ${upstream.requestId}`,
    upstream?.traceId === undefined ? '' : `trace id ${upstream.traceId}`,
    upstream?.correlationId === undefined ? '' : `correlation id ${upstream.correlationId}`,
  ].filter((text) => text !== '')
  return ids.length === 0 ? undefined : `for support: ${ids.join(', ')}`
}

function indent(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`)
}

function asKnown(error: unknown): EvergrantError {
  if (isEvergrantError(error)) return error
  if (error instanceof CommanderError) {
    return new EvergrantError('usage', error.message.replace(/^error: /, '').replaceAll('\n', ' '))
  }
  const message = error instanceof Error ? error.message : String(error)
  return new EvergrantError('internal', message, { cause: error })
}
