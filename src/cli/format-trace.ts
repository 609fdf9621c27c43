import type { TraceRecord, TraceStep } from '../gateway/index.ts'
import { formatDuration, isErrorCode, errorDefinition } from '../kernel/index.ts'
import { formatFields, formatTable, printable } from './table.ts'

/** Traces as a table, a line each. */
export function formatTraces(traces: readonly TraceRecord[]): string {
  if (traces.length === 0) return 'no traces fit; every call through the gateway leaves one\n'
  return formatTable(
    ['ID', 'BEGAN', 'KIND', 'CALLER', 'CALL', 'STATUS', 'OUTCOME', 'TIME', 'NOTES'],
    traces.map((trace) => [
      trace.id,
      instant(trace.at),
      trace.kind,
      trace.callerName,
      callOf(trace),
      trace.status === 0 ? '' : String(trace.status),
      trace.outcome,
      formatDuration(trace.durationMs),
      notesOf(trace).join(', '),
    ]),
  )
}

/** One trace as its timeline: what it was, then every step with its offset, then what to do. */
export function formatTrace(trace: TraceRecord): string {
  const { code, bodies } = trace
  const facts = formatFields([
    ['trace', trace.id],
    ['began', instant(trace.at)],
    ['call', `${trace.kind}  ${callOf(trace)}`],
    ['caller', [trace.callerName, trace.callerId].filter((text) => text !== '').join('  ')],
    ['request id', trace.requestId],
    ['answer', `${trace.status === 0 ? 'none' : trace.status}  ${trace.outcome}`],
    ['took', formatDuration(trace.durationMs)],
    ['bytes', `${count(trace.requestBytes)} sent on, ${count(trace.responseBytes)} answered`],
    ['notes', notesOf(trace).join(', ') || undefined],
  ])
  const steps = trace.steps.flatMap(({ atMs, step, detail }) => {
    const [what, ...more] = linesOf(detail)
    const first = [`${atMs.toFixed(1)} ms`, step, what ?? ''] as const
    return [first, ...more.map((line) => ['', '', line] as const)]
  })
  const end = [`${trace.durationMs.toFixed(1)} ms`, 'ended', trace.outcome] as const
  const parts = [facts, '\n', formatTable(['AT', 'STEP', 'WHAT'], [...steps, end])]
  if (code !== undefined && isErrorCode(code)) {
    const { title, remedy } = errorDefinition(code)
    parts.push(`\n${title} [${code}]\n  → ${remedy}\n`)
  }
  if (bodies !== undefined) {
    parts.push(
      ...bodyPart('request body', bodies.request),
      ...bodyPart('body of the answer that refused the token', bodies.refused),
      ...bodyPart('answer body', bodies.response),
    )
  }
  return parts.join('')
}

function callOf({ method, connection, upstream, path }: TraceRecord): string {
  return `${method} ${connection}${upstream === '' ? '' : `:${upstream}`} ${path}`.trim()
}

function notesOf({ wasRenewed, wasReplayed, rule, code }: TraceRecord): readonly string[] {
  return [
    ...(wasRenewed ? ['token renewed'] : []),
    ...(wasReplayed ? ['replayed'] : []),
    ...(rule === undefined ? [] : [`rule ${rule}`]),
    ...(code === undefined ? [] : [code]),
  ]
}

function bodyPart(name: string, body: string | undefined): readonly string[] {
  if (body === undefined) return []
  const lines = body.split('\n').map((line) => `  ${printable(line)}`.trimEnd())
  return [`\n${name}\n${lines.join('\n')}\n`]
}

/** Details that have lines of their own below their step: they are long, or have several. */
const ownLines = new Set(['headers', 'looks', 'hint', 'entry'])

function linesOf(detail: TraceStep['detail']): readonly string[] {
  const entries = Object.entries(detail)
  const short = entries.filter(([name]) => !ownLines.has(name))
  const long = entries.filter(([name]) => ownLines.has(name))
  return [
    describe(Object.fromEntries(short)),
    ...long.flatMap(([name, value]) => {
      const separator = name === 'looks' ? /; (?=[\w-]+ (?:matched|did not match): )/ : '\n'
      const [first, ...rest] = String(value).split(separator)
      const isAlone = name === 'headers'
      return [
        `  ${isAlone ? '' : `${name === 'looks' ? 'rule' : name}: `}${first ?? ''}`,
        ...rest.map((line) => `  ${name === 'looks' ? 'rule: ' : ''}${line}`),
      ]
    }),
  ]
}

/** Durations, by their name, as people read them. */
function describe(detail: TraceStep['detail']): string {
  return Object.entries(detail)
    .map(([name, value]) => {
      if (typeof value === 'number' && name.endsWith('Ms')) {
        return `${words(name.slice(0, -2))} ${formatDuration(value)}`
      }
      return `${words(name)} ${String(value)}`
    })
    .join(', ')
}

function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function instant(at: number): string {
  return new Date(at).toISOString()
}

function count(bytes: number): string {
  return bytes.toLocaleString('en-US')
}
