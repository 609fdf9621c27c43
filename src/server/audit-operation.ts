import { actorOf, type AuditDesk, type Caller } from '../access/index.ts'
import { EvergrantError, isEvergrantError, type Clock } from '../kernel/index.ts'
import { auditRuleOf, connectionOf, stateOf, targetOf, type Input } from './audit-rules.ts'
import type { Composition } from './compose.ts'
import { createFailureWindows } from './failure-windows.ts'

/** One call of an operation, for the record. */
export interface AuditedCall {
  /** Id of the operation. */
  readonly action: string
  /** Fields of path, query and body; only those that the rule of the operation names are kept. */
  readonly input: Input
  readonly caller: Caller | undefined
  readonly requestId: string
}

/** Records what callers do and what they are refused. */
export interface OperationAudit {
  /**
   * Does something and records it before its answer leaves. What is refused with 403 is recorded as
   * well; what fails otherwise has changed nothing.
   *
   * @throws EvergrantError `audit_unwritten` when it was done and cannot be recorded; what `work`
   *   throws
   */
  audited<T>(call: AuditedCall, work: () => Promise<T>): Promise<T>
  /** Records that a known caller was refused, as far as one caller’s are not too many. */
  refused(call: AuditedCall, error: unknown): Promise<void>
}

/** Refusals that are recorded within a minute: whoever is refused may try for ever. */
const refusalLimits = { perAddress: 60, overall: 600, windowMs: 60_000 }

/** Makes the record of the API. */
export function createOperationAudit(
  composition: Composition,
  desk: AuditDesk,
  clock: Pick<Clock, 'monotonic'>,
): OperationAudit {
  const refusals = createFailureWindows(clock, refusalLimits)

  const refused: OperationAudit['refused'] = async (
    { action, input, caller, requestId },
    error,
  ) => {
    const rule = auditRuleOf(action)
    if (rule === undefined || caller === undefined || !isEvergrantError(error)) return
    if (error.definition.status !== 403 || refusals.waitOf(caller.id) !== undefined) return
    refusals.note(caller.id)
    const connection = connectionOf(rule, input)
    // A refusal stands whether it can be recorded or not.
    await desk
      .record({
        ...actorOf(caller),
        action,
        target: targetOf(rule, input),
        outcome: 'refused',
        code: error.code,
        requestId,
        ...(connection === undefined ? {} : { connection }),
      })
      .catch(() => {})
  }

  return {
    refused,
    audited: async (call, work) => {
      const { action, input, caller, requestId } = call
      const rule = auditRuleOf(action)
      // What only would be done is no change.
      const isDry = input['dry_run'] === true
      if (rule === undefined || caller === undefined || isDry) return await work()
      const target = targetOf(rule, input)
      const connection = connectionOf(rule, input)
      const before = await stateOf(rule, composition, target, input)
      let answer
      try {
        answer = await work()
      } catch (error) {
        await refused(call, error)
        throw error
      }
      const after =
        rule.told === undefined
          ? await stateOf(rule, composition, target, input)
          : rule.told(answer ?? {})
      try {
        await desk.record({
          ...actorOf(caller),
          action,
          target,
          outcome: 'done',
          before,
          after,
          requestId,
          ...(connection === undefined ? {} : { connection }),
        })
      } catch (error) {
        composition.events.emit({
          type: 'audit.unwritten',
          at: composition.clock.now(),
          action,
          target,
          callerId: caller.id,
          requestId,
        })
        throw new EvergrantError('audit_unwritten', `${action} of "${target}" was done`, {
          cause: error,
        })
      }
      return answer
    },
  }
}
