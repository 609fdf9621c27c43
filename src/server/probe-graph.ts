import type { ConnectionDefinition } from '../grants/index.ts'
import { classifyAnswer, TransportFailure, type Transport } from '../imports/index.ts'
import {
  authorizationHeader,
  err,
  EvergrantError,
  ok,
  type AccessToken,
  type Clock,
  type Result,
} from '../kernel/index.ts'

/** A call to Graph that was answered with rows. */
export interface GraphProbe {
  /** Path that was asked, for messages. */
  readonly path: string
  readonly durationMs: number
}

/** Why a call to Graph failed, with the whole answer where there was one. */
export interface GraphProbeFailure {
  readonly error: EvergrantError
  readonly answer?: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
  }
}

/**
 * What is read: one user with a token of the application, oneself with a token of a person, who may
 * not read others.
 */
export type GraphProbeSubject = 'users' | 'me'

const probePaths = {
  users: '/v1.0/users?$top=1&$select=id',
  me: '/v1.0/me?$select=id',
} as const satisfies Readonly<Record<GraphProbeSubject, string>>

/** How long a probe may take in all (ms). */
export const probeDeadlineMs = 20_000

/**
 * Returns the root of the Microsoft Graph that tokens of this connection are for; undefined when
 * they are for something else. Among Entra's targets only Graph sends claims challenges.
 */
export function graphUrlOf({ provider, target }: ConnectionDefinition): string | undefined {
  return provider.expectsClaimsChallenges(target) ? provider.graphUrl : undefined
}

/** What a token of this connection can be expected to read. */
export function probeSubjectOf({ grant }: ConnectionDefinition): GraphProbeSubject {
  return grant === 'client_credentials' ? 'users' : 'me'
}

/**
 * Reads one user with the token: the one proof that the application may read the directory, since
 * what a token says about itself is not for us to judge. Sends one request and retries nothing.
 */
export async function probeGraph(
  graphUrl: string,
  token: AccessToken,
  {
    transport,
    clock,
    subject = 'users',
  }: {
    readonly transport: Transport
    readonly clock: Clock
    readonly subject?: GraphProbeSubject
  },
): Promise<Result<GraphProbe, GraphProbeFailure>> {
  const path = probePaths[subject]
  const startedAt = clock.monotonic()
  const controller = new AbortController()
  const late = unavailable(`no whole answer within ${probeDeadlineMs / 1_000} seconds`)
  const cancel = clock.schedule(probeDeadlineMs, () => controller.abort(late))
  try {
    const answer = await transport(
      `${graphUrl}${path}`,
      { authorization: authorizationHeader(token), accept: 'application/json' },
      { signal: controller.signal },
    )
    const { status, headers } = answer
    const body = answer.body.subarray(0, 65_536).toString('utf8')
    const means = classifyAnswer(answer, ['id'], clock.now(), token.secret)
    if (means.kind !== 'success') {
      return err({ error: means.error, answer: { status, headers, body } })
    }
    if (!(subject === 'users' ? holdsRows(body) : holdsId(body))) {
      const wanted = subject === 'users' ? 'a list of users' : 'the user who signed in'
      const seen = `${new URL(graphUrl).host} answered 200 without ${wanted}`
      return err({ error: new EvergrantError('graph_answer_invalid', seen) })
    }
    const durationMs = Math.round(clock.monotonic() - startedAt)
    return ok({ path, durationMs })
  } catch (error) {
    if (error === late) return err({ error: late })
    if (!(error instanceof TransportFailure)) throw error
    return err({ error: unavailable(error.message, error) })
  } finally {
    cancel()
  }

  function unavailable(seen: string, cause?: Error): EvergrantError {
    return new EvergrantError('graph_unavailable', `${new URL(graphUrl).host}: ${seen}`, {
      remedy: 'Check the network between here and Graph; if it is Graph, try again later.',
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

function holdsRows(body: string): boolean {
  return Array.isArray(objectIn(body)['value'])
}

function holdsId(body: string): boolean {
  return typeof objectIn(body)['id'] === 'string'
}

function objectIn(body: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
  } catch {
    return {}
  }
}
