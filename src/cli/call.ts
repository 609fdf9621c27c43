import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import type { Command } from 'commander'
import { createTraceRecorder, type CallTrace } from '../gateway/index.ts'
import { errorDefinition, EvergrantError, isEvergrantError, systemRandom } from '../kernel/index.ts'
import { openPrivateGateway, writeTraces, type PrivateCall } from '../server/index.ts'
import { withCommonOptions, withComposition, type CommonOptions } from './common-options.ts'
import type { CliContext } from './context.ts'
import { argumentPath, type CliIo } from './io.ts'

interface CallOptions extends CommonOptions {
  readonly data?: string
  readonly header: readonly string[]
  readonly include?: boolean
}

/** `evergrant call` */
export function addCallCommand(program: Command, context: CliContext): void {
  const { io } = context
  withCommonOptions(
    program
      .command('call <connection> <method> <path>')
      .description('call an API through a connection, as the gateway would')
      .option('--data <body>', 'the body: text, @FILE, or - for standard input')
      .option('--header <header>', "a header, 'Name: value'; may be repeated", collect, [])
      .option('--include', 'print the status line and the headers before the body'),
  )
    .addHelpText(
      'after',
      `
CONNECTION is NAME, NAME@TENANT, NAME:UPSTREAM or NAME@TENANT:UPSTREAM. No running service is needed:
the call goes through the gateway's own code in this process, with the settings of the upstream, a
refused token renewed and the call sent again included. Paths come percent-encoded. A body that is a
JSON object or list is sent as application/json unless a header says otherwise.

The body goes to standard output as it came; the id of the trace and what was sent again to standard
error. With --json one object: {status, headers, body, trace_id, replay}; a body that is not UTF-8
stands in base64 in body_base64, and body is null.

Exit codes: 0 an answer below 400 · 3 the API's own 4xx · 4 the API's own 5xx, or an answer cut short ·
            where Evergrant answered itself, that of its error code

Examples:
  $ evergrant call contoso-graph GET '/v1.0/users?$top=1'
  $ evergrant call csp@fabrikam.onmicrosoft.com:arm GET '/subscriptions?api-version=2022-12-01' --include
  $ evergrant call contoso-graph POST /v1.0/groups --data @group.json
  $ evergrant call contoso-graph GET /v1.0/me/photo/\\$value > photo.jpg
  $ evergrant traces show trc_0199…`,
    )
    .action(async (address: string, method: string, path: string, options: CallOptions) => {
      const wanted = await readCall(io, address, method, path, options)
      await withComposition(io, options, async (composition) => {
        const { clock, events } = composition
        let ended: CallTrace | undefined
        const recorder = createTraceRecorder({
          clock,
          random: systemRandom,
          emit: events.emit,
          onEnd: (trace) => {
            ended = trace
          },
        })
        const gateway = await openPrivateGateway(composition, recorder)
        let status = 0
        try {
          const answer = await gateway.call(wanted)
          status = answer.statusCode ?? 0
          if (options.json === true) io.out(`${JSON.stringify(await toJson(answer))}\n`)
          else await print(io, answer, options.include === true)
        } catch (error) {
          // An answer that breaks off; the trace knows why.
          if (isEvergrantError(error) || status === 0) throw error
        } finally {
          await gateway.close()
          await writeTraces(composition, recorder).catch((error: unknown) => {
            if (!isEvergrantError(error)) throw error
            io.note(`no trace was kept: ${error.detail}\n`)
          })
        }
        if (ended?.outcome === 'failed' && ended.status < 400) io.note('the answer is not whole\n')
        context.exitWith(exitOf(status, ended))
      })
    })
}

