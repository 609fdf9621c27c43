import { EvergrantError } from '../kernel/index.ts'
import type { Caller } from './caller.ts'

/**
 * Tells whether a caller may use a connection.
 *
 * @param connection Name without tenant: a permit of a template covers all its tenants.
 * @param upstream Where the call goes; absent for what no upstream is named for, such as a token of
 *   the connection itself, which a caller bound to one upstream may not have.
 * @param tenant Of a template: which one the call names. A caller bound to one has no other.
 */
export function permits(
  caller: Caller,
  connection: string,
  upstream?: string,
  tenant?: string,
): boolean {
  if (caller.connections !== '*' && !caller.connections.includes(connection)) return false
  if (caller.tenant !== undefined && caller.tenant !== tenant) return false
  return caller.upstream === undefined || caller.upstream === upstream
}

/** Returns `permit_missing` when the caller may not use a connection; see `permits`. */
export function requirePermit(
  caller: Caller,
  connection: string,
  upstream?: string,
  tenant?: string,
): EvergrantError | undefined {
  if (permits(caller, connection, upstream, tenant)) return undefined
  const isOtherUpstream =
    caller.upstream !== undefined &&
    caller.upstream !== upstream &&
    (caller.connections === '*' || permits(caller, connection, caller.upstream, tenant))
  return new EvergrantError(
    'permit_missing',
    isOtherUpstream
      ? `caller "${caller.name}" may only call the upstream "${caller.upstream}"`
      : `caller "${caller.name}" may not use connection ${shown(connection)}`,
  )
}

/**
 * Returns why a caller may not be handed a raw token of a connection: `permit_missing`,
 * `tokens_not_allowed`; undefined when it may.
 */
export function requireTokens(
  caller: Caller,
  connection: string,
  upstream?: string,
  tenant?: string,
): EvergrantError | undefined {
  const refusal = requirePermit(caller, connection, upstream, tenant)
  if (refusal !== undefined) return refusal
  if (caller.allowTokens) return undefined
  return new EvergrantError(
    'tokens_not_allowed',
    `caller "${caller.name}" may call APIs with ${shown(connection)}, but not see its tokens`,
  )
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}
