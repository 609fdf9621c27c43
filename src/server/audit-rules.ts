import type { AccountKind } from '../directory/index.ts'
import { callerToJson } from './caller-view.ts'
import type { Composition } from './compose.ts'
import { facadeToJson } from './facade-view.ts'

/** What of an operation stands in the record. Never a body as it came: bodies hold secrets. */
export interface AuditRule {
  /** Fields of the request that name what it is done to, in order. */
  readonly target: readonly string[]
  /** The field that names a connection, where there is one. */
  readonly connection?: string
  /** How the target stands, without secrets: asked before and after. */
  readonly state?: (composition: Composition, target: string, input: Input) => Promise<unknown>
  /** What of the answer tells how it stands then, in place of `state`. */
  readonly told?: (answer: Input) => unknown
}

/** Fields of a request or an answer. */
export type Input = Readonly<Record<string, unknown>>

/** Why an operation that is no GET is not recorded. */
export interface NotAudited {
  readonly because: string
}

const callerState: AuditRule['state'] = async ({ store }, target) => {
  const [byName] = await store.callers.listCallers({ limit: 1, after: { name: target, id: '' } })
  const found = byName?.name === target ? byName : await store.callers.getCaller(target)
  return found === undefined ? undefined : callerToJson(found)
}

const facadeState: AuditRule['state'] = async ({ store }, target) => {
  const found = await store.facades.findFacadeClient(target)
  return found === undefined ? undefined : facadeToJson(found)
}

const definitionState: AuditRule['state'] = async ({ store }, target) => {
  const stored = await store.connections.getConnection(target)
  if (stored === undefined) return undefined
  // Secrets stand there as references alone.
  return { version: stored.version, definition: JSON.parse(stored.body) as unknown }
}

const grantState: AuditRule['state'] = async ({ engine }, target) => {
  const { state } = await engine.status(target)
  return { state }
}

const accountState: AuditRule['state'] = async ({ store }, target, { kind = 'user' }) => {
  const [tenantId = '', id = ''] = target.split('/')
  const found = await store.accounts.getAccount({ tenantId, kind: kind as AccountKind, id })
  if (found === undefined) return undefined
  return { is_disabled: found.disabled !== undefined, reason: found.disabled?.reason ?? null }
}

const personState: AuditRule['state'] = async ({ store }, _target, { person }) => {
  if (typeof person !== 'string') return undefined
  const found = await store.people.getPerson(person)
  if (found === undefined) return undefined
  const accounts = found.accounts.map(({ tenantId, kind, id, role, connections }) => ({
    account: `${tenantId}/${id}`,
    kind,
    role: role ?? null,
    connections,
  }))
  return { name: found.name, accounts }
}

const pauseState: AuditRule['state'] = async ({ engine }, target) => {
  const pause = engine.pauseOf(target)
  return { is_paused: pause !== undefined, reason: pause?.reason ?? null }
}

const onAddress = { target: ['address'], connection: 'address' } as const
const onName = { target: ['name'], connection: 'name' } as const

/** The decision on every operation of the API that is no GET; a test holds that none is missing. */
export const auditRules: Readonly<Record<string, AuditRule | NotAudited>> = {
  'connections.test': { because: 'it changes nothing' },
  'connections.refresh': {
    ...onAddress,
    told: ({ new_expires_at }) => ({ expires_at: new_expires_at }),
  },
  'connections.revoke': { ...onAddress, state: grantState },
  'connections.pause': { ...onName, state: pauseState },
  'connections.resume': { ...onName, state: pauseState },
  'connections.save': { ...onName, state: definitionState },
  'connections.remove': { ...onName, state: definitionState },
  'connections.adopt': { ...onName, state: grantState },
  'customers.consent': { ...onAddress },
  'tokens.issue': { because: 'it changes nothing, and comes as often as a caller wants a token' },
  'consents.begin': { ...onAddress, told: ({ consent }) => idOf(consent) },
  'consents.complete': { ...onAddress, told: ({ consent }) => idOf(consent) },
  'consents.cancel': { target: ['consent'] },
  'links.create': { ...onAddress, told: ({ link }) => idOf(link) },
  'links.revoke': { target: ['link'] },
  'imports.run': { target: ['name'], told: ({ id }) => ({ id }) },
  'imports.resume': { target: ['id'] },
  'imports.cancel': { target: ['id'] },
  'imports.pause': { target: ['name'] },
  'imports.unpause': { target: ['name'] },
  'captures.start': { target: ['connection'], connection: 'connection' },
  'captures.end': { target: ['connection'], connection: 'connection' },
  'callers.add': { target: ['name'], state: callerState },
  'callers.revoke': { target: ['caller'], state: callerState },
  'facades.add': { target: ['name'], connection: 'connection', state: facadeState },
  'facades.approve': { target: ['client'], state: facadeState },
  'facades.rotateSecret': { target: ['client'] },
  'facades.revoke': { target: ['client'], state: facadeState },
  'issuers.refresh': { target: ['issuer'] },
  'bearer.explain': { because: 'it changes nothing' },
  'sessions.begin': { because: 'it changes nothing but who may go on as who they are anyway' },
  'sessions.revoke': { target: ['session'] },
  'accounts.disable': { target: ['tenant', 'id'], state: accountState },
  'accounts.enable': { target: ['tenant', 'id'], state: accountState },
  'people.link': { target: ['person'], state: personState },
  'people.unlink': { target: ['person', 'tenant', 'id'], state: personState },
  'people.import': { target: [], told: (answer) => answer },
  'console.revoke': { target: ['session'] },
  'config.reload': { target: [] },
  'keys.rotate': { target: [] },
}

/** The rule of an operation; undefined where it is not recorded. */
export function auditRuleOf(action: string): AuditRule | undefined {
  const rule = Object.hasOwn(auditRules, action) ? auditRules[action] : { target: [] }
  return rule === undefined || 'because' in rule ? undefined : rule
}

/** What an operation is done to, by the fields of its request. */
export function targetOf({ target }: AuditRule, input: Input): string {
  return target
    .map((field) => input[field])
    .filter((value) => typeof value === 'string')
    .join('/')
}

/** The connection an operation is about, without its tenant’s tokens: `name` or `name@tenant`. */
export function connectionOf({ connection }: AuditRule, input: Input): string | undefined {
  const value = connection === undefined ? undefined : input[connection]
  return typeof value === 'string' ? value : undefined
}

/**
 * How a target stands; undefined also where that cannot be told: it never keeps anything from being
 * done.
 */
export async function stateOf(
  rule: AuditRule,
  composition: Composition,
  target: string,
  input: Input,
): Promise<unknown> {
  try {
    return await rule.state?.(composition, target, input)
  } catch {
    return undefined
  }
}

function idOf(value: unknown): unknown {
  const { id, state } = (value ?? {}) as { readonly id?: unknown; readonly state?: unknown }
  return { id, ...(state === undefined ? {} : { state }) }
}