async function readCall(
  io: CliIo,
  address: string,
  method: string,
  path: string,
  options: CallOptions,
): Promise<PrivateCall> {
  if (!/^[^\s/?#\\]+$/.test(address)) throw usage('CONNECTION', 'NAME[@TENANT][:UPSTREAM]', address)
  if (!/^[A-Za-z]{1,32}$/.test(method)) throw usage('METHOD', 'one such as GET or POST', method)
  if (!/^\/[!-~]*$/.test(path)) {
    throw usage('PATH', 'a slash and a path, percent-encoded (a blank is %20)', path)
  }
  const headers = options.header.flatMap((header) => readHeader(header))
  const body = await readBody(io, options.data)
  const names = headers.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
  const defaults: string[] = []
  if (!names.includes('accept')) defaults.push('accept', '*/*')
  if (!names.includes('user-agent')) defaults.push('user-agent', 'evergrant')
  if (body !== undefined && !names.includes('content-type') && isJson(body)) {
    defaults.push('content-type', 'application/json')
  }
  return {
    address,
    method: method.toUpperCase(),
    path,
    headers: [...defaults, ...headers],
    ...(body === undefined ? {} : { body }),
  }
}

/** Framing and credentials are the gateway’s. */
const ours = new Set([
  'authorization',
  'connection',
  'content-length',
  'evergrant-key',
  'expect',
  'host',
  'transfer-encoding',
  'upgrade',
])

function readHeader(header: string): readonly string[] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*([\t\x20-\x7e\x80-\xff]*)$/.exec(header) ?? []
  // A header may hold a secret, so it is not said again.
  if (name === undefined || value === undefined) {
    throw new EvergrantError('usage', "--header: expected 'Name: value', but saw another form")
  }
  if (!ours.has(name.toLowerCase())) return [name, value.trimEnd()]
  throw new EvergrantError('usage', `--header: "${name}" is set by the gateway itself`)
}

async function readBody(io: CliIo, data: string | undefined): Promise<Uint8Array | undefined> {
  if (data === undefined) return undefined
  if (data === '-') return await io.readInputBytes()
  if (!data.startsWith('@')) return Buffer.from(data)
  const path = argumentPath(io, data.slice(1))
  try {
    return await readFile(path)
  } catch (cause) {
    throw new EvergrantError('usage', `--data: ${path} cannot be read`, { cause })
  }
}

function isJson(body: Uint8Array): boolean {
  const text = Buffer.from(body).toString()
  if (!/^\s*[[{]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

async function print(io: CliIo, answer: IncomingMessage, isIncluded: boolean): Promise<void> {
  const { headers, rawHeaders, statusCode, statusMessage } = answer
  const replay = headers['evergrant-replay']
  io.note(`trace ${String(headers['evergrant-trace'])}\n`)
  if (replay !== undefined) io.note(`${String(replay)}\n`)
  if (isIncluded) {
    const lines = rawHeaders.flatMap((name, i) =>
      i % 2 === 0 && !ofLoopback.has(name.toLowerCase()) ? [`${name}: ${rawHeaders[i + 1]}`] : [],
    )
    io.out(`${[`HTTP/1.1 ${statusCode} ${statusMessage}`, ...lines].join('\n')}\n\n`)
  }
  for await (const piece of answer) await io.outBytes(piece as Buffer)
}

/** Of the connection between this command and its own gateway. */
const ofLoopback = new Set(['connection', 'keep-alive', 'transfer-encoding'])

async function toJson(answer: IncomingMessage): Promise<object> {
  const pieces: Buffer[] = []
  for await (const piece of answer) pieces.push(piece as Buffer)
  const whole = Buffer.concat(pieces)
  const body = readText(whole)
  const headers = Object.entries(answer.headers).filter(([name]) => !ofLoopback.has(name))
  return {
    status: answer.statusCode,
    headers: Object.fromEntries(headers),
    body: body ?? null,
    ...(body === undefined ? { body_base64: whole.toString('base64') } : {}),
    trace_id: answer.headers['evergrant-trace'],
    replay: answer.headers['evergrant-replay'] ?? null,
  }
}

function readText(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Only the gateway itself sets a trace’s code, so no API’s answer can pass for one of ours. */
function exitOf(status: number, trace: CallTrace | undefined): number {
  if (trace?.code !== undefined) return errorDefinition(trace.code).exit
  if (status >= 500) return 4
  return status >= 400 ? 3 : 0
}

function usage(argument: string, expected: string, seen: string): EvergrantError {
  return new EvergrantError(
    'usage',
    `${argument}: expected ${expected}, but saw ${JSON.stringify(seen)}`,
  )
}

function collect(value: string, values: readonly string[]): readonly string[] {
  return [...values, value]
}
