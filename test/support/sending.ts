import {
  createManualClock,
  Secret,
  type AccessToken,
  type ManualClock,
} from '../../src/kernel/index.ts'
import type { LogBody, TransportAnswer } from '../../src/imports/index.ts'
import { createJournal } from '../../src/imports/journal.ts'
import { createPacer } from '../../src/imports/pacer.ts'
import type { RunStore } from '../../src/imports/ports.ts'
import { createRunControl } from '../../src/imports/run-control.ts'
import type { SendDependencies } from '../../src/imports/send.ts'
import { createTokenKeeper } from '../../src/imports/token-keeper.ts'
import { createWaitingState } from '../../src/imports/waiting-state.ts'
import { noTotals } from './no-totals.ts'

/** What a scripted Graph answers: a status with a body, or just the body of a 200. */
export interface ScriptedAnswer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** The means to send, to a Graph that is a function. */
export interface ScriptedGraph {
  readonly deps: SendDependencies & { readonly seal: undefined }
  readonly clock: ManualClock
  /** What was asked, in order: method, decoded path and query below `/v1.0`, and the body. */
  readonly asked: readonly string[]
  readonly lines: readonly LogBody[]
}

export const scriptedGraphUrl = 'https://graph.example/v1.0'

/** Makes the means to send requests to `answer`; waits pass at once. */
export function makeScriptedGraph(
  answer: (asked: string, body: unknown) => ScriptedAnswer,
): ScriptedGraph {
  const manual = createManualClock()
  const clock: ManualClock = {
    ...manual,
    sleep: async (milliseconds, options) => {
      const slept = manual.sleep(milliseconds, options)
      await manual.advance(milliseconds)
      await slept
    },
  }
  const asked: string[] = []
  const lines: LogBody[] = []
  const totals = { ...noTotals }
  const store = { updateRun: () => Promise.resolve() } as unknown as RunStore
  const journal = createJournal(
    store,
    { id: 'run_1', name: 'directory', totals },
    'one',
    clock,
    (event) => {
      if (event.type !== 'import.progress') lines.push(event.body)
    },
  )
  const token: AccessToken = {
    secret: new Secret('scripted~token'),
    tokenType: 'Bearer',
    issuedAt: clock.now(),
    expiresAt: clock.now() + 3_600_000,
  }
  const source = {
    getToken: () => Promise.resolve({ ok: true, value: { token, origin: 'cache' } } as const),
    reportRefusal: () => Promise.resolve({ kind: 'not_about_token', detail: 'scripted' } as const),
  }
  const deps: ScriptedGraph['deps'] = {
    transport: (url, _headers, { body }) => {
      const question = body === undefined ? undefined : (JSON.parse(body) as unknown)
      const path = decodeURIComponent(url.slice(scriptedGraphUrl.length))
      asked.push(
        question === undefined ? `GET ${path}` : `POST ${path} ${JSON.stringify(question)}`,
      )
      return Promise.resolve(toAnswer(answer(path, question)))
    },
    tokens: createTokenKeeper(source, journal, clock, 0),
    pacer: createPacer(clock, () => {}),
    journal,
    waiting: createWaitingState(store, 'run_1', 'one', journal, clock),
    control: createRunControl(),
    clock,
    random: () => 0.5,
    columns: ['id', 'displayName'],
    seal: undefined,
  }
  return { deps, clock, asked, lines }
}

function toAnswer({ status, body = {}, headers = {} }: ScriptedAnswer): TransportAnswer {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  return { status, headers, body: bytes, wireBytes: bytes.length }
}
