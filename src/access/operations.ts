import { EvergrantError } from '../kernel/index.ts'
import type { Caller, Role } from './caller.ts'

/**
 * What each operation of our own API needs at least: a role, or `none` where another permission of
 * the caller decides (`permits.ts`). The one table of who may do what.
 */
export const operations = {
  'connections.read': 'viewer',
  'imports.read': 'viewer',
  'traces.read': 'viewer',
  'events.read': 'viewer',
  'alarms.read': 'viewer',
  'remedies.read': 'viewer',
  'activity.read': 'viewer',
  'accounts.read': 'viewer',
  'people.read': 'viewer',
  'directory.read': 'viewer',
  'consents.read': 'viewer',
  'connections.refresh': 'operator',
  'connections.revoke': 'operator',
  'connections.pause': 'operator',
  'customers.read': 'operator',
  'customers.consent': 'operator',
  'consents.write': 'operator',
  'imports.write': 'operator',
  'accounts.write': 'operator',
  // Bodies are personal data more often than not: whoever may have them kept may see them.
  'traces.capture': 'operator',
  'callers.read': 'operator',
  'facades.read': 'operator',
  // Whoever may say where tokens are sent, or who may call, could take everything else.
  'connections.write': 'admin',
  'callers.write': 'admin',
  // An account gets its role and connections from the person it is linked to.
  'people.write': 'admin',
  'facades.write': 'admin',
  'config.reload': 'admin',
  // Whose tokens are refused and why is for whoever has to help them.
  'issuers.read': 'operator',
  'issuers.refresh': 'operator',
  'bearer.explain': 'operator',
  'sessions.read': 'operator',
  'console.read': 'operator',
  'console.revoke': 'admin',
  'audit.read': 'viewer',
  // Whose token holds may have a session; whose it is may end it, and an admin any.
  'sessions.begin': 'none',
  'sessions.revoke': 'none',
  // Whoever is an account may see it, and which groups it is in.
  'directory.self': 'none',
  // A caller that is allowed raw tokens needs no look at anything else.
  'tokens.issue': 'none',
} as const satisfies Readonly<Record<string, Role | 'none'>>

/** Something that our own API does. */
export type Operation = keyof typeof operations

/** Every role, the least first; each may do what those before it may. */
export const roles = ['viewer', 'operator', 'admin'] as const satisfies readonly Role[]

/** Tells whether a caller's role allows an operation. */
export function mayPerform(caller: Caller, operation: Operation): boolean {
  const least = operations[operation]
  if (least === 'none') return true
  return caller.role !== undefined && roles.indexOf(caller.role) >= roles.indexOf(least)
}

/** Returns `role_missing` when the caller's role does not allow an operation. */
export function requireRole(caller: Caller, operation: Operation): EvergrantError | undefined {
  if (mayPerform(caller, operation)) return undefined
  return new EvergrantError(
    'role_missing',
    `"${operation}" needs the role "${operations[operation]}", but caller "${caller.name}" has ` +
      (caller.role === undefined ? 'none' : `"${caller.role}"`),
  )
}
