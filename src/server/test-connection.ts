import { isPartnerCenter } from '../consent/index.ts'
import type { ConnectionHandle, Proof, TokenGrant } from '../grants/index.ts'
import {
  formatDuration,
  remainingLifeMs,
  type AccessToken,
  type EvergrantError,
} from '../kernel/index.ts'
import { canonicalTarget } from '../oauth/index.ts'
import type { Composition } from './compose.ts'
import { withExactRemedy } from './diagnose-connection.ts'
import { failedCheck, type Check } from './diagnosis.ts'
import { graphUrlOf, probeGraph, probeSubjectOf } from './probe-graph.ts'

/**
 * Tries a connection as its users would: takes a token from cache or provider and, where it is for
 * Graph, reads one user with it, or the user whom it is of; a refused token is reported, renewed
 * and tried once more. Then takes a token for each upstream. A grant that somebody consented to
 * climbs its rungs again, as after the sign-in. Yields every step, the first that fails being the
 * last.
 *
 * @param address `name`, or `name@tenant` for a template.
 * @throws EvergrantError `connection_unknown`, `tenant_required`, `tenant_invalid`
 */
export async function* testConnection(
  composition: Composition,
  address: string,
): AsyncGenerator<Check, void, undefined> {
  for await (const check of testTargets(composition, composition.engine.connection(address))) {
    yield { ...check, connection: address }
    if (check.status === 'fail') return
  }
}

async function* testTargets(
  composition: Composition,
  handle: ConnectionHandle,
): AsyncGenerator<Check, void, undefined> {
  yield* testTarget(composition, handle)
  const tested = new Set([canonicalTarget(handle.target)])
  for (const [upstream, target] of handle.definition.targets ?? []) {
    const canonical = canonicalTarget(target)
    // Partner Center is called with tokens of the partner.
    const isPartners = isPartnerCenter(target) && handle.definition.grantTenant !== undefined
    if (tested.has(canonical) || isPartners) continue
    tested.add(canonical)
    const granted = await composition.engine.connection(handle.address, { target }).getToken()
    if (!granted.ok) {
      yield { ...failedCheck('token', granted.error), upstream }
      continue
    }
    yield { ...describeGrant(granted.value, composition.clock.now()), upstream }
    for await (const check of climbAgain(composition, handle.address, target, granted.value)) {
      yield { ...check, upstream }
    }
  }
  yield* testCustomers(composition, handle)
}

/** The customers that are named for it: what one refuses is a warning, as after the sign-in. */
async function* testCustomers(
  composition: Composition,
  { address, definition }: ConnectionHandle,
): AsyncGenerator<Check, void, undefined> {
  for (const tenant of definition.customers?.sample ?? []) {
    const check = `customer ${tenant}`
    const handle = composition.engine.connection(`${address}@${tenant}`)
    const granted = await handle.getToken()
    if (!granted.ok) {
      const { detail: found, remedy, code } = granted.error
      yield { check, status: 'warn', found, remedy, code }
      continue
    }
    const { address: of, target } = handle
    for await (const shown of climbAgain(composition, of, target, granted.value)) {
      yield { ...shown, check, status: shown.status === 'fail' ? 'warn' : shown.status }
    }
  }
}

async function* testTarget(
  composition: Composition,
  handle: ConnectionHandle,
): AsyncGenerator<Check, void, undefined> {
  const { clock } = composition
  const granted = await handle.getToken()
  if (!granted.ok) {
    yield failedCheck('token', granted.error)
    return
  }
  yield describeGrant(granted.value, clock.now())

  const isOfCustomer = handle.definition.grantTenant !== undefined
  const graphUrl = isOfCustomer ? undefined : graphUrlOf(handle.definition)
  if (graphUrl === undefined) {
    yield* climbAgain(composition, handle.address, handle.target, granted.value)
    return
  }
  const check = probeSubjectOf(handle.definition)
  const { transport } = composition.driving(handle.address)
  const world = { transport, clock, subject: check }
  let probe = await probeGraph(graphUrl, granted.value.token, world)
  if (!probe.ok && probe.error.answer?.status === 401) {
    const { answer, error } = probe.error
    const rejection = await handle.reportRejection({ ...answer, token: granted.value.token })
    if (rejection.kind === 'not_about_token' || rejection.kind === 'renewal_failed') {
      yield failedCheck(check, rejection.kind === 'renewal_failed' ? rejection.error : error)
      return
    }
    yield renewed(error, rejection.token, clock.now())
    probe = await probeGraph(graphUrl, rejection.token, world)
  }
  if (!probe.ok) {
    yield failedCheck(check, withExactRemedy(probe.error.error, handle.definition))
    return
  }
  const { path, durationMs } = probe.value
  const found = `GET ${path} answered in ${formatDuration(durationMs)}`
  yield { check, status: 'ok', found }
  // What was refused above was renewed there: the rungs get the token that serves now.
  const current = await handle.getToken()
  if (current.ok) yield* climbAgain(composition, handle.address, handle.target, current.value)
}

async function* climbAgain(
  { consent }: Composition,
  address: string,
  target: ConnectionHandle['target'],
  { token }: TokenGrant,
): AsyncGenerator<Check, void, undefined> {
  for (const proof of await consent.probe(address, target, token)) yield asCheck(proof)
}

function asCheck({ proof, outcome, error, detail, requestIds = [] }: Proof): Check {
  const id = requestIds.length === 0 ? '' : ` (request ids ${requestIds.join(', ')})`
  if (outcome === 'passed')
    return { check: proof, status: 'ok', found: `${detail ?? 'shown'}${id}` }
  if (outcome === 'failed' && error !== undefined) {
    return { ...failedCheck(proof, error), found: `${error.detail}${id}` }
  }
  return {
    check: proof,
    status: 'warn',
    found: `${error?.detail ?? detail ?? 'it could not be shown'}${id}`,
    remedy: error?.remedy ?? 'Nothing has to be done: what cannot be shown is not held against it.',
  }
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
