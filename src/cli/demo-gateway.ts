import type { TraceRecord } from '../gateway/index.ts'
import { EvergrantError, systemClock } from '../kernel/index.ts'
import type { Simulator } from '../simulator/index.ts'
import type { CliContext } from './context.ts'
import { formatTrace } from './format-trace.ts'
import { startDemoService } from './demo-service.ts'

/** The connection to an API that says 500 when a token has expired. */
export const demoApi = 'contoso-arm'

/** A rule for that API, as it stands in the demo’s configuration. */
export const demoRule = '{ name: expired-500, status: 500, text: access token expired }'

/** How often the caller comes again when it is told `503` and when to. */
const retries = 5

/**
 * The demo’s second act: a caller that knows a key and nothing of tokens calls an API whose tokens
 * die, and which says so with `500 access token expired`. The real service answers in between. The
 * import may have left the grant in the backoff of a failed renewal: the caller does as
 * `Retry-After` says.
 *
 * @returns What it has shown: both answers and the trace of the repaired call.
 */
export async function playGateway(
  { io }: CliContext,
  simulator: Simulator,
  configPath: string,
  act = 'two',
): Promise<string> {
  const traces: TraceRecord[] = []
  const serving = await startDemoService(io, configPath, {
    keepAlive: false,
    onTrace: (trace) => traces.push(trace.toRecord()),
  })
  try {
    const { composition, callerDesk, url } = serving
    const { key } = await callerDesk.add({ name: 'crm', connections: [demoApi] })
    const callOnce = async (): Promise<Response> => {
      const answer = await composition.fetch(
        `${url}/proxy/${demoApi}/subscriptions?api-version=2022-12-01`,
        {
          headers: { authorization: `Bearer ${key.reveal()}` },
        },
      )
      await answer.arrayBuffer()
      return answer
    }
    const call = async (): Promise<Response> => {
      for (let left = retries; ; left--) {
        const answer = await callOnce()
        const wait = answer.headers.get('retry-after')
        if (answer.status !== 503 || wait === null || left === 0) return answer
        await systemClock.sleep(Number(wait) * 1_000)
      }
    }
    const first = await call()
    const old = composition.engine.connection(demoApi).peek()
    simulator.control.setRejectionStyle('server_error', 'arm')
    simulator.control.expireTokens()
    const direct = await composition.fetch(
      `${simulator.urls.http}/arm/subscriptions?api-version=2022-12-01`,
      {
        headers: { authorization: `Bearer ${old?.secret.reveal() ?? ''}` },
      },
    )
    const said = await direct.text()
    const second = await call()
    const trace = traces.at(-1)
    if (trace === undefined || first.status !== 200 || second.status !== 200) {
      const seen = `${first.status} and ${second.status}`
      throw new EvergrantError(
        'internal',
        `the gateway should have answered 200 twice, not ${seen}`,
      )
    }
    return `
Act ${act}: an API that says 500 when a token has expired
  through the gateway, with a key of Evergrant's   ${first.status}
  then every token dies; with the old token        ${direct.status} ${said}
  through the gateway, the same call again         ${second.status} (${second.headers.get('evergrant-replay') ?? ''})

Its trace, as \`evergrant traces show\` prints it
${indent(formatTrace(trace))}`
  } finally {
    simulator.control.setRejectionStyle('unauthorized', 'arm')
    await serving.close(0)
  }
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ')
}
