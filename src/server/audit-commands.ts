import { createAuditDesk, type AuditDesk } from '../access/index.ts'
import { EvergrantError, systemRandom } from '../kernel/index.ts'
import { recordEvents } from './audit-events.ts'
import { auditRuleOf, connectionOf, stateOf, type Input } from './audit-rules.ts'
import type { Composition } from './compose.ts'

/** A command of the command line that is being run. */
export interface CalledCommand {
  /** Its words: `connections revoke`. */
  readonly path: string
  /** What was given besides options, in order. */
  readonly args: readonly string[]
  /** Options that were given, by their names in the program. */
  readonly options: Readonly<Record<string, unknown>>
  /** The user of the operating system. */
  readonly user: string
}

/** Records what a command does, and the events of its process. */
export interface CommandAudit {
  /**
   * Does what the command does and records it, if it is one that changes something.
   *
   * @throws EvergrantError `audit_unwritten`; what `work` throws
   */
  audited<T>(work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Which operation each command is, and which fields its arguments are, in order. */
const commands: Readonly<Record<string, readonly [action: string, ...fields: string[]]>> = {
  'connections refresh': ['connections.refresh', 'address'],
  'connections revoke': ['connections.revoke', 'address'],
  'connections adopt': ['connections.adopt', 'address'],
  'connections add': ['connections.save', 'name'],
  'connections edit': ['connections.save', 'name'],
  'connections remove': ['connections.remove', 'name'],
  'connections pause': ['connections.pause', 'name'],
  'connections resume': ['connections.resume', 'name'],
  'connections customers': ['customers.consent', 'address'],
  consent: ['consents.begin', 'address'],
  'consent complete': ['consents.complete', 'address'],
  'consent link': ['links.create', 'address'],
  'consent unlink': ['links.revoke', 'link'],
  'callers add': ['callers.add', 'name'],
  'callers revoke': ['callers.revoke', 'caller'],
  'facade add': ['facades.add', 'name'],
  'facade approve': ['facades.approve', 'client'],
  'facade rotate-secret': ['facades.rotateSecret', 'client'],
  'facade revoke': ['facades.revoke', 'client'],
  'accounts disable': ['accounts.disable', 'account'],
  'accounts enable': ['accounts.enable', 'account'],
  'people import': ['people.import'],
  'people link': ['people.link', 'person', 'account'],
  'people unlink': ['people.unlink', 'account'],
  'keys rotate': ['keys.rotate'],
  import: ['imports.run', 'connection'],
  'imports run': ['imports.run', 'name'],
  'imports resume': ['imports.resume', 'id'],
  'imports cancel': ['imports.cancel', 'id'],
  'imports schedule pause': ['imports.pause', 'name'],
  'imports schedule resume': ['imports.unpause', 'name'],
}

/** Work that takes long, or is ended half-way: it is recorded when it begins. */
const beforehand: ReadonlySet<string> = new Set(['imports.run', 'imports.resume'])

/** Whether a command only tells what it would do, or what there is. */
function isDry({ path, options }: CalledCommand): boolean {
  if (path === 'connections customers')
    return !['grant', 'replace', 'withdraw'].some((name) => options[name] === true)
  return options['dryRun'] === true
}

/** Opens the record of one command. */
export function openCommandAudit(
  composition: Composition,
  called: CalledCommand | undefined,
  onFault: (fault: unknown) => void,
): CommandAudit {
  const { store, clock, events } = composition
  const desk = createAuditDesk(store.audit, clock, systemRandom)
  const recorded = recordEvents(events, desk, clock, onFault)
  return {
    audited: async (work) => {
      const known = called !== undefined && Object.hasOwn(commands, called.path)
      const [action, ...fields] = (known ? commands[called.path] : undefined) ?? []
      if (called === undefined || action === undefined || isDry(called)) return await work()
      const input: Input = Object.fromEntries(fields.map((field, at) => [field, called.args[at]]))
      return await auditedAs({ composition, desk, action, input, user: called.user }, work)
    },
    close: recorded.close,
  }
}

interface CommandFacts {
  readonly composition: Composition
  readonly desk: AuditDesk
  readonly action: string
  readonly input: Input
  readonly user: string
}

async function auditedAs<T>(
  { composition, desk, action, input, user }: CommandFacts,
  work: () => Promise<T>,
): Promise<T> {
  const rule = auditRuleOf(action)
  if (rule === undefined) return await work()
  const target = Object.values(input).filter(Boolean).join(' ')
  const connection = connectionOf(rule, input) ?? input['connection']
  const record = async (states: { before?: unknown; after?: unknown }): Promise<void> => {
    await desk.record({
      actor: user,
      actorKind: 'command',
      action,
      target,
      outcome: 'done',
      ...(typeof connection === 'string' ? { connection } : {}),
      ...states,
    })
  }
  if (beforehand.has(action)) {
    await record({})
    return await work()
  }
  const before = await stateOf(rule, composition, target, input)
  const result = await work()
  const after = await stateOf(rule, composition, target, input)
  try {
    await record({ before, after })
  } catch (error) {
    throw new EvergrantError('audit_unwritten', `${action} of "${target}" was done`, {
      cause: error,
    })
  }
  return result
}
