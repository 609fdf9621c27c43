import { EvergrantError } from '../kernel/index.ts'
import type { Caller } from './caller.ts'

/**
 * Tells whether a caller may use a connection.
 *
 * @param connection Name without tenant: a permit of a template covers all its tenants; that of a
 *   bearer its own one alone, unless it says `name@*`.
 * @param upstream Undefined while it is not known: then only the rest counts.
 * @param tenant Of a template: which one the call names. A caller bound to one has no other.
 */
export function permits(
  caller: Caller,
  connection: string,
  upstream?: string,
  tenant?: string,
): boolean {
  return (
    permitsConnection(caller, connection, tenant) &&
    (caller.upstream === undefined || upstream === undefined || caller.upstream === upstream)
  )
}

/** Returns `permit_missing` when the caller may not use a connection; see `permits`. */
export function requirePermit(
  caller: Caller,
  connection: string,
  upstream?: string,
  tenant?: string,
): EvergrantError | undefined {
  if (permits(caller, connection, upstream, tenant)) return undefined
  const address = tenant === undefined ? connection : `${connection}@${tenant}`
  if (isForeign(caller, tenant) && permitsConnection(caller, connection, caller.ownTenant)) {
    return new EvergrantError(
      'permit_missing',
      `caller "${caller.name}" may use ${shown(connection)} for its own tenant alone, but ${shown(address)} names another`,
      {
        remedy: `Name the tenant by its id, ${connection}@${caller.ownTenant === '' ? 'ID' : caller.ownTenant}; or have an operator write ${connection}@* in the rule under \`access:\` if every tenant is meant.`,
      },
    )
  }
  return new EvergrantError(
    'permit_missing',
    permitsConnection(caller, connection, tenant)
      ? `caller "${caller.name}" may only call the upstream ${shown(caller.upstream ?? '')}`
      : `caller "${caller.name}" may not use connection ${shown(address)}`,
  )
}

/**
 * Returns why a caller may not be handed a raw token of a connection: `permit_missing`,
 * `tokens_not_allowed`; undefined when it may.
 *
 * @param upstream Whose token it is; undefined for the connection’s own, which a caller that is
 *   bound to one upstream may not have.
 */
export function requireTokens(
  caller: Caller,
  connection: string,
  upstream?: string,
  tenant?: string,
): EvergrantError | undefined {
  // The empty name is that of a connection’s only upstream, whose token is the connection’s own.
  const refusal = requirePermit(caller, connection, upstream ?? '', tenant)
  if (refusal !== undefined) return refusal
  if (caller.allowTokens) return undefined
  return new EvergrantError(
    'tokens_not_allowed',
    `caller "${caller.name}" may call APIs with ${shown(connection)}, but not see its tokens`,
  )
}

function permitsConnection(
  caller: Caller,
  connection: string,
  tenant: string | undefined,
): boolean {
  const { connections, tenant: bound } = caller
  if (spansTenants(caller, connection)) return true
  if (connections !== '*' && !connections.includes(connection)) return false
  if (isForeign(caller, tenant)) return false
  return bound === undefined || bound.toLowerCase() === (tenant ?? '').toLowerCase()
}

/** Whether a permit says of a template that every tenant of it is meant. */
function spansTenants({ connections, ownTenant }: Caller, connection: string): boolean {
  if (ownTenant === undefined || connections === '*') return false
  return connections.includes(`${connection}@*`) || connections.includes('*@*')
}

/** Whether a tenant of a template is not the caller’s own, where that counts. */
function isForeign({ ownTenant }: Caller, tenant: string | undefined): boolean {
  if (ownTenant === undefined || tenant === undefined) return false
  return tenant.toLowerCase() !== ownTenant.toLowerCase()
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}
