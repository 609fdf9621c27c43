import type { Config } from '../config/index.ts'
import { authenticateOnce, type ConnectionDefinition } from '../grants/index.ts'
import {
  EvergrantError,
  formatDuration,
  wholeLifeMs,
  type AccessToken,
  type Clock,
  type ErrorCode,
} from '../kernel/index.ts'
import { obtainApplicationToken, type ClientAuthentication } from '../oauth/index.ts'
import { failedCheck, type Check } from './diagnosis.ts'
import type { Outbound } from './outbound.ts'
import { graphUrlOf, probeGraph } from './probe-graph.ts'
import { readAppRoles } from './read-app-roles.ts'

/** How long before a noted expiry of a credential to begin saying so (ms). */
const expiryAheadMs = 30 * 86_400_000

/** Checks the noted ends of a connection's credentials against the clock. */
export function checkCredentialExpiry(
  config: Config,
  connection: string,
  now: number,
): readonly Check[] {
  const credentials = config.connections[connection]?.client.credentials ?? []
  return credentials.flatMap(({ expiresAt }, position): readonly Check[] => {
    if (expiresAt === undefined || expiresAt - now > expiryAheadMs) return []
    const day = new Date(expiresAt).toISOString().slice(0, 10)
    const left = expiresAt - now
    const found = `credential ${position + 1} ${left > 0 ? `ends on ${day}, in ${formatDuration(left)}` : `ended on ${day}, as noted in the configuration`}`
    const remedy = 'Make a new client secret, put it first, and correct its `expiresAt`.'
    return [{ check: 'credential expiry', connection, status: 'warn', found, remedy }]
  })
}

/**
 * Obtains a token for a connection straight from its provider, past cache and store: what is
 * measured is what the provider issues now. Credentials are tried in order, the next one only after
 * a rejection, as the engine does. Yields what was found; returns the token, if there is one.
 */
export async function checkToken(
  definition: ConnectionDefinition,
  { fetch }: Outbound,
  clock: Clock,
): Promise<{ readonly checks: readonly Check[]; readonly token?: AccessToken }> {
  const { clientId, credentials, name: connection, provider, target } = definition
  const refusals: Check[] = []
  for (const [position, credential] of credentials.entries()) {
    const which = credentials.length === 1 ? '' : `credential ${position + 1}: `
    let authentication: ClientAuthentication
    try {
      authentication = await authenticateOnce(credential)
    } catch (error) {
      refusals.push(refusal(which, error))
      continue
    }
    const declaresCp1 = definition.declaresCp1 ?? provider.expectsClaimsChallenges(target)
    const request = { provider, clientId, authentication, target, declaresCp1 }
    const startedAt = clock.monotonic()
    const answer = await obtainApplicationToken(request, { fetch, clock })
    if (!answer.ok) {
      refusals.push(refusal(which, answer.error.error))
      if (answer.error.kind === 'client_rejected') continue
      break
    }
    const took = formatDuration(clock.monotonic() - startedAt)
    const found = `${which}issued in ${took}, lives ${describeLife(answer.value.token, definition)}`
    const warnings = refusals.map((check) => ({ ...check, status: 'warn' }) as const)
    const issued = { check: 'token', status: 'ok', found } as const
    return { checks: belongingTo(connection, [...warnings, issued]), token: answer.value.token }
  }
  return { checks: belongingTo(connection, refusals) }
}

function refusal(which: string, error: unknown): Check {
  const check = failedCheck('token', error)
  return { ...check, found: `${which}${check.found}` }
}

function belongingTo(connection: string, checks: readonly Check[]): readonly Check[] {
  return checks.map((check) => ({ ...check, connection }))
}

const exampleUsers = 400_000
const exampleMs = Math.ceil(exampleUsers / 999) * 1_000

function describeLife(token: AccessToken, { refresh }: ConnectionDefinition): string {
  const life = wholeLifeMs(token)
  const used = life - Math.min(refresh?.beforeMs ?? 300_000, life / 2)
  const renewals = Math.max(0, Math.ceil(exampleMs / used) - 1)
  return `${formatDuration(life)}: an import of ${exampleUsers.toLocaleString('en-US')} users at 1 s a page (${formatDuration(exampleMs)}) would need ${renewals} renewal${renewals === 1 ? '' : 's'}`
}

/**
 * Tells which permissions the token says it has, for information only, and proves by a real call
 * whether Graph lets it read users.
 */
export async function checkPermissions(
  definition: ConnectionDefinition,
  token: AccessToken,
  { transport }: Outbound,
  clock: Clock,
): Promise<readonly Check[]> {
  const roles = readAppRoles(token)
  const checks: Check[] = []
  if (roles !== undefined) {
    const found =
      roles.length === 0 ? 'the token names none' : `the token names ${roles.join(', ')}`
    checks.push({ check: 'permissions', status: 'ok', found })
  }
  const graphUrl = graphUrlOf(definition)
  if (graphUrl !== undefined) {
    const probe = await probeGraph(graphUrl, token, { transport, clock })
    checks.push(
      probe.ok
        ? {
            check: 'users',
            status: 'ok',
            found: `GET ${probe.value.path} answered in ${formatDuration(probe.value.durationMs)}: users can be read`,
          }
        : failedCheck('users', withExactRemedy(probe.error.error, definition)),
    )
  }
  return belongingTo(definition.name, checks)
}

/**
 * Gives a failed probe the remedy that fits it: for a missing permission which one to grant to
 * which application, click by click; elsewhere one that does not speak of an import's options.
 */
export function withExactRemedy(
  error: EvergrantError,
  { clientId, grant, name }: ConnectionDefinition,
): EvergrantError {
  const permission =
    grant === 'client_credentials'
      ? 'Application permissions > User.Read.All'
      : 'Delegated permissions > User.Read'
  const remedies: Partial<Record<ErrorCode, string>> = {
    graph_permission_missing: `In the Microsoft Entra admin center, App registrations > the application ${clientId} > API permissions: add Microsoft Graph > ${permission}, then "Grant admin consent". Tokens issued before lack it: \`evergrant connections refresh ${name}\`.`,
    graph_request_rejected:
      'See that `graph` of the provider names Microsoft Graph: it takes this request from anyone who may read users.',
    graph_unavailable: 'Try again later; if it stays, see the network between here and Graph.',
  }
  const remedy = remedies[error.code]
  if (remedy === undefined) return error
  const { retryAfterMs, upstream } = error
  return new EvergrantError(error.code, error.detail, {
    remedy,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(upstream === undefined ? {} : { upstream }),
  })
}
