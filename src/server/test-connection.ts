import type { TokenGrant } from '../grants/index.ts'
import {
  formatDuration,
  remainingLifeMs,
  type AccessToken,
  type EvergrantError,
} from '../kernel/index.ts'
import type { Composition } from './compose.ts'
import { withExactRemedy } from './diagnose-connection.ts'
import { failedCheck, type Check } from './diagnosis.ts'
import { graphUrlOf, probeGraph } from './probe-graph.ts'

/**
 * Tries a connection as an import would: takes a token from cache or provider and, where it is for
 * Graph, reads one user with it; a refused token is reported, renewed and tried once more. Yields
 * every step, the first that fails being the last.
 *
 * @throws EvergrantError `connection_unknown`
 */
export async function* testConnection(
  composition: Composition,
  name: string,
): AsyncGenerator<Check, void, undefined> {
  const { engine, clock } = composition
  const handle = engine.connection(name)
  const granted = await handle.getToken()
  if (!granted.ok) {
    yield failedCheck('token', granted.error)
    return
  }
  yield describeGrant(granted.value, clock.now())

  const graphUrl = graphUrlOf(handle.definition)
  if (graphUrl === undefined) return
  const { transport } = composition.driving(name)
  let probe = await probeGraph(graphUrl, granted.value.token, { transport, clock })
  if (!probe.ok && probe.error.answer?.status === 401) {
    const { answer, error } = probe.error
    const rejection = await handle.reportRejection({ ...answer, token: granted.value.token })
    if (rejection.kind === 'not_about_token' || rejection.kind === 'renewal_failed') {
      yield failedCheck('users', rejection.kind === 'renewal_failed' ? rejection.error : error)
      return
    }
    yield renewed(error, rejection.token, clock.now())
    probe = await probeGraph(graphUrl, rejection.token, { transport, clock })
  }
  if (!probe.ok) {
    yield failedCheck('users', withExactRemedy(probe.error.error, handle.definition))
    return
  }
  const { path, durationMs } = probe.value
  const found = `GET ${path} answered in ${formatDuration(durationMs)}`
  yield { check: 'users', status: 'ok', found }
}

const origins = {
  cache: 'from this process',
  issued: 'just issued',
  adopted: 'from the store',
} as const satisfies Readonly<Record<TokenGrant['origin'], string>>

function describeGrant({ token, origin, warning }: TokenGrant, now: number): Check {
  const found = `${origins[origin]}, lives ${formatDuration(remainingLifeMs(token, now))} more`
  if (warning === undefined) return { check: 'token', status: 'ok', found }
  return {
    check: 'token',
    status: 'warn',
    found: `${found}, but its renewal failed: ${warning.detail}`,
    remedy: warning.remedy,
  }
}

function renewed(refusal: EvergrantError, token: AccessToken, now: number): Check {
  return {
    check: 'token',
    status: 'warn',
    found: `it was refused (${refusal.detail}); the new one lives ${formatDuration(remainingLifeMs(token, now))}`,
    remedy: 'Nothing: imports renew a refused token by themselves.',
  }
}
