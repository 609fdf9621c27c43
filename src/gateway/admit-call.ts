import type { IncomingMessage } from 'node:http'
import { requirePermit, type Caller, type Release } from '../access/index.ts'
import { EvergrantError, isEvergrantError } from '../kernel/index.ts'
import { refuseBySettings, refuseFraming } from './call-refusals.ts'
import type { CallTrace } from './call-trace.ts'
import type { CircuitPass } from './circuit.ts'
import type { CallerGate } from './gateway-ports.ts'
import type { ProxyTarget } from './parse-target.ts'
import type { CallPlan, CallPlans } from './upstream-plan.ts'

/** Who decides about a call. */
export interface AdmissionContext {
  readonly plans: CallPlans
  readonly callers: CallerGate
}

/** A call that may go on; `leave` is called once, when it is over. */
export interface AdmittedCall {
  readonly plan: CallPlan
  /** To be told what comes of it; `leave` tells it the end by itself. */
  readonly pass: CircuitPass
  readonly leave: Release
}

/**
 * Decides everything that can be decided before a token is wanted, in order: where to, whether the
 * caller may, whether the upstream’s settings let it pass, how it is framed, the caller’s limits,
 * the upstream’s. A refusal comes with the plan where there is one.
 */
export function admitCall(
  { plans, callers }: AdmissionContext,
  caller: Caller,
  target: ProxyTarget,
  request: IncomingMessage,
  trace: CallTrace,
): AdmittedCall | { readonly error: EvergrantError; readonly plan?: CallPlan } {
  trace.callerId = caller.id
  trace.callerName = caller.name
  let plan: CallPlan
  try {
    plan = plans.find(target.address)
  } catch (error) {
    if (!isEvergrantError(error)) throw error
    // Who may not use a connection is not told whether there is one.
    const name = /^[^@:]*/.exec(target.address)?.[0] ?? ''
    return { error: requirePermit(caller, name, caller.upstream) ?? error }
  }
  const { lane } = plan
  trace.connection = plan.connection
  trace.upstream = plan.upstream
  const refusal =
    requirePermit(caller, plan.name, plan.upstream, plan.tenant) ??
    refuseBySettings(plan, request.method ?? '', target.path, request.headers) ??
    refuseFraming(request)
  if (refusal !== undefined) return { error: refusal, plan }
  const release = callers.admit(caller)
  if (isEvergrantError(release)) return { error: release, plan }
  trace.step('authenticated', { caller: caller.name, kind: caller.kind })
  const underWay = lane.calls + lane.load.abandoned
  const pass = underWay >= lane.mostCalls ? tooMany(lane.mostCalls) : lane.circuit.enter()
  if (isEvergrantError(pass)) {
    release()
    return { error: pass, plan }
  }
  lane.calls++
  let isOver = false
  const leave = (): void => {
    if (isOver) return
    isOver = true
    lane.calls--
    pass.leave()
    release()
    if (lane.calls === 0) lane.onIdle?.()
  }
  return { plan, pass, leave }
}

function tooMany(calls: number): EvergrantError {
  return new EvergrantError('upstream_busy', `${calls} calls are under way`, {
    retryAfterMs: 1_000,
  })
}
